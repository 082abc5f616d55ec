/** A whole fleet in this process, with keys, signatures and tickets as outside; only the wires are a TestNetwork's. */
import type { Hono } from 'hono';
import type { NnBackend } from 'tswasm/wasi-nn';
import { Agent, type AgentOptions } from '../agent/agent';
import { AgentBus } from '../agent/bus';
import { simulatedDevices } from '../agent/host/devices';
import { nodeWorld } from '../agent/node-world';
import { Orchestrators } from '../agent/orchestrators';
import { Presence } from '../agent/presence';
import type { World } from '../agent/world';
import { startRelayedAgent } from '../browser/agent';
import { agentApp, orchestratorApp } from '../cli/apps';
import { EventLog } from '../cli/events';
import { OrchestratorBus } from '../orchestrator/bus';
import { Orchestrator } from '../orchestrator/orchestrator';
import { Relay } from '../orchestrator/relay';
import { Client } from '../protocol/client';
import { PERMISSIONS } from '../protocol/deployment';
import type { Measured, Quoter } from '../security/attestation';
import { Trust } from '../security/certificates';
import { enrol, Registrar, trustIn } from '../security/enrolment';
import { gate, Sessions } from '../security/gate';
import { identityIn } from '../security/keys';
import type { Signers } from '../security/module-signatures';
import { Receiver, signing } from '../security/requests';
import type { TpmPin } from '../security/tpm-keys';
import { JournalDatabase } from '../store/database';
import { type Files, MemoryFiles } from '../store/files';
import type { TestBroker } from './bus';
import { TestNetwork } from './network';

const ORCHESTRATOR = 'http://orchestrator';

/** Files that take nothing more once their process is dead. */
class Leash implements Files {
  cut = false;
  constructor(
    private readonly files: Files,
    private readonly beforeAppend: (path: string) => Promise<void> | undefined = () => undefined,
  ) {}
  private alive(): Files {
    if (this.cut) throw new Error('the process is dead');
    return this.files;
  }
  async read(path: string) {
    return this.alive().read(path);
  }
  async write(path: string, bytes: Uint8Array) {
    return this.alive().write(path, bytes);
  }
  async append(path: string, ...parts: readonly Uint8Array[]) {
    const wait = this.beforeAppend(path);
    if (wait !== undefined) await wait;
    return this.alive().append(path, ...parts);
  }
  async remove(path: string) {
    return this.alive().remove(path);
  }
  async list(folder: string) {
    return this.alive().list(folder);
  }
}

interface Running {
  readonly leash: Leash;
  readonly agent: Agent;
  readonly trust: Trust;
  readonly close: () => void;
}

export class TestFleet {
  readonly network: TestNetwork;
  orchestrator!: Orchestrator;
  registrar!: Registrar;
  /** Signs as the operator. */
  operator!: Client;
  readonly agents = new Map<string, Running>();
  /** What has been served, by the name of the member. */
  readonly apps = new Map<string, Hono>();
  /** What a device waits for before it adds to a file. */
  beforeAppend: ((device: string, path: string) => Promise<void> | undefined) | undefined;
  readonly events: string[] = [];
  /** Lines of logs that have come over the bus. */
  readonly lines: string[] = [];
  /** What agents that are started from now on say that they run. */
  readonly measured = new Map<string, Measured>();
  /** Digests of runtimes that the orchestrator knows. */
  readonly runtimes = new Set<string>();
  /** TPMs of agents that are started from now on. */
  readonly tpms = new Map<string, Quoter>();
  /** Those that the orchestrator knows. */
  readonly pins = new Map<string, TpmPin>();
  private leash: Leash | undefined;
  private readonly folders = new Map<string, Files>();

  /** One with its orchestrator and these agents running. */
  static async started(world: World, names: readonly string[], broker?: TestBroker): Promise<TestFleet> {
    const fleet = new TestFleet(world, undefined, broker);
    await fleet.startOrchestrator();
    for (const name of names) await fleet.startAgent(name);
    return fleet;
  }

  constructor(
    readonly world: World = nodeWorld,
    private readonly signers?: Signers,
    private readonly broker?: TestBroker,
  ) {
    this.network = new TestNetwork(world);
  }

  /** A folder outlasts the member that has it. */
  folder(name: string): Files {
    const files = this.folders.get(name) ?? new MemoryFiles();
    this.folders.set(name, files);
    return files;
  }

  async startOrchestrator(): Promise<void> {
    const files = new Leash(this.folder('orchestrator'));
    this.leash = files;
    const database = new JournalDatabase(files);
    await database.open();
    const identity = await identityIn(files);
    const trust = new Trust(identity.signing);
    this.registrar = new Registrar(identity, database, trust);
    await this.registrar.open();
    identity.certificate = await this.registrar.certify(
      { ...identity, name: 'orchestrator' },
      'orchestrator',
    );
    this.orchestrator = new Orchestrator({
      world: this.world,
      files,
      database,
      client: new Client(signing(this.network.wireOf(ORCHESTRATOR), identity)),
      identity,
      registrar: this.registrar,
      signers: this.signers,
      runtimes: this.runtimes,
      tpms: this.pins,
      url: () => ORCHESTRATOR,
      log: (text, about) => this.note(`${about?.device ?? ''} ${about?.execution ?? ''}: ${text}`),
    });
    let bus: OrchestratorBus | undefined;
    const app = orchestratorApp({
      orchestrator: this.orchestrator,
      registrar: this.registrar,
      receiver: new Receiver(trust),
      sessions: new Sessions(),
      relay: new Relay(this.world),
      url: () => ORCHESTRATOR,
      wire: this.network.wireOf(ORCHESTRATOR),
      scripts: new URL('.', import.meta.url),
      events: new EventLog(),
      bus: () => bus,
    });
    this.apps.set('orchestrator', app);
    this.network.add(ORCHESTRATOR, app);
    await this.orchestrator.open();
    if (this.broker !== undefined)
      bus = new OrchestratorBus(this.orchestrator, trust, 'orchestrator', this.broker.connect, {
        accessFor: () => ({}),
        onLine: ({ source, text }) => this.lines.push(`${source}: ${text}`),
      });
    const operator = await identityIn(this.folder('operator'));
    operator.certificate = await this.registrar.certify({ ...operator, name: 'operator' }, 'operator');
    this.operator = new Client(signing(this.network.transport, operator));
  }

  /** What has happened, with the time. */
  note(text: string): void {
    this.events.push(`${this.world.now().toFixed(0)} ${text}`);
  }

  stopOrchestrator(): void {
    if (this.leash !== undefined) this.leash.cut = true;
    this.orchestrator.close();
    this.broker?.drop('orchestrator');
    this.network.remove(ORCHESTRATOR);
  }

  async startAgent(
    name: string,
    backends: readonly NnBackend[] = [],
    house?: AgentOptions['house'],
  ): Promise<Agent> {
    const files = new Leash(this.folder(name), (path) => this.beforeAppend?.(name, path));
    const identity = await identityIn(files);
    const url = `http://${name}`;
    const client = new Client(signing(this.network.wireOf(url), identity));
    const devices = simulatedDevices();
    const log = (text: string, execution?: string) => this.note(`${name} ${execution ?? ''}: ${text}`);
    const agent = new Agent({
      name,
      world: this.world,
      files,
      client,
      devices,
      identity,
      log,
      signers: this.signers,
      backends,
      measured: this.measured.get(name),
      tpm: this.tpms.get(name),
      house,
    });
    const trust =
      (await trustIn(files)) ??
      (await enrol(
        files,
        identity,
        name,
        ORCHESTRATOR,
        await this.registrar.token('agent'),
        new Client(this.network.transport),
      ));
    agent.join(trust);
    await agent.open();
    const receiver = new Receiver(trust);
    const app = agentApp(
      agent,
      gate(() => receiver),
    );
    this.apps.set(name, app);
    this.network.add(url, app);
    const description = {
      name,
      url,
      version: '0',
      permissions: PERMISSIONS.filter((one) => one !== 'nn' || backends.length > 0),
      models: agent.models.encodings,
      memoryBytes: 2 ** 32,
      cores: 1,
      fuelPerSecond: 1e6,
      engine: 'test',
    };
    const conditions = () => ({ load: 0, freeMemoryBytes: 2 ** 32 });
    const presence = new Presence(agent, new Orchestrators([ORCHESTRATOR]), description, trust, conditions);
    await presence.start();
    const close = () => {
      presence.stop();
      agent.close();
    };
    this.agents.set(name, { agent, close, leash: files, trust });
    if (this.broker !== undefined) new AgentBus(agent, trust, this.broker.connect, async () => ({}));
    return agent;
  }

  /** An agent as in a page: nobody reaches it, and it reaches the orchestrator alone. */
  async startPage(name: string): Promise<Agent> {
    const leash = new Leash(this.folder(name));
    const wire = this.network.wireOf(`http://${name}`);
    const { agent, trust, close } = await startRelayedAgent({
      name,
      token: await this.registrar.token('agent'),
      base: ORCHESTRATOR,
      world: this.world,
      files: leash,
      transport: async (request) => {
        if (!request.url.startsWith(`${ORCHESTRATOR}/`)) throw new Error(`a page may not ask ${request.url}`);
        return wire(request);
      },
      machine: { memoryBytes: 2 ** 32, cores: 1, fuelPerSecond: 1e6, engine: 'test' },
      conditions: () => ({ load: 0, freeMemoryBytes: 2 ** 32 }),
      log: (text, execution) => this.note(`${name} ${execution ?? ''}: ${text}`),
    });
    this.agents.set(name, { agent, close, leash, trust });
    return agent;
  }

  /** As a loss of power: nothing more is heard of it, and its folder is as it is. */
  kill(name: string): void {
    const { close, leash } = this.agents.get(name)!;
    leash.cut = true;
    this.network.remove(`http://${name}`);
    this.broker?.drop(name);
    close();
    this.agents.delete(name);
  }

  /** Deploys one execution of a module, under `deployment~main`. */
  async deploy(deployment: string, module: Uint8Array, more: Record<string, unknown> = {}): Promise<void> {
    await this.orchestrator.modules.push(deployment, '1.0.0', module);
    await this.orchestrator.deploy({
      id: deployment,
      executions: [{ name: 'main', module: deployment, ...more }],
    });
  }

  async close(): Promise<void> {
    for (const name of [...this.agents.keys()]) this.kill(name);
    this.stopOrchestrator();
  }
}
