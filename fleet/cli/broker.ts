/**
 * The broker in the box, for whoever has none: it starts with the orchestrator, lets in who has got a password from that, and takes from each member
 * only what is that member's to tell.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Client } from 'aedes';
import { type BusAccess, MAX_MESSAGE, readTopic } from '../protocol/bus';
import { FleetError } from '../protocol/errors';
import type { TlsFiles } from './server';

/** Bytes that a connection may send before it has said who it is: a CONNECT with a last will has less. */
const MAX_INTRODUCTION = 64 * 1024;
/** Milliseconds that it may take for that. */
const INTRODUCTION_TIMEOUT = 5_000;
/** Milliseconds between two looks at who sends too much. */
const LOOK = 250;
/** Connections: a fleet of ten thousand. */
const MAX_CONNECTIONS = 12_000;

export interface Broker {
  readonly port: number;
  /** What lets a member in: as long as this process is there, or until it gets another one. */
  accessFor(member: string): BusAccess;
  close(): Promise<void>;
}

export interface BrokerOptions {
  readonly hostname: string;
  readonly port: number;
  /** Under which host members reach it. */
  readonly publicHost: string;
  /** Who may tell everything. */
  readonly head: string;
  readonly tls: TlsFiles | undefined;
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const passwords = new Map<string, string>();
  const members = new Map<Client, string>();
  // Loaded when it is needed: most commands need no broker.
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker({
    connectTimeout: INTRODUCTION_TIMEOUT,
    authenticate(client, username, password, done) {
      const expected = username === undefined ? undefined : passwords.get(username);
      const isMember = expected !== undefined && password?.toString() === expected;
      if (isMember) members.set(client, username!);
      done(null, isMember);
    },
    authorizePublish(client, { topic, payload }, done) {
      const member = client === null ? undefined : members.get(client);
      const reason = member === undefined ? 'nobody knows who it is' : refusal(options.head, member, topic);
      if (reason !== undefined) return done(new Error(`${topic}: ${reason}`));
      done(payload.length > MAX_MESSAGE ? new Error(`${topic}: more than ${MAX_MESSAGE} bytes`) : null);
    },
  });
  aedes.on('clientDisconnect', (client) => members.delete(client));
  const sockets = new Map<Socket, Client>();
  const take = (socket: Socket): void => {
    sockets.set(socket, aedes.handle(socket));
    socket.on('close', () => sockets.delete(socket));
  };
  const { tls } = options;
  const server: Server =
    tls === undefined
      ? createServer(take)
      : createTlsServer({ cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) }, take);
  server.maxConnections = MAX_CONNECTIONS;
  const watch = setInterval(() => {
    for (const [socket, client] of sockets)
      if (!members.has(client) && socket.bytesRead > MAX_INTRODUCTION) socket.destroy();
  }, LOOK);
  watch.unref();
  const port = await listening(server, options);
  const host = options.publicHost.includes(':') ? `[${options.publicHost}]` : options.publicHost;
  return {
    port,
    accessFor(member) {
      const password = passwords.get(member) ?? crypto.randomUUID();
      passwords.set(member, password);
      return { url: `mqtt${tls === undefined ? '' : 's'}://${host}:${port}`, username: member, password };
    },
    async close() {
      clearInterval(watch);
      for (const socket of sockets.keys()) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
      await new Promise<void>((done) => aedes.close(() => done()));
    },
  };
}

/** Why a member may not tell something. */
function refusal(head: string, member: string, topic: string): string | undefined {
  const read = readTopic(topic);
  if (read === undefined) return 'there is no such topic';
  if (member === head) return undefined;
  switch (read.kind) {
    case 'presence':
    case 'events':
      return read.about === member ? undefined : `${member} is not ${read.about}`;
    case 'actual':
      return undefined;
    case 'desired':
      return `${member} does not decide that`;
  }
}

function listening(server: Server, { port, hostname }: BrokerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new FleetError(
              'unavailable',
              `port ${port} of ${hostname} is taken: choose another one with --bus-port`,
            )
          : error,
      ),
    );
    server.listen(port, hostname, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
