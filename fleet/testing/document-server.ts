/**
 * A stand-in for the database of the papers' orchestrator: the part of MongoDB's wire protocol and of its queries that it uses, in memory. What it
 * does not know is an error with a name, so that nothing is quietly left out. BSON is read and written by the library that the orchestrator brings.
 */
import { createServer, type Socket } from 'node:net';

export type Document = Record<string, unknown>;

/** The part of the package `bson` that is needed. */
export interface Bson {
  serialize(document: Document): Uint8Array;
  deserialize(bytes: Uint8Array): Document;
  readonly EJSON: { stringify(value: unknown): string };
  readonly ObjectId: new () => unknown;
  readonly Long: { fromNumber(value: number): unknown };
}

export interface DocumentServer {
  readonly port: number;
  close(): Promise<void>;
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER = 16;
/** What MongoDB 6.0 says of itself. */
const WIRE_VERSION = 17;

/** Collections, and the commands on them. */
class Collections {
  private readonly collections = new Map<string, Document[]>();

  constructor(private readonly bson: Bson) {}

  run(command: Document): Document {
    const [name] = Object.keys(command);
    const handler = Object.hasOwn(this.handlers, name) ? this.handlers[name] : undefined;
    if (handler === undefined) return { ok: 0, errmsg: `no such command: ${name}`, code: 59 };
    return { ...handler(command, this.collection(String(command[name]))), ok: 1 };
  }

  private collection(name: string): Document[] {
    const known = this.collections.get(name) ?? [];
    this.collections.set(name, known);
    return known;
  }

  private readonly handlers: Readonly<Record<string, (command: Document, found: Document[]) => Document>> = {
    hello: () => this.hello(),
    ismaster: () => this.hello(),
    isMaster: () => this.hello(),
    ping: () => ({}),
    endSessions: () => ({}),
    createIndexes: () => ({}),
    // It asks for a name and a password, and any will do.
    saslStart: () => ({ conversationId: 1, done: true, payload: new Uint8Array(0) }),
    find: (command, all) => {
      const matching = all.filter((one) => this.matches(one, (command['filter'] ?? {}) as Document));
      const sorted = this.sorted(matching, (command['sort'] ?? {}) as Document);
      const limit = Math.abs(Number(command['limit'] ?? 0)) || sorted.length;
      return {
        cursor: {
          id: this.bson.Long.fromNumber(0),
          ns: `test.${String(command['find'])}`,
          firstBatch: sorted.slice(0, limit),
        },
      };
    },
    insert: (command, all) => {
      const documents = command['documents'] as Document[];
      all.push(...documents);
      return { n: documents.length };
    },
    update: (command, all) => this.update(command['updates'] as Document[], all),
    delete: (command, all) => {
      let n = 0;
      for (const { q, limit } of command['deletes'] as Document[])
        for (const one of all.filter((each) => this.matches(each, q as Document))) {
          if (limit === 1 && n > 0) break;
          all.splice(all.indexOf(one), 1);
          n++;
        }
      return { n };
    },
  };

  private hello(): Document {
    return {
      isWritablePrimary: true,
      ismaster: true,
      minWireVersion: 0,
      maxWireVersion: WIRE_VERSION,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      readOnly: false,
    };
  }

  private update(updates: readonly Document[], all: Document[]): Document {
    let [n, nModified] = [0, 0];
    const upserted: Document[] = [];
    for (const [index, { q, u, multi, upsert }] of updates.entries()) {
      const matching = all.filter((one) => this.matches(one, q as Document));
      for (const one of multi === true ? matching : matching.slice(0, 1)) {
        change(one, u as Document);
        n++;
        nModified++;
      }
      if (matching.length > 0 || upsert !== true) continue;
      const made: Document = { _id: new this.bson.ObjectId(), ...(q as Document) };
      change(made, u as Document);
      all.push(made);
      upserted.push({ index, _id: made['_id'] });
      n++;
    }
    return upserted.length > 0 ? { n, nModified, upserted } : { n, nModified };
  }

  private text(value: unknown): string {
    return this.bson.EJSON.stringify({ value: value ?? null });
  }

  private matches(document: Document, filter: Document): boolean {
    return Object.entries(filter).every(([key, wanted]) => {
      if (key === '$or') return (wanted as Document[]).some((one) => this.matches(document, one));
      if (key.startsWith('$')) throw new Error(`no such operator: ${key}`);
      const value = document[key];
      return isOperators(wanted)
        ? Object.entries(wanted).every(([operator, operand]) => this.holds(operator, value, operand))
        : this.equals(value, wanted);
    });
  }

  private holds(operator: string, value: unknown, operand: unknown): boolean {
    switch (operator) {
      case '$exists':
        return (value !== undefined) === operand;
      case '$ne':
        return !this.equals(value, operand);
      case '$in':
        return (operand as unknown[]).some((one) => this.equals(value, one));
      case '$gt':
        return Number(value) > Number(operand);
      default:
        throw new Error(`no such operator: ${operator}`);
    }
  }

  /** A list equals each of its members too. */
  private equals(value: unknown, wanted: unknown): boolean {
    if (this.text(value) === this.text(wanted)) return true;
    return Array.isArray(value) && value.some((one) => this.text(one) === this.text(wanted));
  }

  private sorted(documents: readonly Document[], by: Document): Document[] {
    const compare = (a: Document, b: Document): number => {
      for (const [key, direction] of Object.entries(by)) {
        const [x, y] = [Number(a[key]), Number(b[key])];
        if (x !== y) return (x - y) * Number(direction);
      }
      return 0;
    };
    return [...documents].sort(compare);
  }
}

function isOperators(value: unknown): value is Document {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).some((key) => key.startsWith('$'))
  );
}

function change(document: Document, update: Document): void {
  for (const [operator, fields] of Object.entries(update)) {
    for (const [path, value] of Object.entries(fields as Document)) {
      if (path.includes('.')) throw new Error(`no paths in updates: ${path}`);
      if (operator === '$set') document[path] = value;
      else if (operator === '$push') document[path] = [...((document[path] as unknown[]) ?? []), value];
      else throw new Error(`no such operator: ${operator}`);
    }
  }
}

function message(operation: number, answering: number, pieces: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(HEADER);
  const length = pieces.reduce((sum, piece) => sum + piece.length, HEADER);
  header.writeInt32LE(length, 0);
  header.writeInt32LE(answering, 8);
  header.writeInt32LE(operation, 12);
  return Buffer.concat([header, ...pieces]);
}

/** The document of an OP_MSG, with the lists that stand beside it. */
function commandOf(body: Buffer, bson: Bson): Document {
  let command: Document = {};
  const lists: Document = {};
  for (let at = 4; at < body.length; ) {
    const kind = body[at++];
    const size = body.readInt32LE(at);
    if (kind === 0) command = bson.deserialize(body.subarray(at, at + size));
    else {
      const end = body.indexOf(0, at + 4);
      const documents: Document[] = [];
      for (let from = end + 1; from < at + size; from += body.readInt32LE(from))
        documents.push(bson.deserialize(body.subarray(from, from + body.readInt32LE(from))));
      lists[body.toString('utf8', at + 4, end)] = documents;
    }
    at += size;
  }
  return { ...command, ...lists };
}

function answer(bytes: Buffer, collections: Collections, bson: Bson): Buffer {
  const [id, operation] = [bytes.readInt32LE(4), bytes.readInt32LE(12)];
  const body = bytes.subarray(HEADER);
  const run = (command: Document): Document => {
    try {
      return collections.run(command);
    } catch (error) {
      return { ok: 0, errmsg: String(error), code: 2 };
    }
  };
  if (operation === OP_MSG)
    return message(OP_MSG, id, [Buffer.alloc(5), bson.serialize(run(commandOf(body, bson)))]);
  if (operation !== OP_QUERY) throw new Error(`no such operation: ${operation}`);
  // Flags, the name of the collection, how many to skip and to return, and the query.
  const from = body.indexOf(0, 4) + 9;
  const reply = Buffer.alloc(20);
  reply.writeInt32LE(1, 16);
  return message(OP_REPLY, id, [reply, bson.serialize(run(bson.deserialize(body.subarray(from))))]);
}

export function startDocumentServer(bson: Bson): Promise<DocumentServer> {
  const collections = new Collections(bson);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let waiting = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      while (waiting.length >= HEADER && waiting.length >= waiting.readInt32LE(0)) {
        const size = waiting.readInt32LE(0);
        socket.write(answer(waiting.subarray(0, size), collections, bson));
        waiting = waiting.subarray(size);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        close: () =>
          new Promise((done) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}
