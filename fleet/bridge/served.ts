/** Guests of this engine for an agent at the other end of a line: a house (agent/house.ts), and what it lets go over the wire. */
import type { WasiHost } from 'tswasm/wasi';
import { remoteBackend, WasiNn } from 'tswasm/wasi-nn';
import type { Guest, Leaving, Owner, Turn } from '../agent/guest';
import { LocalHouse } from '../agent/house';
import { measuredSpeed } from '../agent/speed';
import type { Clock } from '../agent/world';
import { ENCODINGS, executionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { devicesAfar } from './devices';
import type { Head, Message } from './frames';
import {
  beginOf,
  type GuestStatus,
  learnOf,
  makeOf,
  nextOf,
  openOf,
  pathOf,
  placeOf,
  runOf,
} from './messages';
import { type Reply, Wire } from './wire';

/** What the engine has. */
export interface Ground {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly wasiHost: () => WasiHost;
  readonly engine: string;
}

interface Lodger {
  readonly guest: Guest;
  leaving: Leaving | undefined;
  /** Waits of it that have begun. */
  waits: number;
}

/** Takes bytes of the agent; `send` gives it some. */
export function serveAgent(ground: Ground, send: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  const served = new Served(ground, send);
  return (bytes) => served.wire.take(bytes);
}

class Served {
  readonly wire: Wire;
  private house: LocalHouse | undefined;
  private readonly lodgers = new Map<number, Lodger>();

  constructor(
    private readonly ground: Ground,
    send: (bytes: Uint8Array) => void,
  ) {
    this.wire = new Wire({ send, serve: (message) => this.serve(message) });
  }

  private serve(message: Message): Reply | Promise<Reply> {
    const { head, bytes } = message;
    switch (head['kind']) {
      case 'open':
        return this.open(head);
      case 'learn':
        this.opened().learn(learnOf(head, 'learn').digest, bytes);
        return {};
      case 'make':
        return this.make(message);
      case 'dispose':
        return this.dispose(placeOf(head, 'dispose').guest);
      default:
        return this.withGuest(message);
    }
  }

  private open(head: Head): Reply {
    const { devices } = openOf(head, 'open');
    const { clock, wasiHost, engine } = this.ground;
    this.house = new LocalHouse({
      clock,
      wasiHost,
      devices: devicesAfar(devices, this.wire),
      models: (log) =>
        new WasiNn({
          backends: ENCODINGS.map((encoding) =>
            remoteBackend({
              encodings: [encoding],
              ask: async (request) => (await this.wire.ask({ kind: 'nn', encoding }, request)).bytes,
            }),
          ),
          onError: (error) => log(`a model: ${error instanceof Error ? error.message : String(error)}`),
        }),
    });
    return { head: { engine, fuelPerSecond: measuredSpeed(clock.now) } };
  }
  private opened(): LocalHouse {
    if (this.house === undefined) throw new FleetError('bad-request', 'the line has not been opened');
    return this.house;
  }

  private make({ head, bytes }: Message): Reply {
    const { guest: number, how, spec, files } = makeOf(head, 'make');
    const house = this.opened();
    const owner = this.owner(number, executionSpec(spec, 'spec'));
    const made = (): Guest => {
      if (how === 'revived') return house.revived(owner, bytes);
      if (how === 'arriving') return house.arriving(owner, bytes);
      const contents = new Map<string, Uint8Array>();
      let at = 0;
      for (const { path, length } of files) {
        contents.set(path, bytes.subarray(at, at + length));
        at += length;
      }
      return house.fresh(owner, contents);
    };
    const lodger: Lodger = { guest: made(), leaving: undefined, waits: 0 };
    this.lodgers.set(number, lodger);
    return { head: { status: statusFor(lodger.guest) } };
  }

  private owner(guest: number, spec: Owner['spec']): Owner {
    const { wire } = this;
    return {
      spec,
      write: (bytes) => wire.tell({ kind: 'write', guest }, bytes),
      print: (text) => wire.tell({ kind: 'print', guest, text }),
      log: (text) => wire.tell({ kind: 'log', guest, text }),
      rpc: async (target, data) => {
        await wire.ask({ kind: 'rpc', guest, target }, data);
      },
      lost: () => undefined,
    };
  }

  private dispose(number: number): Reply {
    this.lodgers.get(number)?.guest.dispose();
    this.lodgers.delete(number);
    return {};
  }

  /** Each does one thing with the guest at once, and answers when that is done: so what comes in a row is done in a row. */
  private async withGuest(message: Message): Promise<Reply> {
    const { guest: number } = placeOf(message.head, 'message');
    const lodger = this.lodgers.get(number);
    if (lodger === undefined) throw new FleetError('unavailable', 'there is no such guest');
    const { head, bytes } = await this.done(number, lodger, message);
    return { head: { ...head, status: statusFor(lodger.guest) }, bytes };
  }

  private async done(number: number, lodger: Lodger, { head, bytes }: Message): Promise<Reply> {
    const { guest } = lodger;
    switch (head['kind']) {
      case 'begin': {
        const { prelude = 0, call = prelude } = beginOf(head, 'begin');
        await guest.begin(call);
        return {};
      }
      case 'run': {
        const { fuel, milliseconds = Number.POSITIVE_INFINITY } = runOf(head, 'run');
        return { head: { turn: this.told(number, lodger, await guest.run(fuel, milliseconds)) } };
      }
      case 'snapshot':
        return { bytes: await guest.snapshot() };
      case 'take':
        await guest.take(bytes);
        return {};
      case 'arrive':
        await guest.arrive(bytes);
        return {};
      case 'file': {
        const file = await guest.file(pathOf(head, 'file').path);
        return { head: { there: file !== undefined }, bytes: file };
      }
      case 'put':
        await guest.writeFile(pathOf(head, 'put').path, bytes);
        return {};
      case 'depart':
        lodger.leaving = await guest.depart();
        return {};
      default:
        return this.left(lodger.leaving, head);
    }
  }

  private async left(leaving: Leaving | undefined, head: Head): Promise<Reply> {
    if (leaving === undefined) throw new FleetError('bad-request', 'the guest is not leaving');
    switch (head['kind']) {
      case 'opening':
        return { bytes: await leaving.opening() };
      case 'left':
        return { head: { left: await leaving.left() } };
      case 'next': {
        const next = await leaving.next(nextOf(head, 'next').bytes);
        return { head: { there: next !== undefined }, bytes: next };
      }
      case 'last':
        return { bytes: await leaving.last() };
      default:
        throw new FleetError('bad-request', `nobody knows what "${String(head['kind'])}" is`);
    }
  }

  /** A promise does not go over the wire: its number does, and is told again when it settles. */
  private told(guest: number, lodger: Lodger, turn: Turn): unknown {
    if (turn.kind !== 'waiting') return turn;
    const wait = ++lodger.waits;
    const woken = (): void => this.wire.tell({ kind: 'woken', guest, wait });
    turn.until.then(woken, woken);
    return { kind: 'waiting', wait };
  }
}

function statusFor({ preludes, isBusy, canBeWritten, memoryBytes, fuelUsed }: Guest): GuestStatus {
  return { preludes, isBusy, canBeWritten, memoryBytes, fuelUsed };
}
