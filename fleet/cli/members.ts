/** An agent and an orchestrator as servers of this machine. */
import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { Execution, instantiate, Module, Store } from 'tswasm';
import { Agent } from '../agent/agent';
import { type Devices, simulatedDevices } from '../agent/host/devices';
import { nodeWorld } from '../agent/node-world';
import { Presence } from '../agent/presence';
import { agentRoutes, fleetApp } from '../agent/routes';
import { Orchestrator } from '../orchestrator/orchestrator';
import { orchestratorRoutes } from '../orchestrator/routes';
import { pageRoutes } from '../page/routes';
import { Supervisor } from '../papers/supervisor';
import { supervisorRoutes } from '../papers/supervisor-routes';
import { Client } from '../protocol/client';
import { PERMISSIONS, type Permission } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { DeviceDescription } from '../protocol/reports';
import { Trust } from '../security/certificates';
import { enrol, Registrar, trustIn } from '../security/enrolment';
import { gate, openGate, Sessions } from '../security/gate';
import { type Identity, identityIn, keepCertificate } from '../security/keys';
import type { Signers } from '../security/module-signatures';
import { Receiver, signing } from '../security/requests';
import { enrolmentRoutes, memberRoutes } from '../security/routes';
import { JournalDatabase } from '../store/database';
import { DiskFiles } from '../store/disk';
import type { Files } from '../store/files';
import { type EventLog, eventRoutes } from './events';
import { thisMachine } from './machine';
import { announce } from './mdns';
import { type Address, type Listening, listen } from './server';
import { nodeTransport } from './wire';

export interface MemberOptions {
  readonly name: string;
  readonly folder: string;
  readonly address: Address;
  /** The address that others reach it under, when that is another one. */
  readonly publicHost?: string;
  readonly events: EventLog;
  /** Who must have signed what runs. */
  readonly signers?: Signers;
}

export interface Member {
  readonly url: string;
  close(): Promise<void>;
}

export interface AgentMember extends Member {
  readonly agent: Agent;
}

const VERSION = '0.1.0';
const BASE = '/liquid/v1';

function urlOf({ address, publicHost }: MemberOptions, { port }: Listening): string {
  const host = publicHost ?? (address.hostname === '0.0.0.0' ? '127.0.0.1' : address.hostname);
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** How the papers' protocol is spoken: nobody is asked who he is. */
export interface Compat {
  /** Base URLs of agents that keep copies of this one's checkpoints. */
  readonly neighbours: readonly string[];
}

export interface Joining {
  readonly orchestrator: string;
  /** Needed once: the certificate stays in the folder. */
  readonly token?: string;
}

export async function startAgent(
  options: MemberOptions,
  joining?: Joining,
  compat?: Compat,
): Promise<AgentMember> {
  const { name, folder, events, signers } = options;
  const devices: Devices = simulatedDevices();
  const files = new DiskFiles(folder);
  const identity = await identityIn(files);
  const client = new Client(signing(nodeTransport, identity));
  const log = (text: string, execution?: string) =>
    events.add({ time: nodeWorld.wall(), source: name, text, execution });
  const agent = new Agent({ name, world: nodeWorld, files, client, devices, identity, log, signers });
  const trust = await trustFor(files, identity, name, joining);
  if (trust !== undefined) agent.join(trust);
  await agent.open();
  const receiver = trust && new Receiver(trust);
  const app = fleetApp();
  const who = compat === undefined ? gate(() => receiver) : openGate();
  app.use(`${BASE}/*`, who);
  app.route(BASE, agentRoutes(agent));
  let url = '';
  if (compat !== undefined) {
    const supervisor = new Supervisor(agent, () => url, compat.neighbours);
    await supervisor.open();
    app.route('/', supervisorRoutes(supervisor, thisMachine()));
    log('--compat: everybody who reaches this port may do everything');
  }
  const server = await listen(app, options.address);
  url = urlOf(options, server);
  const service = announce(
    name,
    server.port,
    compat !== undefined,
    identity.fingerprint,
    new URL(url).hostname,
  );
  const presence =
    joining === undefined || trust === undefined
      ? undefined
      : new Presence(agent, joining.orchestrator, describe(name, url, devices), trust, conditions);
  await presence?.start();
  return {
    agent,
    url,
    close: async () => {
      presence?.stop();
      agent.close();
      await service.close();
      await server.close();
    },
  };
}

/** What the folder says, or what the token brings; nothing when the agent is to be alone. */
async function trustFor(
  files: Files,
  identity: Identity,
  name: string,
  joining: Joining | undefined,
): Promise<Trust | undefined> {
  const known = await trustIn(files);
  if (known !== undefined || joining === undefined) return known;
  if (joining.token === undefined)
    throw new FleetError(
      'unauthorized',
      'this device is not enrolled yet: give it a --token (tswasm-fleet token)',
    );
  return enrol(files, identity, name, joining.orchestrator, joining.token, new Client(nodeTransport));
}

export interface OrchestratorMember extends Member {
  readonly orchestrator: Orchestrator;
  readonly registrar: Registrar;
  readonly sessions: Sessions;
}

/** The file with the keys of who may order: beside the orchestrator's, so that the command line on the same machine finds it. */
export const OPERATOR_FILE = 'operator.json';

export async function startOrchestrator(options: MemberOptions): Promise<OrchestratorMember> {
  const { name, folder, events, address, signers } = options;
  const files = new DiskFiles(folder);
  const database = new JournalDatabase(files);
  await database.open();
  const identity = await identityIn(files);
  const trust = new Trust(identity.signing);
  const registrar = new Registrar(identity, database, trust);
  await registrar.open();
  identity.certificate = await registrar.certify({ ...identity, name }, 'orchestrator');
  const operator = await identityIn(files, OPERATOR_FILE);
  if (operator.certificate === '')
    await keepCertificate(
      files,
      await registrar.certify({ ...operator, name: 'operator' }, 'operator'),
      OPERATOR_FILE,
    );
  let url = '';
  const orchestrator = new Orchestrator({
    world: nodeWorld,
    files,
    database,
    client: new Client(signing(nodeTransport, identity)),
    identity,
    registrar,
    signers,
    url: () => url,
    log: (text, about) => events.add({ time: nodeWorld.wall(), source: name, text, ...about }),
  });
  const receiver = new Receiver(trust);
  const sessions = new Sessions();
  const app = fleetApp();
  app.route(BASE, enrolmentRoutes(registrar, sessions));
  app.use(
    `${BASE}/*`,
    gate(() => receiver, sessions),
  );
  app.route(BASE, memberRoutes(registrar, sessions));
  app.route('/', pageRoutes(new URL('page.js', import.meta.url)));
  app.route(BASE, orchestratorRoutes(orchestrator));
  app.route(BASE, eventRoutes(events));
  const server = await listen(app, address);
  url = urlOf(options, server);
  await orchestrator.open();
  return {
    orchestrator,
    registrar,
    sessions,
    url,
    close: async () => {
      orchestrator.close();
      await server.close();
    },
  };
}

function describe(name: string, url: string, devices: Devices): DeviceDescription {
  const has: Readonly<Record<Permission, boolean>> = {
    sys: true,
    communication: true,
    camera: devices.camera !== undefined,
    dht: devices.dht !== undefined,
    network: devices.network !== undefined,
    gpio: devices.gpio !== undefined,
    i2c: devices.i2c !== undefined,
    nn: false,
  };
  return {
    name,
    url,
    version: VERSION,
    permissions: PERMISSIONS.filter((one) => has[one]),
    memoryBytes: totalmem(),
    cores: Math.max(1, cpus().length),
    fuelPerSecond: measuredSpeed(),
    engine: `node ${process.versions.node}`,
  };
}

function conditions() {
  const load = Math.min(1, loadavg()[0] / Math.max(1, cpus().length));
  return { load, freeMemoryBytes: freemem() };
}

/** A loop that counts: 60 bytes of wasm. */
const COUNTER = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 9, 1, 5, 99, 111, 117, 110, 116, 0,
  0, 10, 23, 1, 21, 1, 1, 127, 3, 64, 32, 1, 65, 1, 106, 34, 1, 32, 0, 72, 13, 0, 11, 32, 1, 11,
]);
/** Milliseconds of the measurement: long enough for hot code, too short to be noticed at the start. */
const MEASURED = 40;
/** Fuel before it: the function is hot then. */
const WARM_UP = 200_000;

/** Units of fuel a second. */
function measuredSpeed(): number {
  const instance = instantiate(new Store({ tier: 'interpret' }), Module.decode(COUNTER), []);
  const execution = new Execution(instance.func('count'), [0x7fffffff]);
  // What is compiled and lowered at first is not counted.
  execution.run({ fuel: WARM_UP });
  const before = execution.fuelUsed;
  const start = performance.now();
  execution.run({ now: () => performance.now(), deadline: () => performance.now() - start >= MEASURED });
  return Math.round((execution.fuelUsed - before) / ((performance.now() - start) / 1000));
}
