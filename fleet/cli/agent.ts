/** An agent as a server of this machine. */
import { Agent } from '../agent/agent';
import { permissionsOf, simulatedDevices } from '../agent/host/devices';
import type { Models } from '../agent/models';
import { nodeWorld } from '../agent/node-world';
import { Orchestrators } from '../agent/orchestrators';
import { Presence } from '../agent/presence';
import { sleep } from '../agent/world';
import type { Opened, RemoteHouse } from '../bridge/house';
import { Supervisor } from '../papers/supervisor';
import { supervisorRoutes } from '../papers/supervisor-routes';
import { Client } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import type { Trust } from '../security/certificates';
import { enrol, trustIn } from '../security/enrolment';
import { gate, openGate, Sessions } from '../security/gate';
import { type Identity, identityIn } from '../security/keys';
import { isRenewing, renew } from '../security/renewal';
import { Receiver, signing } from '../security/requests';
import { DiskFiles } from '../store/disk';
import type { Files } from '../store/files';
import { agentApp } from './apps';
import { agentOnBus } from './buses';
import { conditions, describe, thisMachine } from './machine';
import { announce } from './mdns';
import { type Member, type MemberOptions, observerToken, urlOf } from './members';
import { type QuickjsChoice, quickjsHouse } from './quickjs';
import { ownRuntime } from './runtime';
import { listen } from './server';
import { tpmAt, writePin } from './tpm';
import { nodeTransport } from './wire';

export interface AgentMember extends Member {
  readonly agent: Agent;
  /** Settles when the engine at the other end of its line has gone: then there is no device here any more. */
  readonly gone: Promise<void>;
  isOnBus(): boolean;
}

/** How the papers' protocol is spoken: nobody is asked who he is. */
export interface Compat {
  /** Base URLs of agents that keep copies of this one's checkpoints. */
  readonly neighbours: readonly string[];
}

export interface Joining {
  /** Base URLs of the orchestrators of its fleet, of which one leads. */
  readonly orchestrators: readonly string[];
  /** Needed once: the certificate stays in the folder. */
  readonly token?: string;
}

export async function startAgent(
  options: MemberOptions,
  joining?: Joining,
  compat?: Compat,
): Promise<AgentMember> {
  const { name, folder, events, signers, qjs } = options;
  const { devices = simulatedDevices() } = options;
  const files = new DiskFiles(folder);
  const log = (text: string, execution?: string) =>
    events.add({ time: nodeWorld.wall(), source: name, text, execution });
  // A line is looked at again and again, and what is the matter with it told once.
  const logOfEngine = once(log);
  const identity = await ownIdentity(files, options, joining, log);
  const client = new Client(signing(nodeTransport, identity));
  const { backends } = options;
  let beside: RemoteHouse | undefined;
  let onEnd = (): void => undefined;
  const house =
    qjs &&
    ((models: Models) => {
      beside = quickjsHouse(qjs, {
        clock: nodeWorld,
        devices,
        models,
        log: logOfEngine,
        onEnd: () => onEnd(),
      });
      return beside;
    });
  const runtime = await ownRuntime();
  const measured = runtime && {
    runtime,
    engine: qjs === undefined ? 'node' : 'quickjs',
    features: permissionsOf(devices, backends ?? []),
  };
  const tpm = options.tpm === undefined ? undefined : tpmAt(options.tpm);
  if (tpm !== undefined) await writePin(files, name, tpm);
  const agent = new Agent({
    name,
    world: nodeWorld,
    files,
    client,
    devices,
    identity,
    log,
    signers,
    backends,
    ...(house && { house }),
    ...(measured && { measured }),
    ...(tpm && { tpm: tpm.quote }),
  });
  const engine = qjs && beside && (await opened(beside, qjs, logOfEngine));
  const gone = new Promise<void>((resolve) => {
    // A child is started again by whoever needs it next.
    if (qjs !== undefined && 'line' in qjs) onEnd = resolve;
  });
  if (runtime !== undefined) log(`runs sha256:${runtime}`);
  const trust = await trustFor(files, identity, name, joining);
  if (trust !== undefined) agent.join(trust);
  await agent.open();
  const receiver = trust && new Receiver(trust);
  const sessions = new Sessions();
  const app = agentApp(agent, compat === undefined ? gate(() => receiver, sessions) : openGate());
  sessions.grant(await observerToken(files), { name: 'observer', role: 'observer' });
  let url = '';
  if (compat !== undefined) {
    const supervisor = new Supervisor(agent, () => url, compat.neighbours);
    await supervisor.open();
    app.route('/', supervisorRoutes(supervisor, thisMachine()));
    log('--compat: everybody who reaches this port may do everything');
  }
  const server = await listen(app, options.address);
  url = urlOf(options, server);
  const { hostname, protocol } = new URL(url);
  const service = announce(name, server.port, compat !== undefined, identity.fingerprint, {
    hostname,
    isSecure: protocol === 'https:',
  });
  const orchestrators = new Orchestrators(joining?.orchestrators ?? []);
  const presence =
    joining === undefined || trust === undefined
      ? undefined
      : new Presence(
          agent,
          orchestrators,
          describe(name, url, devices, agent.models.encodings, engine),
          trust,
          conditions,
        );
  await presence?.start();
  const onBus =
    joining === undefined || trust === undefined || options.bus.kind === 'none'
      ? undefined
      : agentOnBus(agent, trust, () => orchestrators.url, events, options.bus);
  return {
    agent,
    url,
    gone,
    isOnBus: () => onBus?.bus.isConnected === true,
    close: async () => {
      presence?.stop();
      agent.close();
      beside?.close();
      await service.close();
      await server.close();
      // Who hears on the bus that it is away finds it so.
      await onBus?.close();
    },
  };
}

function once(log: (text: string) => void): (text: string) => void {
  let last: string | undefined;
  return (text) => {
    if (text !== last) log(text);
    last = text;
  };
}

/** Milliseconds between two looks whether an engine is at the other end of its line. */
const LOOK = 1_000;

/** A program has to start at once; what is at the other end of a line may come later. */
async function opened(
  house: RemoteHouse,
  choice: QuickjsChoice,
  log: (text: string) => void,
): Promise<Opened> {
  if ('program' in choice) return house.open();
  log(`waits for the engine at ${choice.line.device}`);
  for (;;)
    try {
      const told = await house.open();
      log(`the engine at ${choice.line.device} is there: ${told.engine}`);
      return told;
    } catch {
      await sleep(nodeWorld, LOOK);
    }
}

/** The keys in the folder; new ones when they are asked for, or when that has begun, if the orchestrator can be reached. */
async function ownIdentity(
  files: Files,
  { name, newKeys = false }: MemberOptions,
  joining: Joining | undefined,
  log: (text: string) => void,
): Promise<Identity> {
  const identity = await identityIn(files);
  if (!newKeys && !(await isRenewing(files))) return identity;
  const trust = await trustIn(files);
  if (trust === undefined || joining === undefined)
    throw new FleetError(
      'unauthorized',
      '--new-keys is for a device that has been enrolled, and its --orchestrator',
    );
  const client = new Client(signing(nodeTransport, identity));
  try {
    const renewed = await oneOf(joining.orchestrators, (url) =>
      renew(files, trust, identity, name, url, client),
    );
    log(`has new keys: ${renewed.fingerprint}`);
    return renewed;
  } catch (error) {
    log(`goes on with its old keys: ${error instanceof Error ? error.message : error}`);
    return identity;
  }
}

/** By the first of the orchestrators that is there and leads. */
async function oneOf<T>(orchestrators: readonly string[], ask: (url: string) => Promise<T>): Promise<T> {
  for (const url of orchestrators.slice(0, -1))
    try {
      return await ask(url);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'unavailable') throw error;
    }
  return ask(orchestrators.at(-1)!);
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
  const { orchestrators, token } = joining;
  const client = new Client(nodeTransport);
  return oneOf(orchestrators, (url) => enrol(files, identity, name, url, token, client));
}
