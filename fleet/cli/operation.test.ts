/** How a fleet is run: units for systemd, TLS, numbers for Prometheus. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../protocol/client';
import { metricsText } from '../protocol/metrics';
import { identityIn } from '../security/keys';
import { signing } from '../security/requests';
import { DiskFiles } from '../store/disk';
import { assemble, STATEFUL } from '../testing/modules';
import { Processes } from '../testing/processes';
import { startAgent } from './agent';
import { EventLog } from './events';
import { type Member, OBSERVER_FILE } from './members';
import { OPTIONS } from './option-kinds';
import { parseOptions } from './options';
import { startOrchestrator } from './orchestrator';
import { tlsIn } from './server';
import { OPERATOR_FILE } from './term';
import { nodeTransport } from './wire';

let folder: string;
let open: Member[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tswasm-operation-'));
  open = [];
});
afterEach(async () => {
  for (const member of open.reverse()) await member.close();
  rmSync(folder, { recursive: true, force: true });
});

const address = { hostname: '127.0.0.1', port: 0 };
const none = { kind: 'none' } as const;
async function started() {
  const base = { address, events: new EventLog(), bus: none };
  const up = await startOrchestrator({ ...base, name: 'orchestrator', folder: `${folder}/o` });
  open.push(up);
  const joining = { orchestrators: [up.url], token: await up.registrar.token('agent') };
  const agent = await startAgent({ ...base, name: 'ash', folder: `${folder}/ash` }, joining);
  open.push(agent);
  return { up, agent };
}

describe('units for systemd', () => {
  const units = path.resolve('fleet/systemd');
  it.each(readdirSync(units))('%s gives the command line options that there are', (file) => {
    const text = readFileSync(path.join(units, file), 'utf8');
    const [, command] = /^ExecStart=\S+ (.*)$/m.exec(text)!;
    const [what, ...args] = command.split(' ');
    expect(['up', 'agent']).toContain(what);
    const { operands, options } = parseOptions(args, OPTIONS);
    expect(operands).toEqual([]);
    // What it writes is where the unit lets it write.
    const [, state] = /^StateDirectory=(.*)$/m.exec(text)!;
    expect(options.data).toBe(`/var/lib/${state}`);
    expect(options.log).toBe('json');
  });
});

describe('agent --new-keys', () => {
  it('goes on under new keys with what it has, and the old ones do not count any more', async () => {
    const { up, agent } = await started();
    const old = await identityIn(new DiskFiles(`${folder}/ash`));
    const client = new Client(signing(nodeTransport, old));
    const holders = () => client.json('GET', `${up.url}/liquid/v1/checkpoints`);
    expect(await holders()).toEqual([]);
    const operator = new Client(
      signing(nodeTransport, await identityIn(new DiskFiles(`${folder}/o`), OPERATOR_FILE)),
    );
    const base = `${up.url}/liquid/v1`;
    const body = await assemble(STATEFUL);
    await operator.send({ method: 'PUT', url: `${base}/modules/s/1.0.0`, body });
    await operator.json('POST', `${base}/deployments`, {
      id: 's',
      executions: [{ name: 'main', module: 's' }],
    });
    const fibo = async () => {
      const url = `${base}/executions/s~main/calls`;
      return ((await operator.json('POST', url, { function: 'fibo', args: [] })) as { results: number[] })
        .results;
    };
    const first = await fibo();
    open.splice(open.indexOf(agent), 1);
    await agent.close();
    const options = { address, events: new EventLog(), bus: none, name: 'ash', folder: `${folder}/ash` };
    open.push(await startAgent({ ...options, newKeys: true }, { orchestrators: [up.url] }));
    expect(up.registrar.member('ash').fingerprint).not.toBe(old.fingerprint);
    await expect(holders()).rejects.toThrow('the certificate of ash has been revoked');
    expect(await fibo()).not.toEqual(first);
    expect(options.events.list().some(({ text }) => text.startsWith('has new keys: '))).toBe(true);
  });

  it('goes on with its old keys when the orchestrator is away, and asks again at the next start', async () => {
    const { up, agent } = await started();
    open.splice(open.indexOf(agent), 1);
    await agent.close();
    const events = new EventLog();
    const options = { address, events, bus: none, name: 'ash', folder: `${folder}/ash` };
    const away = { orchestrators: ['http://127.0.0.1:1'] };
    const lonely = await startAgent({ ...options, newKeys: true }, away);
    expect(events.list().some(({ text }) => text.startsWith('goes on with its old keys: '))).toBe(true);
    const { fingerprint } = up.registrar.member('ash');
    await lonely.close();
    open.push(await startAgent(options, { orchestrators: [up.url] }));
    expect(up.registrar.member('ash').fingerprint).not.toBe(fingerprint);
  });

  it('is refused to a device that has not been enrolled', async () => {
    const options = { address, events: new EventLog(), bus: none, name: 'elm', folder: `${folder}/elm` };
    await expect(startAgent({ ...options, newKeys: true })).rejects.toThrow(
      'a device that has been enrolled',
    );
  });
});

describe('/metrics', () => {
  const scrape = async (url: string, authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const {
      status,
      body,
      headers: told,
    } = await nodeTransport({ method: 'GET', url: `${url}/metrics`, headers });
    return { status, text: new TextDecoder().decode(body), type: told['content-type'] };
  };
  const tokenOf = (name: string) =>
    `Bearer ${readFileSync(`${folder}/${name}/${OBSERVER_FILE}`, 'utf8').trim()}`;

  it('tells an observer numbers, and lets it do nothing else', async () => {
    const { up, agent } = await started();
    await up.orchestrator.modules.push('s', '1.0.0', await assemble(STATEFUL));
    await up.orchestrator.deploy({ id: 's', executions: [{ name: 'main', module: 's' }] });
    await up.orchestrator.call('s~main', { key: 'k', function: 'fibo', args: [] });
    const head = await scrape(up.url, tokenOf('o'));
    expect(head).toMatchObject({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' });
    expect(head.text).toContain('tswasm_fleet_devices{state="alive"} 1\n');
    expect(head.text).toContain('tswasm_fleet_executions{state="running"} 1\n');
    expect(head.text).toMatch(
      /^# TYPE tswasm_fleet_placements_total counter\ntswasm_fleet_placements_total 1$/m,
    );
    expect(head.text).toMatch(/^tswasm_fleet_calls_total 1$/m);
    const device = await scrape(agent.url, tokenOf('ash'));
    expect(device.text).toContain('tswasm_fleet_executions{state="running"} 1\n');
    expect(device.text).toMatch(/^tswasm_fleet_memory_bytes 65536$/m);

    for (const [url, token] of [
      [up.url, undefined],
      [up.url, 'Bearer guess'],
      [agent.url, tokenOf('o')],
    ] as const)
      expect((await scrape(url, token)).status).toBe(401);
    for (const route of ['executions', 'devices', 'modules'])
      expect(
        await nodeTransport({
          method: 'GET',
          url: `${up.url}/liquid/v1/${route}`,
          headers: { authorization: tokenOf('o') },
        }),
      ).toMatchObject({ status: 403 });
  });

  it('is text as Prometheus reads it', () => {
    const samples = [{ labels: { a: 'x"y\\z\n', b: '' }, value: 1.5 }, { value: 0 }];
    expect(metricsText([{ name: 'n', help: 'Two\nlines.', samples }])).toBe(
      '# HELP tswasm_fleet_n Two\\nlines.\n# TYPE tswasm_fleet_n gauge\n' +
        'tswasm_fleet_n{a="x\\"y\\\\z\\n",b=""} 1.5\ntswasm_fleet_n 0\n',
    );
  });
});

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
if (!hasOpenssl) console.warn('SKIPPED: there is no openssl to make a certificate, so TLS is not tested');

describe.skipIf(!hasOpenssl)('TLS', () => {
  const processes = new Processes();
  beforeAll(() => processes.build());
  afterAll(() => processes.close());

  it('is spoken by orchestrator, agent, command line and bus', async () => {
    const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
    processes.environment = { NODE_EXTRA_CA_CERTS: cert };
    const tls = ['--tls-cert', cert, '--tls-key', key];
    const up = await processes.up('secure', undefined, tls);
    expect(new URL(up.url).protocol).toBe('https:');
    const fleet = async (...args: string[]) => {
      const { code, stdout, stderr } = await processes.ask(up, args, 'secure');
      return code === 0 ? stdout.trim() : stderr;
    };
    const data = path.join(processes.folder, 'ash');
    const joining = ['--orchestrator', up.url, '--token', await fleet('token'), '--data', data];
    const ash = await processes.start(['agent', '--name', 'ash', ...joining, ...tls]);
    expect(new URL(ash.url).protocol).toBe('https:');
    expect(await fleet('devices')).toMatch(/ash +alive .* https:/);
    expect(await fleet('bus')).toMatch(/mqtts:\/\/127\.0\.0\.1:\d+ +connected/);
    // Who does not know the authority gets no further.
    processes.environment = {};
    expect(await fleet('ps')).toMatch(/does not answer: .*certificate/);
    await expect(tlsIn(cert, undefined)).rejects.toThrow('go together');
  });
});
