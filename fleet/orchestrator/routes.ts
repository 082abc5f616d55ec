/** `/liquid/v1` of the orchestrator. */
import { type Context, Hono } from 'hono';
import { callIn, failure } from '../agent/routes';
import { readBody, readDocument } from '../protocol/body';
import { integer, name, shape, text, withDefault } from '../protocol/checked';
import { decodeCheckpoint } from '../protocol/checkpoint';
import { executionIdOf } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { heartbeat, MAX_ROUNDS } from '../protocol/reports';
import { blobRoutes, copyRoutes } from '../protocol/routes';
import type { DeviceStatus, ExecutionStatus } from '../protocol/status';
import { callerOf, only } from '../security/gate';
import type { Orchestrator } from './orchestrator';
import type { ExecutionRecord } from './records';
import { snapshotOf } from './snapshots';
import { reportOf, stateOf } from './states';

const moveDocument = shape({ device: name, rounds: withDefault(integer(0, MAX_ROUNDS), MAX_ROUNDS) });
const epochDocument = shape({ epoch: integer(1) });
const anything = (value: unknown) => value;

const OPERATORS = only('operator');
const AGENTS = only('agent');
const CALLERS = only('operator', 'agent');

export function orchestratorRoutes(orchestrator: Orchestrator): Hono {
  const app = new Hono();
  app.onError(failure);
  const idOf = (c: Context) => executionIdOf(c.req.param('id'), 'execution');
  const deviceOf = (c: Context) => name(c.req.param('device'), 'device');

  app.get('/devices', OPERATORS, (c) =>
    c.json(orchestrator.devices.names().map((one) => deviceStatus(orchestrator, one))),
  );
  app.post('/devices/:device/heartbeat', AGENTS, async (c) => {
    const beat = await readDocument(c, heartbeat, 'heartbeat');
    if (callerOf(c).name !== beat.name)
      throw new FleetError('forbidden', `${callerOf(c).name} is not ${beat.name}`);
    if (beat.name !== deviceOf(c) || (beat.description !== undefined && beat.description.name !== beat.name))
      throw new FleetError('bad-request', 'the names of the device differ');
    await orchestrator.options.registrar.hear(callerOf(c));
    return c.json(await orchestrator.heartbeat(beat));
  });
  app.delete('/devices/:device', OPERATORS, async (c) => {
    await orchestrator.devices.forget(deviceOf(c));
    return c.body(null, 204);
  });
  app.post('/devices/:device/drain', OPERATORS, async (c) => c.json(await orchestrator.drain(deviceOf(c))));
  app.post('/devices/:device/undrain', OPERATORS, async (c) => {
    await orchestrator.devices.change(deviceOf(c), { draining: false });
    return c.body(null, 204);
  });

  app.get('/modules', OPERATORS, (c) => c.json(orchestrator.modules.list()));
  app.get('/modules/:reference', OPERATORS, (c) =>
    c.json(orchestrator.modules.find(text(200)(c.req.param('reference'), 'reference'))),
  );
  app.put('/modules/:name/:version', OPERATORS, async (c) => {
    const record = await orchestrator.modules.push(
      c.req.param('name'),
      c.req.param('version'),
      await readBody(c),
    );
    return c.json(record, 201);
  });

  app.get('/deployments', OPERATORS, async (c) =>
    c.json((await orchestrator.options.database.list('deployment/')).map(({ value }) => value)),
  );
  app.post('/deployments', OPERATORS, async (c) =>
    c.json(await orchestrator.deploy(await readDocument(c, anything, 'deployment')), 201),
  );
  app.delete('/deployments/:deployment', OPERATORS, async (c) => {
    await orchestrator.undeploy(name(c.req.param('deployment'), 'deployment'));
    return c.body(null, 204);
  });

  app.get('/executions', OPERATORS, (c) =>
    c.json(orchestrator.list().map((one) => executionStatus(orchestrator, one))),
  );
  app.get('/executions/:id', OPERATORS, (c) =>
    c.json(executionStatus(orchestrator, orchestrator.record(idOf(c)))),
  );
  app.post('/executions/:id/calls', CALLERS, async (c) => {
    const { name: caller, role } = callerOf(c);
    if (role === 'agent') {
      const from = executionIdOf(c.req.header('liquid-execution'), 'liquid-execution');
      orchestrator.checkCaller(
        caller,
        from,
        integer(1)(Number(c.req.header('liquid-epoch')), 'liquid-epoch'),
      );
    }
    return c.json(await orchestrator.call(idOf(c), await callIn(c)));
  });
  app.post('/executions/:id/move', OPERATORS, async (c) => {
    const { device, rounds } = await readDocument(c, moveDocument, 'move');
    await orchestrator.move(idOf(c), device, rounds);
    return c.json(executionStatus(orchestrator, orchestrator.record(idOf(c))));
  });
  app.post('/executions/:id/settled', AGENTS, async (c) => {
    const { epoch } = await readDocument(c, epochDocument, 'epoch');
    return c.json(orchestrator.settled(idOf(c), epoch));
  });
  app.get('/executions/:id/snapshot', OPERATORS, (c) => snapshotOf(orchestrator, c, idOf(c)));
  app.put('/executions/:id/snapshot', OPERATORS, async (c) =>
    c.json(await orchestrator.restore(idOf(c), decodeCheckpoint(await readBody(c))), 201),
  );
  app.get('/cards', OPERATORS, (c) => c.json(orchestrator.zones.list()));
  app.post('/cards', OPERATORS, async (c) =>
    c.json(await orchestrator.addCards(await readDocument(c, anything, 'cards')), 201),
  );
  app.delete('/cards/:kind/:name', OPERATORS, async (c) => {
    await orchestrator.removeCard(c.req.param('kind'), c.req.param('name'));
    return c.body(null, 204);
  });
  app.get('/executions/:id/certificates', OPERATORS, async (c) =>
    c.json(await orchestrator.zones.certificates(orchestrator.record(idOf(c)).id)),
  );
  app.get('/moves', OPERATORS, (c) => c.json(orchestrator.moves));
  app.route('/', blobRoutes(orchestrator.blobs));
  app.route('/', copyRoutes(orchestrator.copies));
  return app;
}

function deviceStatus(orchestrator: Orchestrator, one: string) {
  const { description, draining, blacklisted } = orchestrator.devices.record(one);
  const { alive, report } = orchestrator.devices.presence(one);
  const { load, freeMemoryBytes, battery } = report;
  const executions = [...orchestrator.executions.on(one)];
  const told = { ...description, alive, draining, blacklisted, load, freeMemoryBytes, battery, executions };
  return told satisfies DeviceStatus;
}

function executionStatus(orchestrator: Orchestrator, record: ExecutionRecord) {
  const { id, device, epoch, spec } = record;
  const { sequence = 0, fuelUsed = 0, memoryBytes = 0, waiting = 0 } = reportOf(orchestrator, record) ?? {};
  const copy = orchestrator.copies.head(id);
  const checkpoint = copy && { epoch: copy.epoch, sequence: copy.sequence };
  return {
    id,
    device,
    epoch,
    state: stateOf(orchestrator, record),
    sequence,
    fuelUsed,
    memoryBytes,
    waiting,
    checkpoint,
    modules: spec.modules,
  } satisfies ExecutionStatus;
}
