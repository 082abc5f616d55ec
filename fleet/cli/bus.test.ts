/** The bus with real brokers and real members: the one in the box, one that comes later, and mosquitto where it is installed. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Aedes } from 'aedes';
import { connect, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TOPICS } from '../protocol/bus';
import { assemble, STATEFUL } from '../testing/modules';
import { freePort } from '../testing/ports';
import { type AgentMember, startAgent } from './agent';
import type { BusChoice } from './buses';
import { EventLog } from './events';
import { type OrchestratorMember, startOrchestrator } from './orchestrator';

const address = { hostname: '127.0.0.1', port: 0 };
let folder: string;
let open: (() => Promise<void>)[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tswasm-bus-'));
  open = [];
});
afterEach(async () => {
  for (const close of open.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
interface Fleet {
  readonly up: OrchestratorMember;
  readonly ash: AgentMember;
  readonly events: EventLog;
}
async function started(bus: BusChoice): Promise<Fleet> {
  const events = new EventLog();
  const up = await startOrchestrator({ name: 'orchestrator', folder: `${folder}/o`, address, events, bus });
  open.push(() => up.close());
  const ash = await startAgent(
    {
      name: 'ash',
      folder: `${folder}/ash`,
      address,
      events: new EventLog(),
      bus: { kind: 'own', port: 0 },
    },
    { orchestrators: [up.url], token: await up.registrar.token('agent') },
  );
  open.push(() => ash.close());
  return { up, ash, events };
}
async function deploy({ up }: Fleet): Promise<void> {
  await up.orchestrator.modules.push('s', '1.0.0', await assemble(STATEFUL));
  await up.orchestrator.deploy({ id: 's', executions: [{ name: 'main', module: 's' }] });
}
const call = async ({ up }: Fleet, key: string) =>
  (await up.orchestrator.call('s~main', { key, function: 'fibo', args: [] })).results![0];

/** Somebody who looks on. */
class Onlooker {
  readonly heard = new Map<string, string>();
  readonly ended: Promise<string>;
  private readonly client: MqttClient;

  constructor(url: string, access: { username?: string | undefined; password?: string | undefined } = {}) {
    const { username, password } = access;
    this.client = connect(url, {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      clientId: 'onlooker',
      protocolVersion: 4,
      reconnectPeriod: 0,
    });
    this.client.on('connect', () => this.client.subscribe('tsw/#', { qos: 1 }));
    this.client.on('message', (topic, payload) => this.heard.set(topic, payload.toString()));
    this.ended = new Promise((resolve) => {
      this.client.on('error', (error) => resolve(error.message));
      this.client.on('close', () => resolve('closed'));
    });
    open.push(async () => void (await this.client.endAsync(true)));
  }
  publish(topic: string, text: string, retain = false): void {
    this.client.publish(topic, text, { qos: 1, retain });
  }
}

const isInstalled = (program: string): boolean => spawnSync(program, ['-h']).error === undefined;

describe('the broker in the box', () => {
  it('has what is wanted and what is, and lines of logs', async () => {
    const fleet = await started({ kind: 'own', port: 0 });
    const { up, ash, events } = fleet;
    await until(() => up.bus!.status().connected && ash.isOnBus());
    await deploy(fleet);
    const { url } = up.bus!.accessFor('ash');
    const onlooker = new Onlooker(url!, up.bus!.accessFor('ash'));
    const [desired, actual] = [TOPICS.desired('s~main'), TOPICS.actual('s~main')];
    await until(() => onlooker.heard.has(desired) && onlooker.heard.has(actual));
    expect(onlooker.heard.get(TOPICS.presence('ash'))).toBe('online');
    ash.agent.options.log('a line for all', 's~main');
    await until(() =>
      events.list().some(({ source, text }) => source === 'ash' && text === 'a line for all'),
    );
    // It goes without a last will, and says so itself.
    await open.splice(1, 1)[0]();
    await until(() => onlooker.heard.get(TOPICS.presence('ash')) === 'offline');
  });

  it('lets in nobody without a password, and takes from each only what is its own', async () => {
    const { up } = await started({ kind: 'own', port: 0 });
    const { url, ...access } = up.bus!.accessFor('ash');
    expect(await new Onlooker(url!).ended).toMatch(/[Nn]ot authorized/);
    expect(await new Onlooker(url!, { ...access, password: 'guess' }).ended).toMatch(/[Nn]ot authorized/);
    const forbidden = [
      TOPICS.presence('birch'),
      TOPICS.events('orchestrator'),
      TOPICS.desired('s~main'),
      'tsw/other',
    ];
    for (const topic of forbidden) {
      const member = new Onlooker(url!, access);
      member.publish(topic, 'x');
      await member.ended;
    }
    const large = new Onlooker(url!, access);
    large.publish(TOPICS.events('ash'), 'x'.repeat(100_000));
    await large.ended;
    // One that says nothing of itself, and very much else.
    const socket = connectSocket(Number(new URL(url!).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.write(Uint8Array.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    socket.write(new Uint8Array(200_000));
    await closed;
    await until(() => up.bus!.status().connected);
  });
});

type BrokerKind = 'aedes' | 'mosquitto' | 'nats-server';

describe.each<[BrokerKind, boolean]>([
  ['aedes', true],
  ['mosquitto', isInstalled('mosquitto')],
  ['nats-server', isInstalled('nats-server')],
])('another broker: %s', (kind, isThere) => {
  if (!isThere) console.warn(`${kind} is not installed: the bus is not tested with it`);

  it.skipIf(!isThere)(
    'is waited for, and comes back after an end, and the fleet goes on without it',
    async () => {
      const port = await freePort();
      const fleet = await started({ kind: 'broker', url: `mqtt://127.0.0.1:${port}` });
      const { up, ash, events } = fleet;
      await until(() => events.list().some(({ text }) => text.startsWith('the bus is away')));
      await deploy(fleet);
      expect(await call(fleet, 'a')).toBe(1);
      expect(up.bus!.status()).toMatchObject({ url: `mqtt://127.0.0.1:${port}`, connected: false });
      for (const key of ['b', 'c']) {
        const stop = await BROKERS[kind](port);
        await until(() => up.bus!.status().connected && ash.isOnBus());
        // What a broker keeps is told to it again when it has forgotten.
        const onlooker = new Onlooker(`mqtt://127.0.0.1:${port}`);
        await until(
          () => onlooker.heard.has(TOPICS.desired('s~main')) && onlooker.heard.has(TOPICS.actual('s~main')),
        );
        await stop();
        await until(() => !up.bus!.status().connected && !ash.isOnBus());
        expect(await call(fleet, key)).toBe(key === 'b' ? 2 : 3);
      }
    },
  );
});

/** Starts a broker that lets in everybody; gives the way to stop it. */
const BROKERS: Readonly<Record<BrokerKind, (port: number) => Promise<() => Promise<void>>>> = {
  async aedes(port) {
    const aedes = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      aedes.handle(socket);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    };
  },
  async mosquitto(port) {
    return program('mosquitto', ['-p', String(port)]);
  },
  async 'nats-server'(port) {
    const file = path.join(folder, 'nats.conf');
    const store = path.join(folder, 'nats');
    writeFileSync(
      file,
      `server_name: one\nlisten: 127.0.0.1:-1\njetstream { store_dir: "${store}" }\nmqtt { listen: 127.0.0.1:${port} }\n`,
    );
    return program('nats-server', ['-c', file]);
  },
};

function program(name: string, args: readonly string[]): () => Promise<void> {
  const child = spawn(name, args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}
