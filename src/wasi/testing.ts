/** For tests: a guest that is nothing but a memory, and a host whose clocks and streams the test holds in its hands. */
import { decodeUtf8, encodeUtf8 } from '../decoder/utf8';
import { errnoName } from './abi';
import type { GuestCall } from './guest';
import type { Interest, Waiting, WasiHost } from './host';
import * as RIGHTS from './rights';
import { CALLS } from './table';
import { Wasi } from './wasi';
import { add, fromNumber, nanoseconds, toNumber, type U64, u64 } from './words';

/** An i64 argument. */
export type Argument = number | U64;

class Call implements GuestCall {
  result = 0;
  constructor(
    private readonly args: readonly Argument[],
    readonly instance: GuestCall['instance'],
  ) {}
  private at(k: number): U64 {
    const arg = this.args[k];
    if (typeof arg !== 'number') return arg;
    return { lo: arg >>> 0, hi: Math.floor(arg / 2 ** 32) >>> 0 };
  }
  i32(k: number): number {
    return this.at(k).lo | 0;
  }
  u32(k: number): number {
    return this.at(k).lo;
  }
  lo(k: number): number {
    return this.at(k).lo | 0;
  }
  hi(k: number): number {
    return this.at(k).hi | 0;
  }
  setI32(_k: number, value: number): void {
    this.result = value;
  }
}

export const ALL = u64(0xffffffff, 0xffffffff);

/** Calls by name, with helpers for what they read and write. Addresses from 4096 on are the tests' own to use. */
export class FakeGuest {
  bytes: Uint8Array = new Uint8Array(65536);
  private next = 8192;

  constructor(
    readonly wasi: Wasi,
    private readonly module = 'wasi_snapshot_preview1',
  ) {}

  private run(name: string, args: readonly Argument[]): { call: Call; waits: void | PromiseLike<void> } {
    const guest = this;
    const memory = {
      get bytes() {
        return guest.bytes;
      },
    };
    const call = new Call(args, { exports: new Map([['memory', memory]]) });
    const found = this.wasi.callback(this.module, name);
    if (found === undefined) throw new Error(`no call ${name}`);
    return { call, waits: found.callback(call) };
  }

  /** A call that must not wait; gives the errno's name, 'ESUCCESS' among them. */
  call(name: string, ...args: Argument[]): string {
    const { call, waits } = this.run(name, args);
    if (waits) throw new Error(`${name} waits`);
    return errnoName(call.result);
  }

  /** A call that may wait. */
  async wait(name: string, ...args: Argument[]): Promise<string> {
    const { call, waits } = this.run(name, args);
    await waits;
    return errnoName(call.result);
  }

  /** A call with random arguments: an errno, or what it throws. */
  poke(name: string, args: readonly Argument[]): unknown {
    try {
      return this.run(name, args).call.result;
    } catch (error) {
      return error;
    }
  }

  /** Places bytes; gives pointer and length. */
  place(bytes: Uint8Array | string): [number, number] {
    const raw = typeof bytes === 'string' ? encodeUtf8(bytes) : bytes;
    const at = this.next;
    this.bytes.set(raw, at);
    this.next = (at + raw.length + 8) & ~7;
    if (this.next > 60000) this.next = 8192;
    return [at, raw.length];
  }

  private view(): DataView {
    return new DataView(this.bytes.buffer);
  }
  u8(at: number): number {
    return this.bytes[at];
  }
  u16(at: number): number {
    return this.view().getUint16(at, true);
  }
  u32(at: number): number {
    return this.view().getUint32(at, true);
  }
  u64(at: number): number {
    return toNumber({ lo: this.u32(at), hi: this.u32(at + 4) });
  }
  setU32(at: number, value: number): void {
    this.view().setUint32(at, value, true);
  }
  text(at: number, length: number): string | undefined {
    return decodeUtf8(this.bytes, at, at + length);
  }

  /** An iovec array at address 4096. */
  iovs(...buffers: (readonly [number, number])[]): [number, number] {
    buffers.forEach(([pointer, length], i) => {
      this.setU32(4096 + i * 8, pointer);
      this.setU32(4096 + i * 8 + 4, length);
    });
    return [4096, buffers.length];
  }

  /** path_open with all rights unless told otherwise. Gives the descriptor, or the errno's name. */
  open(
    path: string,
    given: {
      at?: number;
      follow?: boolean;
      oflags?: number;
      rights?: Argument;
      inheriting?: Argument;
      fdflags?: number;
    } = {},
  ): number | string {
    const { at = 3, follow = false, oflags = 0, rights = READ_WRITE, inheriting = ALL, fdflags = 0 } = given;
    const [pointer, length] = this.place(path);
    const name = this.call(
      'path_open',
      at,
      follow ? 1 : 0,
      pointer,
      length,
      oflags,
      rights,
      inheriting,
      fdflags,
      4000,
    );
    return name === 'ESUCCESS' ? this.u32(4000) : name;
  }

  write(fd: number, text: string): string | number {
    const name = this.call('fd_write', fd, ...this.iovs(this.place(text)), 4000);
    return name === 'ESUCCESS' ? this.u32(4000) : name;
  }

  read(fd: number, length = 100): string | undefined {
    const buffer = this.place(new Uint8Array(length));
    const name = this.call('fd_read', fd, ...this.iovs(buffer), 4000);
    return name === 'ESUCCESS' ? this.text(buffer[0], this.u32(4000)) : name;
  }

  /** A call whose arguments are a descriptor and a path. */
  path(name: string, path: string, at = 3): string {
    return this.call(name, at, ...this.place(path));
  }

  /** path_filestat_get: type and size, or the errno's name. */
  stat(path: string, follow = false): { type: number; size: number } | string {
    const name = this.call('path_filestat_get', 3, follow ? 1 : 0, ...this.place(path), 3900);
    return name === 'ESUCCESS' ? { type: this.u8(3916), size: this.u64(3932) } : name;
  }

  /** Names and cookies of a directory from a cookie on. */
  readdir(fd: number, cookie = 0, size = 2048): { name: string; next: number; type: number; ino: number }[] {
    const [buffer] = this.place(new Uint8Array(size));
    const name = this.call('fd_readdir', fd, buffer, size, cookie, 4000);
    if (name !== 'ESUCCESS') throw new Error(name);
    const entries = [];
    const end = buffer + this.u32(4000);
    for (let at = buffer; at + 24 <= end; ) {
      const length = this.u32(at + 16);
      if (at + 24 + length > end) break;
      entries.push({
        next: this.u64(at),
        ino: this.u64(at + 8),
        type: this.u8(at + 20),
        name: this.text(at + 24, length)!,
      });
      at += 24 + length;
    }
    return entries;
  }
}

const READ_WRITE: U64 = u64(
  0x3fffffff & ~(RIGHTS.FD_WRITE | RIGHTS.FD_ALLOCATE | RIGHTS.FD_FILESTAT_SET_SIZE),
  0,
);
/** Rights of a file that is opened for writing too. */
export const WRITE: U64 = u64(0x3fffffff, 0);

/** A host whose time stands still until the test, or a wait, moves it. */
export class FakeHost implements WasiHost {
  now = nanoseconds(1_700_000_000, 0);
  uptime = nanoseconds(5000, 0);
  /** Nanoseconds of every wait. */
  readonly waits: number[] = [];
  readonly resolution = 1;
  stdin?: WasiHost['stdin'];
  stdout?: WasiHost['stdout'];
  stderr?: WasiHost['stderr'];
  /** Whether a wait lasts its whole time. */
  lasts = true;
  /** Called when a wait begins. */
  onWait: (interests: readonly Interest[]) => void = () => undefined;

  constructor(streams: Pick<WasiHost, 'stdin' | 'stdout' | 'stderr'> = {}) {
    Object.assign(this, streams);
  }
  realtime(): U64 {
    return this.now;
  }
  monotonic(): U64 {
    return this.uptime;
  }
  random(bytes: Uint8Array): void {
    bytes.fill(42);
  }
  pass(nanos: number): void {
    this.now = add(this.now, fromNumber(nanos));
    this.uptime = add(this.uptime, fromNumber(nanos));
  }
  waitSync(nanos: number, interests: readonly Interest[]): void {
    this.waits.push(nanos);
    if (this.lasts && nanos !== Number.POSITIVE_INFINITY) this.pass(nanos);
    this.onWait(interests);
  }
  wait(nanos: number, interests: readonly Interest[]): Waiting {
    this.waitSync(nanos, interests);
    return { promise: Promise.resolve(), cancel: () => undefined };
  }
}

/** Every call with a number of parameters. */
export const PARAMETERS: ReadonlyMap<string, string> = new Map(
  CALLS.map(({ name, params }) => [name, params]),
);

export function fakeGuest(
  options: Partial<ConstructorParameters<typeof Wasi>[0]> = {},
  module?: string,
): FakeGuest {
  return new FakeGuest(new Wasi({ host: new FakeHost(), ...options }), module);
}
