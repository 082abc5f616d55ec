/** A fleet on hosts of its own, as far as one machine can have them: real mDNS, and kills of every kind of device. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hosts, hostsMissing, KINDS } from '../testing/hosts';

const HEAVY = process.env['TSWASM_HEAVY'] === '1';
const missing = HEAVY ? hostsMissing() : 'TSWASM_HEAVY=1, or npm run check:full, runs it';
if (missing !== undefined) console.warn(`SKIPPED: no fleet on hosts of its own: ${missing}`);
const isThere = (program: string): boolean => spawnSync('which', [program]).status === 0;
const hasAvahi = ['avahi-browse', 'avahi-daemon', 'dbus-daemon'].every(isThere);
if (missing === undefined && !hasAvahi) console.warn('SKIPPED: no avahi looks at what is told by mDNS');

/** Turns of the long computation: it outlasts the kills. */
const TURNS = 60_000_000;

describe.skipIf(missing !== undefined)('a fleet in network namespaces', () => {
  let hosts: Hosts;
  beforeAll(async () => {
    hosts = new Hosts();
    await hosts.open();
  });
  afterAll(() => hosts?.close());

  it.skipIf(!hasAvahi)('is seen by avahi from another host, each device at its address', async () => {
    const seen = new Map(hosts.browse().map((one) => [one.name, one]));
    for (const name of ['node', 'jitless', 'quickjs', 'other']) {
      expect(seen.get(name)?.address).toBe(hosts.namespaces.address(name));
      expect(seen.get(name)?.texts).toContain('tsw=1');
      expect(seen.get(name)?.texts.some((text) => text.startsWith('key='))).toBe(true);
    }
  });

  it('goes on when the owner is killed, whatever kind of device it is', async () => {
    const long = hosts.text('exec', 'long~main', 'count', String(TURNS));
    await hosts.next();
    for (const kind of KINDS) await hosts.kill(kind);
    expect(await long).toBe(String(TURNS));
  });
});
