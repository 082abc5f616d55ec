import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeWorld } from '../agent/node-world';
import { readTopic, signEvent, TOPICS } from '../protocol/bus';
import { encodeReply, encodeRequest } from '../protocol/frames';
import { TestBroker } from '../testing/bus';
import { TestFleet } from '../testing/fleet';
import { assemble, STATEFUL } from '../testing/modules';
import { newborn } from '../testing/setup';

/** Damaged requests; more of them with TSWASM_FLEET_MUTATIONS. */
const MUTATIONS = Number(process.env['TSWASM_FLEET_MUTATIONS'] ?? 300);

const broker = new TestBroker();
const fleet = new TestFleet(nodeWorld, undefined, broker);
beforeAll(async () => {
  await fleet.startOrchestrator();
  await fleet.startAgent('ash');
  await fleet.deploy('s', await assemble(STATEFUL));
});
afterAll(() => fleet.close());

const json = (document: unknown) => new TextEncoder().encode(JSON.stringify(document));
const id = encodeURIComponent('s~main');
const nobody = encodeURIComponent('nobody~main');

/** A request for each route that is given something, at the agent and at the orchestrator: a good one, or one that would be for somebody who is there. */
const BODIES: readonly (readonly [method: 'POST' | 'PUT', path: string, body: Uint8Array])[] = [
  ['POST', `http://ash/liquid/v1/executions/${id}/calls`, json({ function: 'fibo', args: [] })],
  ['POST', `http://ash/liquid/v1/executions/${id}/migrate`, json({ url: 'http://x', ticket: 't', epoch: 2 })],
  // Who is a member may say that a later epoch is meant: of an execution that nobody has.
  ['POST', `http://ash/liquid/v1/executions/${nobody}/refuse`, json({ epoch: 1 })],
  ['POST', `http://ash/liquid/v1/checkpoints/${nobody}/fence`, json({ epoch: 1 })],
  ['PUT', `http://ash/liquid/v1/checkpoints/${nobody}`, new Uint8Array(200)],
  ['PUT', `http://orchestrator/liquid/v1/executions/${nobody}/snapshot`, new Uint8Array(200)],
  ['POST', 'http://ash/liquid/v1/arrivals', new Uint8Array(200)],
  ['PUT', `http://ash/liquid/v1/arrivals/${id}/1`, new Uint8Array(200)],
  ['POST', `http://ash/liquid/v1/arrivals/${id}/last`, json({})],
  ['POST', `http://ash/liquid/v1/executions/${nobody}/pause`, json({})],
  ['POST', `http://ash/liquid/v1/executions/${nobody}/resume`, json({})],
  ['POST', `http://orchestrator/liquid/v1/executions/${id}/settled`, json({ epoch: 1 })],
  ['POST', 'http://ash/liquid/v1/executions', new Uint8Array(200)],
  ['POST', 'http://ash/liquid/v1/nn', Uint8Array.from([0x4e, 0x4e, 0x51, 1, 0, ...new Uint8Array(32)])],
  ['POST', 'http://orchestrator/liquid/v1/bus/access', json({})],
  [
    'POST',
    'http://ash/liquid/v1/evidence',
    json({ nonce: 'n', execution: 's~main', epoch: 1, spec: '0'.repeat(64), pcrs: [0, 7] }),
  ],
  ['PUT', `http://ash/liquid/v1/blobs/sha256/${'0'.repeat(64)}`, json('x')],
  [
    'POST',
    'http://orchestrator/liquid/v1/deployments',
    json({ id: 'x', executions: [{ name: 'main', module: 's' }] }),
  ],
  ['POST', `http://orchestrator/liquid/v1/executions/${id}/move`, json({ device: 'nowhere' })],
  [
    'POST',
    'http://orchestrator/liquid/v1/cards',
    json({ asset: [{ uid: 'x', relation: [{ type: 'memberOf', value: 'y' }] }] }),
  ],
  ['POST', 'http://orchestrator/liquid/v1/renewal', json({ signing: {}, sealing: {}, proof: 'x.y.z' })],
  ['POST', 'http://orchestrator/liquid/v1/tokens', json({ role: 'agent' })],
  ['POST', 'http://orchestrator/liquid/v1/invitations', json({})],
  ['POST', 'http://orchestrator/liquid/v1/session', json({ word: 'x' })],
  ['POST', 'http://orchestrator/liquid/v1/devices/nobody/drain', json({})],
  ['POST', 'http://orchestrator/liquid/v1/devices/nobody/undrain', json({})],
  ['POST', `http://orchestrator/liquid/v1/executions/${id}/calls`, json({ function: 'fibo', args: [] })],
  ['PUT', `http://orchestrator/liquid/v1/blobs/sha256/${'0'.repeat(64)}`, json('x')],
  ['POST', `http://orchestrator/liquid/v1/checkpoints/${nobody}/fence`, json({ epoch: 1 })],
  ['PUT', `http://orchestrator/liquid/v1/checkpoints/${nobody}`, new Uint8Array(200)],
  ['POST', 'http://orchestrator/liquid/v1/enrol', json({ name: 'x', token: 'x', proof: 'y' })],
  ['POST', 'http://orchestrator/liquid/v1/devices/ash/heartbeat', json({ name: 'ash', executions: [] })],
  ['PUT', 'http://orchestrator/liquid/v1/modules/x/1.0.0', json('no module')],
  [
    'POST',
    'http://orchestrator/liquid/v1/relay/forward',
    encodeRequest({ method: 'GET', url: 'http://ash/liquid/v1/executions', headers: { 'liquid-x': 'y' } }),
  ],
  [
    'POST',
    'http://orchestrator/liquid/v1/relay/replies/1',
    encodeReply({ status: 200, headers: { etag: 'x' }, body: Uint8Array.of(1) }),
  ],
];

/** What is there for everybody: who has no key yet, with a word that counts once, and the files of the pages. */
const OPEN = new Set([
  '/liquid/v1/enrol',
  '/liquid/v1/session',
  '/',
  '/agent',
  '/page.js',
  '/agent.js',
  '/agent-worker.js',
]);
/** Routes that read no body: one waits for what is to come, the others send on or refuse. */
const WITHOUT_BODY = new Set(['/liquid/v1/relay/next', '/via/:device/*', '/v2/*']);

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

/** What the agent and the orchestrator serve, as their routers have it. */
function routes() {
  const found = new Map<string, { host: string; method: (typeof METHODS)[number]; path: string }>();
  for (const host of ['ash', 'orchestrator'])
    for (const { method: how, path } of fleet.apps.get(host)!.routes) {
      // A gate.
      if (how === 'ALL' && /^\/(liquid\/v1\/\*|metrics)$/.test(path)) continue;
      const methods = how === 'ALL' ? METHODS : METHODS.filter((one) => one === how);
      expect(methods).not.toEqual([]);
      for (const method of methods) found.set(`${host} ${method} ${path}`, { host, method, path });
    }
  return [...found.values()];
}

/** A path with something in the place of each name, and of what is left open. */
const filled = (path: string): string =>
  path
    .replace(':id', id)
    .replace(':device', 'ash')
    .replace(':hex', '0'.repeat(64))
    .replaceAll(/:\w+/g, '1')
    .replace('*', 'liquid/v1/executions');

function mutated(bytes: Uint8Array, seed: number): Uint8Array {
  const copy = bytes.slice();
  let state = seed;
  for (let k = 0; k < 1 + (seed % 4); k++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    copy[(state >>> 8) % copy.length] = state >>> 3;
  }
  return seed % 5 === 0 ? copy.subarray(0, (state >>> 8) % copy.length) : copy;
}

describe('requests from outside', () => {
  it('do nothing without a signature, on any route', async () => {
    const before = JSON.stringify(fleet.orchestrator.list());
    const { transport } = fleet.network;
    const served = new Set<string>();
    for (const { host, method, path } of routes()) {
      served.add(path);
      if (OPEN.has(path)) continue;
      const url = `http://${host}${filled(path)}`;
      const body = method === 'GET' ? undefined : json({});
      const { status } = await transport({ method, url, body });
      expect({ method, url, status }).toEqual({ method, url, status: 401 });
    }
    expect([...OPEN].filter((path) => !served.has(path))).toEqual([]);
    for (const [method, url, body] of BODIES)
      expect([400, 401]).toContain((await transport({ method, url, body })).status);
    expect(JSON.stringify(fleet.orchestrator.list())).toBe(before);
  });

  it('are tried on every route that is given something', () => {
    const tried = (host: string, method: string, path: string): boolean => {
      const fits = new RegExp(`^http://${host}${path.replaceAll(/:\w+/g, '[^/]+')}$`);
      return BODIES.some(([how, url]) => how === method && fits.test(url));
    };
    const missing = routes()
      .filter(({ path }) => !WITHOUT_BODY.has(path))
      .filter(({ host, method, path }) => /POST|PUT/.test(method) && !tried(host, method, path));
    expect(missing).toEqual([]);
  });

  it('are answered with an error that says why, whatever is in them', {
    timeout: 300_000 + 50 * MUTATIONS,
  }, async () => {
    const { orchestrator, operator, agents } = fleet;
    const senders = [operator, agents.get('ash')!.agent.options.client, orchestrator.options.client];
    for (let k = 0; k < MUTATIONS; k++) {
      const [method, url, body] = BODIES[k % BODIES.length];
      const sender = senders[Math.floor(k / BODIES.length) % senders.length];
      const reply = await sender.raw({ method, url, body: mutated(body, k + 1) });
      const told = new TextDecoder().decode(reply.body);
      expect({ url, told, k, ok: reply.status !== 500 }).toMatchObject({ ok: true });
      if (reply.status >= 400) expect(JSON.parse(told)).toMatchObject({ error: expect.any(String) });
    }
    const answer = await fleet.orchestrator.call('s~main', { key: 'z', function: 'fibo', args: [] });
    expect(answer.failure).toBeUndefined();
  });

  it('on the bus are thrown away, whatever is in them', { timeout: 300_000 + 50 * MUTATIONS }, async () => {
    const { agent } = fleet.agents.get('ash')!;
    const line = { time: 1, text: 'a line', once: 'x' };
    broker.publish(TOPICS.events('ash'), await signEvent(agent.options.identity, line));
    while (fleet.lines.length === 0) await nodeWorld.turn();
    const good = [...new Map(broker.told.map((one) => [one.topic, one])).values()];
    expect(good.map(({ topic }) => readTopic(topic)?.kind).sort()).toEqual(
      expect.arrayContaining(['actual', 'desired', 'events', 'presence']),
    );
    const [coder, reader] = [new TextEncoder(), new TextDecoder('latin1')];
    const changed = (text: string, k: number) => reader.decode(mutated(coder.encode(text), k));
    for (let k = 0; k < MUTATIONS; k++) {
      const { topic, text } = good[k % good.length];
      broker.publish(k % 3 === 0 ? changed(topic, k + 1) : topic, changed(text, k + 2), k % 2 === 0);
      if (k % 100 === 0) await nodeWorld.turn();
    }
    const answer = await fleet.orchestrator.call('s~main', { key: 'y', function: 'fibo', args: [] });
    expect(answer.failure).toBeUndefined();
    expect(fleet.orchestrator.record('s~main')).toMatchObject({ device: 'ash', epoch: 1 });
    expect(fleet.lines).toEqual(['ash: a line']);
  });

  it('place nothing on a device without its ticket', async () => {
    const { spec } = fleet.orchestrator.record('s~main');
    const post = (headers: Record<string, string>, body = newborn(spec, 9, 's')) =>
      fleet.operator.raw({ method: 'POST', url: 'http://ash/liquid/v1/executions', headers, body });
    expect((await post({})).status).toBe(403);
    expect((await post({ 'liquid-ticket': 'a.b.c' })).status).toBe(401);
    expect(fleet.agents.get('ash')!.agent.execution('s~main').epoch).toBe(1);
  });

  it('are not taken under names that lead elsewhere', async () => {
    for (const bad of [
      '..',
      '.',
      '../x',
      'a/b',
      'a\\b',
      '%2e%2e',
      'x\u0000',
      '',
      'a'.repeat(101),
      '-x',
      '~',
      'a~b~c',
    ]) {
      const deployment = { id: bad, executions: [{ name: 'main', module: 's' }] };
      const url = 'http://orchestrator/liquid/v1/deployments';
      expect((await fleet.operator.raw({ method: 'POST', url, body: json(deployment) })).status).toBe(400);
      const push = `http://orchestrator/liquid/v1/modules/${encodeURIComponent(bad)}/1.0.0`;
      expect([400, 401, 404]).toContain(
        (await fleet.operator.raw({ method: 'PUT', url: push, body: json(1) })).status,
      );
    }
  });

  it('of a member that has been revoked count no more', async () => {
    await fleet.startAgent('birch');
    const { agent } = fleet.agents.get('birch')!;
    const ask = () =>
      agent.options.client.raw({ method: 'GET', url: 'http://orchestrator/liquid/v1/checkpoints' });
    expect((await ask()).status).toBe(200);
    await fleet.registrar.revoke('birch');
    expect((await ask()).status).toBe(401);
  });
});
