/** `/liquid/v1` of an agent: executions, blobs, copies of checkpoints. */
import { type Context, Hono } from 'hono';
import { readBody, readDocument } from '../protocol/body';
import { callDocument } from '../protocol/call';
import { integer, shape, text, withDefault } from '../protocol/checked';
import { callKey, KEPT_HEADER, type PendingCall } from '../protocol/checkpoint';
import { executionIdOf, executionSpec } from '../protocol/deployment';
import { errorDocument, FleetError } from '../protocol/errors';
import { baseOf } from '../protocol/relayed';
import { MAX_ROUNDS } from '../protocol/reports';
import { blobRoutes, copyRoutes, sendBytes, sinceOf } from '../protocol/routes';
import { question } from '../security/attestation';
import { callerOf, only } from '../security/gate';
import { publicKey } from '../security/keys';
import { received, receivedOpening, STATEMENT_HEADER, TICKET_HEADER } from '../security/transfer';
import type { Agent } from './agent';
import { type FleetExecution, MovedError } from './execution';

const moveOrder = shape({
  url: text(1024),
  ticket: text(8192),
  epoch: integer(1),
  sealing: publicKey,
  rounds: withDefault(integer(0, MAX_ROUNDS), MAX_ROUNDS),
  spec: executionSpec,
});
const epochDocument = shape({ epoch: integer(1) });

/** An answer's JSON for whatever went wrong; to elsewhere when the execution has gone there. */
export function failure(error: unknown, c: Context): Response {
  if (error instanceof MovedError) {
    const { url } = c.req;
    return c.body(null, 307, { location: error.to + url.slice(baseOf(url).length) });
  }
  const status = error instanceof FleetError ? error.status : 500;
  return c.json(errorDocument(error), status as 400);
}

/** An application that says of everything why it does not do it. */
export function fleetApp(): Hono {
  const app = new Hono();
  app.onError(failure);
  app.notFound((c) => failure(new FleetError('not-found', `no route ${c.req.method} ${c.req.path}`), c));
  return app;
}

export function statusOf(execution: FleetExecution) {
  const { id, epoch, sequence, state, fuelUsed, memoryBytes, waiting, spec } = execution;
  return {
    id,
    epoch,
    sequence,
    state: state.kind === 'running' && !execution.mayRun() ? ('paused' as const) : state.kind,
    ...(execution.mayRun() ? {} : { reason: 'it has no lease' }),
    ...('reason' in state ? { reason: state.reason } : {}),
    ...('to' in state ? { to: state.to } : {}),
    fuelUsed,
    memoryBytes,
    waiting,
    modules: spec.modules,
  };
}

const MEMBERS = only('orchestrator', 'operator', 'agent');
const HEADS = only('orchestrator', 'operator');

export function agentRoutes(agent: Agent): Hono {
  const app = new Hono();
  app.onError(failure);
  const executionIn = (c: Context) => agent.execution(executionIdOf(c.req.param('id'), 'execution'));

  app.get('/nonce', MEMBERS, (c) => c.json({ nonce: agent.office().nonce() }));
  app.post('/evidence', only('orchestrator'), async (c) =>
    c.json(await agent.evidence(await readDocument(c, question, 'question'))),
  );
  app.get('/executions', MEMBERS, (c) => c.json([...agent.executions.values()].map(statusOf)));
  app.post('/executions', MEMBERS, async (c) => {
    const office = agent.office();
    const [ticket, statement] = [c.req.header(TICKET_HEADER), c.req.header(STATEMENT_HEADER)];
    const arrived = await received(office, agent.unsealer, await readBody(c), ticket, statement);
    const execution = await agent.place(arrived.bytes);
    office.use(arrived.ticket);
    return c.json(statusOf(execution), 201);
  });
  app.route('/arrivals', arrivalRoutes(agent));
  app.get('/executions/:id', MEMBERS, (c) => c.json(statusOf(executionIn(c))));
  app.delete('/executions/:id', HEADS, async (c) => {
    await agent.remove(executionIn(c).id);
    return c.body(null, 204);
  });
  app.get('/executions/:id/snapshot', HEADS, async (c) => {
    const bytes = await agent.snapshotOf(executionIn(c).id, c.req.header('if-range'));
    return sendBytes(c, bytes, await agent.told.tell(bytes, sinceOf(c)));
  });
  app.post('/executions/:id/pause', HEADS, (c) => {
    executionIn(c).pause();
    return c.json(statusOf(executionIn(c)));
  });
  app.post('/executions/:id/resume', HEADS, (c) => {
    executionIn(c).resume();
    return c.json(statusOf(executionIn(c)));
  });
  app.post('/executions/:id/migrate', HEADS, async (c) => {
    const execution = executionIn(c);
    return c.json(await agent.migrate(execution.id, await readDocument(c, moveOrder, 'order')));
  });
  app.post('/executions/:id/refuse', MEMBERS, async (c) => {
    const id = executionIdOf(c.req.param('id'), 'execution');
    const { epoch } = await readDocument(c, epochDocument, 'epoch');
    return c.json({ refused: await agent.refuse(id, epoch) });
  });
  // Calls of executions go through the orchestrator, which knows whether the caller is still the one that may.
  app.post('/executions/:id/calls', HEADS, async (c) => {
    const execution = executionIn(c);
    const answer = await agent.call(execution.id, await callIn(c));
    return c.json(answer, 200, { [KEPT_HEADER]: String(execution.kept) });
  });
  app.post('/nn', only('agent'), async (c) => sendBytes(c, await agent.models.answer(await readBody(c))));
  app.route('/', blobRoutes(agent.blobs));
  app.route('/', copyRoutes(agent.copies));
  return app;
}

/** The stages of a move before the last one, which comes as a placement does. */
function arrivalRoutes(agent: Agent): Hono {
  const app = new Hono();
  const idOf = (c: Context) => executionIdOf(c.req.param('id'), 'execution');
  app.post('/', only('agent'), async (c) => {
    const ticket = c.req.header(TICKET_HEADER);
    const sealed = await readBody(c);
    const arrived = await receivedOpening(agent.office(), agent.unsealer, sealed, ticket, callerOf(c).name);
    await agent.expect(arrived, ticket!);
    return c.body(null, 201);
  });
  app.put('/:id/:place', only('agent'), async (c) => {
    const [id, place] = [idOf(c), integer(1)(Number(c.req.param('place')), 'place')];
    const ticket = agent.arrivals.ticketOf(id, callerOf(c).name, place);
    await agent.arrivals.take(id, place, await agent.unsealer.unseal(await readBody(c), ticket, place));
    return c.body(null, 204);
  });
  app.post('/:id/last', only('agent'), (c) => {
    agent.arrivals.expectLast(idOf(c), callerOf(c).name);
    return c.body(null, 204);
  });
  app.delete('/:id', only('agent'), (c) => {
    agent.arrivals.cancel(idOf(c), callerOf(c).name);
    return c.body(null, 204);
  });
  return app;
}

/** The call that a request asks for; a caller that gives no key never asks again. */
export async function callIn(c: Context): Promise<PendingCall> {
  const key = callKey(c.req.header('idempotency-key') ?? crypto.randomUUID(), 'idempotency-key');
  const { function: name, args } = await readDocument(c, callDocument, 'call');
  return { key, function: name, args };
}
