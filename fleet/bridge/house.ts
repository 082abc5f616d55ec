/**
 * Guests in an engine beside the agent: a child process, or a board, at the other end of a line. An engine that ends takes its guests along, and
 * each is told to its execution as lost; the next one that is to live there starts it anew.
 */
import type { Guest, House, Leaving, Owner, Soon, Turn } from '../agent/guest';
import type { Devices } from '../agent/host/devices';
import type { Clock } from '../agent/world';
import type { PendingCall } from '../protocol/checkpoint';
import type { ENCODINGS } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { type DeviceName, useDevice } from './devices';
import type { Head, Message } from './frames';
import {
  type GuestStatus,
  leftOf,
  nnOf,
  openedOf,
  placeOf,
  rpcOf,
  statusOf,
  textOf,
  thereOf,
  turnOf,
  wokenOf,
} from './messages';
import { type Reply, Wire } from './wire';

/** Milliseconds that an engine may take for anything while nothing moves on the line: a gigabyte over a pipe, written by an engine without a compiler. */
const PATIENCE = 60_000;

/** A line to an engine that has been started. */
export interface Line {
  send(bytes: Uint8Array): void;
  /** Ends the engine, or leaves it. */
  close(): void;
  /** Bytes that have got there and come from there: a slow line takes its time. */
  readonly moved?: number;
}
/** Starts the engine. What `take` throws is no reason for it to go on. */
export type Connect = (take: (bytes: Uint8Array) => void, ended: (reason: string) => void) => Line;

export interface RemoteHouseOptions {
  readonly connect: Connect;
  readonly clock: Pick<Clock, 'after'>;
  readonly devices: Devices;
  /** Computes with a model for a guest. */
  readonly compute: (encoding: (typeof ENCODINGS)[number], request: Uint8Array) => Promise<Uint8Array>;
  readonly log: (text: string) => void;
  /** Told whenever an engine has ended that nobody here has ended. */
  readonly onEnd?: (reason: string) => void;
}

interface Connected {
  readonly wire: Wire;
  readonly line: Line;
  readonly modules: Set<string>;
  readonly guests: Map<number, RemoteGuest>;
  readonly opened: Promise<Opened>;
}
export type Opened = ReturnType<typeof openedOf>;

export class RemoteHouse implements House {
  private connected: Connected | undefined;
  private count = 0;
  private closed = false;

  constructor(private readonly options: RemoteHouseOptions) {}

  /** Starts the engine, and gives what it says of itself. */
  open(): Promise<Opened> {
    return this.engine().opened;
  }
  close(): void {
    this.closed = true;
    this.connected?.line.close();
  }

  /** Ends the engine, as its death would. */
  kill(): void {
    this.connected?.line.close();
  }

  knows(digest: string): boolean {
    return this.connected?.modules.has(digest) === true;
  }
  async learn(digest: string, bytes: Uint8Array): Promise<void> {
    const engine = this.engine();
    await engine.opened;
    await this.ask(engine, { kind: 'learn', digest }, bytes);
    engine.modules.add(digest);
  }

  fresh(owner: Owner, files: ReadonlyMap<string, Uint8Array>): Promise<Guest> {
    const told = [...files].map(([path, { length }]) => ({ path, length }));
    const all = new Uint8Array(told.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const bytes of files.values()) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return this.make(owner, { how: 'fresh', files: told }, all);
  }
  revived(owner: Owner, snapshot: Uint8Array): Promise<Guest> {
    return this.make(owner, { how: 'revived' }, snapshot);
  }
  arriving(owner: Owner, opening: Uint8Array): Promise<Guest> {
    return this.make(owner, { how: 'arriving' }, opening);
  }

  private async make(owner: Owner, head: Head, bytes: Uint8Array): Promise<Guest> {
    const engine = this.engine();
    await engine.opened;
    const number = ++this.count;
    const guest = new RemoteGuest(owner, {
      ask: (kind, more, sent) => this.ask(engine, { ...more, kind, guest: number }, sent),
      dispose: () => {
        engine.guests.delete(number);
        engine.wire.tell({ kind: 'dispose', guest: number });
      },
    });
    engine.guests.set(number, guest);
    try {
      await guest.made({ ...head, spec: owner.spec }, bytes);
    } catch (error) {
      engine.guests.delete(number);
      throw error;
    }
    return guest;
  }

  private ask(engine: Connected, head: Head, bytes?: Uint8Array): Promise<Message> {
    let callOff = (): void => undefined;
    const watch = (): void => {
      const before = engine.line.moved;
      callOff = this.options.clock.after(PATIENCE, () => {
        if (engine.line.moved !== before) watch();
        else this.ended(engine, `has not answered for ${PATIENCE / 1000} s`);
      });
    };
    watch();
    return engine.wire.ask(head, bytes).finally(() => callOff());
  }

  private engine(): Connected {
    if (this.closed) throw new FleetError('unavailable', 'the agent is closing');
    this.connected ??= this.started();
    return this.connected;
  }

  private started(): Connected {
    const guests = new Map<number, RemoteGuest>();
    const take = (bytes: Uint8Array): void => {
      try {
        wire.take(bytes);
      } catch (error) {
        this.ended(engine, error instanceof Error ? error.message : String(error));
      }
    };
    const line = this.options.connect(take, (reason) => this.ended(engine, reason));
    const wire = new Wire({
      send: (bytes) => line.send(bytes),
      serve: (message) => this.serve(guests, message),
    });
    const devices = Object.keys(this.options.devices) as DeviceName[];
    const opened = wire.ask({ kind: 'open', devices }).then(({ head }) => openedOf(head, 'opened'));
    // Who asks the engine for something is told.
    opened.catch(() => undefined);
    const engine: Connected = { wire, line, guests, opened, modules: new Set() };
    return engine;
  }

  private ended(engine: Connected, reason: string): void {
    if (this.connected !== engine) return;
    this.connected = undefined;
    const text = `the engine ${reason}`;
    if (!this.closed) {
      this.options.log(text);
      this.options.onEnd?.(text);
    }
    engine.line.close();
    engine.wire.end(new FleetError('unavailable', text));
    for (const guest of engine.guests.values()) guest.owner.lost(text);
    engine.guests.clear();
  }

  private serve(guests: ReadonlyMap<number, RemoteGuest>, message: Message): Soon<Reply> {
    const { head, bytes } = message;
    switch (head['kind']) {
      case 'device':
        return useDevice(this.options.devices, message);
      case 'nn':
        return this.options.compute(nnOf(head, 'nn').encoding, bytes).then((answer) => ({ bytes: answer }));
      default:
        return this.ofGuest(guests.get(placeOf(head, 'message').guest), message);
    }
  }

  /** What a guest says that has been taken away counts for nothing. */
  private ofGuest(guest: RemoteGuest | undefined, { head, bytes }: Message): Soon<Reply> {
    switch (head['kind']) {
      case 'woken':
        guest?.woken(wokenOf(head, 'woken').wait);
        return {};
      case 'write':
        guest?.owner.write(bytes);
        return {};
      case 'print':
        guest?.owner.print(textOf(head, 'print').text);
        return {};
      case 'log':
        guest?.owner.log(textOf(head, 'log').text);
        return {};
      case 'rpc': {
        const { target } = rpcOf(head, 'rpc');
        return guest === undefined ? {} : guest.owner.rpc(target, bytes).then(() => ({}));
      }
      default:
        throw new FleetError('bad-request', `nobody knows what "${String(head['kind'])}" is`);
    }
  }
}

interface GuestParts {
  readonly ask: (kind: string, head: Head, bytes?: Uint8Array) => Promise<Message>;
  readonly dispose: () => void;
}

class RemoteGuest implements Guest {
  private status: GuestStatus = {
    preludes: 0,
    isBusy: false,
    canBeWritten: false,
    memoryBytes: 0,
    fuelUsed: 0,
  };
  /** The wait that is over: the newest. */
  private over = 0;
  private waiting:
    | { readonly wait: number; readonly promise: Promise<void>; readonly wake: () => void }
    | undefined;

  constructor(
    readonly owner: Owner,
    private readonly parts: GuestParts,
  ) {}

  private async ask(kind: string, head: Head = {}, bytes?: Uint8Array): Promise<Message> {
    const message = await this.parts.ask(kind, head, bytes);
    this.status = statusOf(message.head['status'], 'status');
    return message;
  }

  async made(head: Head, bytes: Uint8Array): Promise<void> {
    await this.ask('make', head, bytes);
  }

  get preludes(): number {
    return this.status.preludes;
  }
  get isBusy(): boolean {
    return this.status.isBusy;
  }
  get canBeWritten(): boolean {
    return this.status.canBeWritten;
  }
  get memoryBytes(): number {
    return this.status.memoryBytes;
  }
  get fuelUsed(): number {
    return this.status.fuelUsed;
  }
  get waitsFor(): PromiseLike<void> | undefined {
    return this.waiting?.promise;
  }

  async begin(what: number | PendingCall): Promise<void> {
    await this.ask('begin', typeof what === 'number' ? { prelude: what } : { call: what });
  }

  async run(fuel: number, milliseconds: number): Promise<Turn> {
    const limit = Number.isFinite(milliseconds) ? { milliseconds } : {};
    const { head } = await this.ask('run', { fuel, ...limit });
    const { kind, outcome = {}, wait } = turnOf(head['turn'], 'turn');
    if (kind !== 'waiting') return kind === 'ended' ? { kind, outcome } : { kind };
    if (wait <= this.over) return { kind, until: Promise.resolve() };
    let wake = (): void => undefined;
    const promise = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.waiting = { wait, promise, wake };
    return { kind, until: promise };
  }

  /** What it waited for is there. */
  woken(wait: number): void {
    this.over = Math.max(this.over, wait);
    if (this.waiting === undefined || this.waiting.wait > this.over) return;
    const { wake } = this.waiting;
    this.waiting = undefined;
    wake();
  }

  async snapshot(): Promise<Uint8Array> {
    return (await this.ask('snapshot')).bytes;
  }
  async depart(): Promise<Leaving> {
    await this.ask('depart');
    return {
      opening: async () => (await this.ask('opening')).bytes,
      left: async () => leftOf((await this.ask('left')).head, 'left').left,
      next: async (bytes) => optionalBytes(await this.ask('next', { bytes })),
      last: async () => (await this.ask('last')).bytes,
    };
  }
  async take(piece: Uint8Array): Promise<void> {
    await this.ask('take', {}, piece);
  }
  async arrive(last: Uint8Array): Promise<void> {
    await this.ask('arrive', {}, last);
  }

  async file(path: string): Promise<Uint8Array | undefined> {
    return optionalBytes(await this.ask('file', { path }));
  }
  async writeFile(path: string, bytes: Uint8Array): Promise<void> {
    await this.ask('put', { path }, bytes);
  }

  dispose(): void {
    this.parts.dispose();
  }
}

function optionalBytes({ head, bytes }: Message): Uint8Array | undefined {
  return thereOf(head, 'answer').there ? bytes : undefined;
}
