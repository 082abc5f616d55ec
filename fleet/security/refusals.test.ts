/** What the fleet refuses, in a whole one: each time with an error that says why, and with nothing changed by it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCheckpoint } from '../protocol/checkpoint';
import type { Request } from '../protocol/client';
import { TestFleet } from '../testing/fleet';
import { assemble, COUNTER, STATEFUL } from '../testing/modules';
import { newKeyPair, Signers, signModule } from './module-signatures';
import { issueTicket, specDigest, type Ticket } from './tickets';
import { placement } from './transfer';

let fleet: TestFleet;
let pair: Uint8Array;
const json = (document: unknown) => new TextEncoder().encode(JSON.stringify(document));

beforeAll(async () => {
  const keys = await newKeyPair();
  pair = keys.pair;
  fleet = new TestFleet(undefined, await Signers.of(new Map([['alice', keys.publicKey]])));
  await fleet.startOrchestrator();
  await fleet.startAgent('ash');
  await fleet.startAgent('birch');
  await fleet.deploy('s', await signModule(await assemble(STATEFUL), pair), { device: 'ash' });
});
afterAll(() => fleet.close());

/** All that could have been changed, but for counters of fuel and checkpoints. */
async function state() {
  const { orchestrator, agents } = fleet;
  const devices = await Promise.all(
    [...agents].map(async ([name, { agent }]) => ({
      name,
      executions: [...agent.executions.values()].map(({ id, epoch, spec }) => ({ id, epoch, spec })),
      blobs: (await agent.blobs.list()).sort(),
    })),
  );
  return {
    devices,
    executions: orchestrator.list(),
    modules: orchestrator.modules.list(),
    blobs: (await orchestrator.blobs.list()).sort(),
    files: [...(await fleet.folder('ash').list('')), ...(await fleet.folder('orchestrator').list(''))].sort(),
  };
}

async function refused(
  status: number | readonly number[],
  why: RegExp,
  send: () => Promise<{ status: number; body: Uint8Array }>,
) {
  const before = await state();
  const reply = await send();
  const told = new TextDecoder().decode(reply.body);
  expect([status].flat()).toContain(reply.status);
  expect(told).toMatch(why);
  expect(JSON.parse(told)).toEqual({ error: expect.any(String), message: expect.any(String) });
  expect(await state()).toEqual(before);
}

const asOperator = (request: Omit<Request, 'url'> & { path: string }) =>
  fleet.operator.raw({ ...request, url: `http://orchestrator/liquid/v1/${request.path}` });

/** A placement as the orchestrator makes one, but for what differs. */
async function placing(
  change: Partial<Ticket> & {
    readonly sealedFor?: string;
    readonly post?: string;
    readonly bytes?: Uint8Array;
  },
): Promise<Request> {
  const { orchestrator, registrar, agents } = fleet;
  const { identity } = orchestrator.options;
  const { spec } = orchestrator.record('s~main');
  const { sealedFor = 'birch', post = 'birch', bytes, ...ticket } = change;
  const head = { execution: 's~main', deployment: 's', spec, epoch: 50, sequence: 0, begun: 0, answered: [] };
  const told = {
    execution: 's~main',
    epoch: 50,
    target: 'birch',
    nonce: agents.get('birch')!.agent.office().nonce(),
    spec: await specDigest(spec),
    source: 'orchestrator',
    ...ticket,
  };
  const to = {
    url: `http://${post}`,
    ticket: await issueTicket(identity, told),
    epoch: told.epoch,
    sealing: registrar.member(sealedFor).sealing,
  };
  return placement(identity, bytes ?? encodeCheckpoint({ head, snapshot: new Uint8Array(0) }), to);
}
const place = async (change: Parameters<typeof placing>[0]) =>
  fleet.orchestrator.options.client.raw(await placing(change));

describe('refused', () => {
  it('is a module that has been tampered with', async () => {
    const good = await signModule(await assemble(COUNTER), pair);
    const changed = good.slice();
    changed[changed.length - 3] ^= 1;
    const grown = Uint8Array.from([...good, 0, 2, 1, 0x78]);
    for (const body of [changed, grown])
      await refused(403, /signed by none of alice/, () =>
        asOperator({ method: 'PUT', path: 'modules/counter/1.0.0', body }),
      );
  });

  it('is a module of an unknown signer, by the orchestrator and by the device', async () => {
    const body = await signModule(await assemble(COUNTER), (await newKeyPair()).pair);
    await refused(403, /signed by none of alice/, () =>
      asOperator({ method: 'PUT', path: 'modules/counter/1.0.0', body }),
    );
    await refused(403, /signed by none of alice/, async () =>
      asOperator({ method: 'PUT', path: 'modules/counter/1.0.0', body: await assemble(COUNTER) }),
    );
    // It comes past the orchestrator: as a blob, and in a deployment that has its digest.
    const { agent } = fleet.agents.get('birch')!;
    const digest = await agent.blobs.put(body);
    const spec = { ...fleet.orchestrator.record('s~main').spec, modules: [{ name: 'c', digest }] };
    const head = {
      execution: 'c~main',
      deployment: 'c',
      spec,
      epoch: 1,
      sequence: 0,
      begun: 0,
      answered: [],
    };
    const bytes = encodeCheckpoint({ head, snapshot: new Uint8Array(0) });
    const change = { execution: 'c~main', epoch: 1, spec: await specDigest(spec), bytes };
    await refused(403, /module c is signed by none of alice/, () => place(change));
    await fleet.orchestrator.blobs.put(body);
    const deployment = json({ id: 'c', executions: [{ name: 'main', modules: [{ name: 'c', digest }] }] });
    await refused(403, /module c is signed by none of alice/, () =>
      asOperator({ method: 'POST', path: 'deployments', body: deployment }),
    );
  });

  it('is a snapshot for another device', async () => {
    await refused(403, /sealed|another/, () => place({ sealedFor: 'ash' }));
    await refused(403, /ticket is for ash/, () => place({ target: 'ash' }));
    await refused(403, /ticket is for birch/, () => place({ post: 'ash' }));
  });

  it('is an old epoch', async () => {
    const { agent } = fleet.agents.get('ash')!;
    const { spec, epoch } = fleet.orchestrator.record('s~main');
    const head = { execution: 's~main', deployment: 's', spec, epoch, sequence: 0, begun: 0, answered: [] };
    const bytes = encodeCheckpoint({ head, snapshot: new Uint8Array(0) });
    const nonce = agent.office().nonce();
    await refused(409, /is here already, of epoch/, () =>
      place({ epoch, target: 'ash', nonce, sealedFor: 'ash', post: 'ash', bytes }),
    );
  });

  it('is a ticket that is replayed, has expired, or is of somebody else', async () => {
    const request = await placing({ nonce: 'never given' });
    await refused(403, /has been used, or its nonce is not one of mine/, () =>
      fleet.orchestrator.options.client.raw(request),
    );
    const { agent } = fleet.agents.get('birch')!;
    const good = await placing({});
    // It has waited through a thousand others.
    for (let k = 0; k < 1000; k++) agent.office().nonce();
    await refused(403, /has been used/, () => fleet.orchestrator.options.client.raw(good));
    const used = await placing({});
    await agent.blobs.put(await signModule(await assemble(STATEFUL), pair));
    expect((await fleet.orchestrator.options.client.raw(used)).status).toBe(201);
    await agent.remove('s~main');
    await refused(403, /has been used/, () => fleet.orchestrator.options.client.raw(used));
    const own = await placing({ epoch: 60 });
    const forged = {
      ...own.headers,
      'liquid-ticket': await issueTicket(agent.options.identity, {} as Ticket),
    };
    await refused(401, /ticket is not signed/, () =>
      fleet.orchestrator.options.client.raw({ ...own, headers: forged }),
    );
  });

  it('is a move into a zone that does not allow it', async () => {
    const { orchestrator } = fleet;
    const permission = [{ target: 'low', constraint: [{ leftOperand: 'zone', rightOperand: 'lab' }] }];
    await orchestrator.addCards({ permission });
    await orchestrator.addCards({
      permission: [{ target: 's', constraint: [{ leftOperand: 'risk-level', rightOperand: 'low' }] }],
    });
    const asset = (uid: string, value: string) => ({
      asset: [{ uid, relation: [{ type: 'memberOf', value }] }],
    });
    await orchestrator.addCards(asset('ash', 'lab'));
    await orchestrator.addCards(asset('birch', 'street'));
    await refused(403, /zone street does not allow the risk level low/, () =>
      asOperator({ method: 'POST', path: 'executions/s~main/move', body: json({ device: 'birch' }) }),
    );
  });

  it('is an upload that is too large', async () => {
    const body = new Uint8Array(5 * 1024 * 1024);
    for (const path of ['deployments', 'cards', 'executions/s~main/move', 'tokens'])
      await refused(413, /a request may have/, () => asOperator({ method: 'POST', path, body }));
  });

  it('are paths in names', async () => {
    const bad = ['..', '../x', 'a/b', 'a\\b', '.hidden', 'a\u0000', '%2e%2e%2f', 'x'.repeat(300)];
    for (const one of bad) {
      const name = encodeURIComponent(one);
      for (const path of [`executions/${name}~main`, `checkpoints/${name}`, `blobs/sha256/${name}`]) {
        const url = `http://ash/liquid/v1/${path}`;
        // An address that leads elsewhere is another one before it gets there.
        await refused([400, 404], /expected|no route/, () => fleet.operator.raw({ method: 'GET', url }));
      }
      const files = [{ path: one, digest: '0'.repeat(64) }];
      const deployment = { id: 'x', executions: [{ name: 'main', module: 's', files }] };
      const { status } = await asOperator({ method: 'POST', path: 'deployments', body: json(deployment) });
      expect([400, 412]).toContain(status);
      await refused(400, /expected/, () =>
        asOperator({
          method: 'POST',
          path: 'deployments',
          body: json({ id: one, executions: [{ name: 'main', module: 's' }] }),
        }),
      );
    }
  });
});
