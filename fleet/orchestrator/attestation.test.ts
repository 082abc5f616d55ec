/** Executions that are only for attested devices: they go nowhere else, and a refusal changes nothing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../agent/world';
import type { Measured } from '../security/attestation';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, STATEFUL } from '../testing/modules';
import { SoftwareTpm } from '../testing/tpm';

const KNOWN = 'a'.repeat(64);
const measured: Measured = { runtime: KNOWN, engine: 'test', features: [] };
const ID = 's~main';

let clock: TestClock;
let fleet: TestFleet;
let keys = 0;
beforeEach(async () => {
  clock = new TestClock();
  fleet = new TestFleet(clock);
  fleet.runtimes.add(KNOWN);
  fleet.measured.set('ash', measured);
  fleet.measured.set('birch', measured);
  fleet.measured.set('cedar', { ...measured, runtime: 'b'.repeat(64) });
  await fleet.startOrchestrator();
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});
const call = async () =>
  (await fleet.orchestrator.call(ID, { key: `k${keys++}`, function: 'fibo', args: [] })).results;
const deploy = async (more: Record<string, unknown> = {}) =>
  fleet.deploy('s', await assemble(STATEFUL), { attest: 'required', ...more });

/** Requests by which something of an execution could come to a device. */
function carried(): string[] {
  const seen: string[] = [];
  fleet.network.observe = (_, { method, url }) => {
    if (method === 'POST' && (url.endsWith('/liquid/v1/executions') || url.includes('/arrivals')))
      seen.push(url);
  };
  return seen;
}

describe('an execution that is only for attested devices', () => {
  it('moves between them, with evidence before each ticket', async () => {
    for (const name of ['ash', 'birch']) await fleet.startAgent(name);
    let asked = 0;
    fleet.network.observe = (_, { url }, { status }) => {
      if (url.endsWith('/evidence') && status === 200) asked++;
    };
    await deploy({ device: 'ash' });
    expect(await call()).toEqual([1]);
    expect(asked).toBe(2);
    await fleet.orchestrator.move(ID, 'birch');
    expect(asked).toBe(4);
    expect(await call()).toEqual([2]);
  });

  it('goes neither to another runtime nor to a device without evidence, and is as it was', async () => {
    for (const name of ['ash', 'cedar', 'plain']) await fleet.startAgent(name);
    await deploy();
    expect(fleet.orchestrator.record(ID).device).toBe('ash');
    expect(await call()).toEqual([1]);
    const before = fleet.orchestrator.record(ID);
    const seen = carried();
    await expect(fleet.orchestrator.move(ID, 'cedar')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching('which is no known runtime'),
    });
    await expect(fleet.orchestrator.move(ID, 'plain')).rejects.toThrow('plain gives no evidence');
    expect(fleet.orchestrator.record(ID)).toEqual(before);
    expect(seen).toEqual([]);
    expect(await call()).toEqual([2]);
  });

  it('waits when its device has died, until there is one with evidence', async () => {
    for (const name of ['ash', 'cedar']) await fleet.startAgent(name);
    await deploy();
    expect(await call()).toEqual([1]);
    const seen = carried();
    fleet.kill('ash');
    const answer = call();
    await sleep(clock, 4_000);
    expect(seen).toEqual([]);
    await fleet.startAgent('birch');
    expect(await answer).toEqual([2]);
    expect(seen.every((url) => url.startsWith('http://birch/'))).toBe(true);
  });

  it('does not go where old evidence is said again', async () => {
    for (const name of ['ash', 'birch']) await fleet.startAgent(name);
    await deploy({ device: 'ash' });
    let kept: Uint8Array | undefined;
    const { network } = fleet;
    network.observe = (_, { url }, { status, body }) => {
      if (url.endsWith('birch/liquid/v1/evidence') && status === 200) kept = body;
    };
    await fleet.orchestrator.move(ID, 'birch');
    await fleet.orchestrator.move(ID, 'ash');
    const before = fleet.orchestrator.record(ID);
    network.intercept = async (_, { url }) =>
      url.endsWith('birch/liquid/v1/evidence') ? { status: 200, headers: {}, body: kept! } : undefined;
    await expect(fleet.orchestrator.move(ID, 'birch')).rejects.toThrow('the evidence is for nonce');
    expect(fleet.orchestrator.record(ID)).toEqual(before);
  });

  it('others go to any device, which is asked for nothing', async () => {
    await fleet.startAgent('plain');
    await fleet.deploy('s', await assemble(STATEFUL));
    expect(await call()).toEqual([1]);
  });
});

describe('an execution that asks for a quote of a TPM', () => {
  const PCRS = [0, 7];
  const tpmOf = (name: string): SoftwareTpm => {
    const tpm = new SoftwareTpm();
    fleet.tpms.set(name, tpm.quote);
    fleet.pins.set(name, tpm.pin(PCRS));
    return tpm;
  };
  const deployQuoted = () => deploy({ device: 'ash', attest: 'tpm' });
  /** Its move there is refused, and nothing has changed by that. */
  const staysFrom = async (device: string, why: string): Promise<void> => {
    const before = fleet.orchestrator.record(ID);
    const seen = carried();
    await expect(fleet.orchestrator.move(ID, device)).rejects.toMatchObject({
      message: expect.stringContaining(why),
    });
    expect(fleet.orchestrator.record(ID)).toEqual(before);
    expect(seen).toEqual([]);
    // It is asked again by then.
    await sleep(clock, 11_000);
  };

  it('moves between devices whose TPMs quote', async () => {
    for (const name of ['ash', 'birch']) {
      tpmOf(name);
      await fleet.startAgent(name);
    }
    await deployQuoted();
    expect(await call()).toEqual([1]);
    await fleet.orchestrator.move(ID, 'birch');
    expect(await call()).toEqual([2]);
  });

  it('goes neither where there is no TPM, nor another one, nor another state of it', async () => {
    tpmOf('ash');
    await fleet.startAgent('ash');
    await deployQuoted();
    await fleet.startAgent('birch');
    await staysFrom('birch', 'no key of a TPM of birch is pinned (up --tpm-keys)');
    fleet.pins.set('birch', new SoftwareTpm().pin(PCRS));
    await staysFrom('birch', 'birch has no TPM to quote (agent --tpm)');
    fleet.measured.set('cedar', measured);
    const tpm = tpmOf('cedar');
    fleet.pins.set('cedar', new SoftwareTpm().pin(PCRS));
    await fleet.startAgent('cedar');
    await staysFrom('cedar', 'the quote is not signed by the key of its TPM that is pinned');
    fleet.pins.set('cedar', tpm.pin(PCRS));
    tpm.extend(7, 'another boot loader');
    await staysFrom('cedar', 'the registers 0,7 have the digest');
    fleet.pins.set('cedar', tpm.pin(PCRS));
    await fleet.orchestrator.move(ID, 'cedar');
    expect(await call()).toEqual([1]);
  });

  it('does not go where a quote of before stands beside new evidence', async () => {
    for (const name of ['ash', 'birch']) {
      tpmOf(name);
      await fleet.startAgent(name);
    }
    await deployQuoted();
    const quote = fleet.tpms.get('birch')!;
    const old = await quote(PCRS, new Uint8Array(32));
    fleet.tpms.set('birch', async () => old);
    await fleet.kill('birch');
    await fleet.startAgent('birch');
    await staysFrom('birch', 'the quote is for other evidence');
  });

  it('is refused by a device, which may still have one that asks for evidence alone', async () => {
    await fleet.startAgent('birch');
    await fleet.deploy('quoted', await assemble(STATEFUL), { attest: 'tpm' });
    await deploy();
    expect(fleet.orchestrator.record(ID).device).toBe('birch');
    expect(fleet.orchestrator.record('quoted~main').device).toBeUndefined();
  });
});

describe('a zone that asks for evidence', () => {
  const zoneOf = (name: string, zone: string) => ({
    asset: [{ uid: name, relation: [{ type: 'memberOf', value: zone }] }],
  });
  /** `low` is allowed in both zones; the vault asks for more. */
  const policy = (attestation: string) => ({
    permission: [
      { target: 'low', constraint: [{ leftOperand: 'zone', rightOperand: ['street'] }] },
      {
        target: 'low',
        constraint: [
          { leftOperand: 'zone', rightOperand: ['vault'] },
          { leftOperand: 'attestation', rightOperand: attestation },
        ],
      },
    ],
  });
  const inZones = async (attestation: string, zones: Readonly<Record<string, string>>): Promise<void> => {
    await fleet.orchestrator.addCards(policy(attestation));
    for (const [name, zone] of Object.entries(zones)) await fleet.orchestrator.addCards(zoneOf(name, zone));
  };
  const deployLow = async () => fleet.deploy('s', await assemble(STATEFUL), { risk: 'low' });

  it('gets what asks for none itself only with evidence, and says and signs why not', async () => {
    await inZones('required', { plain: 'vault', cedar: 'vault', ash: 'vault', street: 'street' });
    for (const name of ['plain', 'cedar', 'street']) await fleet.startAgent(name);
    await deployLow();
    expect(await call()).toEqual([1]);
    expect(fleet.orchestrator.record(ID).device).toBe('street');
    const before = fleet.orchestrator.record(ID);
    const seen = carried();
    await expect(fleet.orchestrator.move(ID, 'plain')).rejects.toThrow(
      /plain.*no good evidence, which zone vault asks for: plain gives no evidence/,
    );
    await expect(fleet.orchestrator.move(ID, 'cedar')).rejects.toThrow('which is no known runtime');
    expect(seen).toEqual([]);
    expect(fleet.orchestrator.record(ID)).toEqual(before);
    const certificates = await fleet.orchestrator.zones.certificates(ID);
    expect(certificates.map(({ decision: { device, allowed } }) => [device, allowed])).toContainEqual([
      'plain',
      false,
    ]);
    await fleet.startAgent('ash');
    await fleet.orchestrator.move(ID, 'ash');
    expect(await call()).toEqual([2]);
  });

  it('with a TPM asks one for a quote, also when the execution asks for evidence alone', async () => {
    await inZones('tpm', { ash: 'vault', birch: 'vault' });
    const tpm = new SoftwareTpm();
    fleet.tpms.set('ash', tpm.quote);
    fleet.pins.set('ash', tpm.pin([0, 7]));
    for (const name of ['ash', 'birch']) await fleet.startAgent(name);
    await deploy({ risk: 'low', device: 'ash' });
    expect(await call()).toEqual([1]);
    await expect(fleet.orchestrator.move(ID, 'birch')).rejects.toThrow(
      'which zone vault asks for: no key of a TPM of birch is pinned',
    );
    expect(await call()).toEqual([2]);
  });

  it('asks for what there is', async () => {
    await expect(inZones('perhaps', {})).rejects.toThrow('attestation of low: expected one of required, tpm');
    await inZones('tpm', {});
    expect(fleet.orchestrator.zones.list()).toContainEqual({
      kind: 'zone',
      name: 'vault',
      allowed: ['low'],
      attest: 'tpm',
    });
  });
});
