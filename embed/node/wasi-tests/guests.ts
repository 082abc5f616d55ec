/** WASI programs in AssemblyScript for tests that need more than a few lines of the text format: compiled when a test asks for them. */
import { compileAssemblyScript } from '../../../scripts/asc.mjs';

const PRELUDE = `
@external('wasi_snapshot_preview1', 'fd_write') declare function fd_write(fd: u32, iovs: usize, n: u32, out: usize): u32;
@external('wasi_snapshot_preview1', 'fd_read') declare function fd_read(fd: u32, iovs: usize, n: u32, out: usize): u32;
@external('wasi_snapshot_preview1', 'fd_close') declare function fd_close(fd: u32): u32;
@external('wasi_snapshot_preview1', 'fd_readdir') declare function fd_readdir(fd: u32, at: usize, size: u32, cookie: u64, out: usize): u32;
@external('wasi_snapshot_preview1', 'fd_filestat_get') declare function fd_filestat_get(fd: u32, at: usize): u32;
@external('wasi_snapshot_preview1', 'fd_fdstat_get') declare function fd_fdstat_get(fd: u32, at: usize): u32;
@external('wasi_snapshot_preview1', 'path_open') declare function path_open(dir: u32, follow: u32, path: usize, length: u32, oflags: u32, rights: u64, inheriting: u64, fdflags: u32, out: usize): u32;
@external('wasi_snapshot_preview1', 'path_rename') declare function path_rename(dir: u32, from: usize, n: u32, toDir: u32, to: usize, m: u32): u32;
@external('wasi_snapshot_preview1', 'path_create_directory') declare function path_create_directory(dir: u32, path: usize, n: u32): u32;
@external('wasi_snapshot_preview1', 'path_unlink_file') declare function path_unlink_file(dir: u32, path: usize, n: u32): u32;
@external('wasi_snapshot_preview1', 'clock_time_get') declare function clock_time_get(id: u32, precision: u64, out: usize): u32;
@external('wasi_snapshot_preview1', 'random_get') declare function random_get(at: usize, n: u32): u32;
@external('wasi_snapshot_preview1', 'poll_oneoff') declare function poll_oneoff(subscriptions: usize, events: usize, n: u32, out: usize): u32;
@external('wasi_snapshot_preview1', 'proc_exit') declare function proc_exit(code: u32): void;

const iov: usize = memory.data(16);
const out: usize = memory.data(16);
const scratch: usize = memory.data(512);

function must(errno: u32): void { if (errno) proc_exit(100 + errno); }
function write(fd: u32, bytes: ArrayBuffer, from: i32 = 0): void {
  while (from < bytes.byteLength) {
    store<u32>(iov, changetype<usize>(bytes) + from);
    store<u32>(iov, bytes.byteLength - from, 4);
    must(fd_write(fd, iov, 1, out));
    from += load<u32>(out);
  }
}
function print(text: string): void { write(1, String.UTF8.encode(text)); }
function read(fd: u32, into: ArrayBuffer): i32 {
  store<u32>(iov, changetype<usize>(into));
  store<u32>(iov, into.byteLength, 4);
  must(fd_read(fd, iov, 1, out));
  return load<u32>(out);
}
/** fdflags: 1 appends. */
function open(path: string, oflags: u32, rights: u64, fdflags: u32 = 0): u32 {
  const name = String.UTF8.encode(path);
  must(path_open(3, 0, changetype<usize>(name), name.byteLength, oflags, rights, rights, fdflags, out));
  return load<u32>(out);
}
const READ: u64 = 0x200002, WRITE: u64 = 0x200040, LIST: u64 = 0x4000, CREATE: u32 = 1, DIRECTORY: u32 = 2;
function time(id: u32): u64 { must(clock_time_get(id, 1, out)); return load<u64>(out); }
function sleep(nanoseconds: u64): void {
  memory.fill(scratch, 0, 48);
  store<u32>(scratch + 16, 1);
  store<u64>(scratch + 24, nanoseconds);
  must(poll_oneoff(scratch, scratch + 64, 1, out));
}
/** Names in the order of the listing, through a buffer that holds only a few at a time; calls work for each. */
function listing(fd: u32, size: i32, work: (name: string) => void): void {
  const buffer = new ArrayBuffer(size);
  const start = changetype<usize>(buffer);
  let cookie: u64 = 0;
  for (;;) {
    must(fd_readdir(fd, start, size, cookie, out));
    const used = load<u32>(out);
    let at: u32 = 0;
    while (at + 24 <= used && at + 24 + load<u32>(start + at + 16) <= used) {
      const length = load<u32>(start + at + 16);
      work(String.UTF8.decodeUnsafe(start + at + 24, length));
      cookie = load<u64>(start + at);
      at += 24 + length;
    }
    if (<i32>used < size) return;
  }
}
/** As stdio has it: gathers 1000 bytes before it writes. */
class Buffered {
  gathered: ArrayBuffer = new ArrayBuffer(1000);
  count: i32 = 0;
  constructor(readonly fd: u32) {}
  print(text: string): void {
    const bytes = Uint8Array.wrap(String.UTF8.encode(text));
    for (let i = 0; i < bytes.length; i++) {
      Uint8Array.wrap(this.gathered)[this.count++] = bytes[i];
      if (this.count == 1000) this.flush();
    }
  }
  flush(): void {
    write(this.fd, this.gathered.slice(0, this.count));
    this.count = 0;
  }
}
`;

/** Writes so many numbered lines to `out.txt` below the first directory, and says so. */
export const writer = (lines: number) => `
export function _start(): void {
  const file = new Buffered(open('out.txt', CREATE, WRITE));
  for (let i = 0; i < ${lines}; i++) {
    let x: u32 = i;
    for (let k = 0; k < 20; k++) x = x * 1664525 + 1013904223;
    file.print('line ' + i.toString() + ' has ' + x.toString() + '\\n');
  }
  file.flush();
  must(fd_close(file.fd));
  print('written\\n');
}`;
export function writerLines(count: number): string {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    let x = i;
    for (let k = 0; k < 20; k++) x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    lines.push(`line ${i} has ${x}\n`);
  }
  return lines.join('');
}

/** Lists the directory `many` a few names at a time, counts each name's letters the slow way, and prints names and sums. */
export const LISTER = `
let names: string = '';
let sum: u32 = 0;
export function _start(): void {
  const fd = open('many', DIRECTORY, LIST);
  listing(fd, 200, (name) => {
    for (let k = 0; k < 200; k++) for (let i = 0; i < name.length; i++) sum = sum * 31 + name.charCodeAt(i);
    names += name + '\\n';
  });
  print(names + sum.toString() + '\\n');
}`;

/** Opens the file `f` until that fails, and tells how often it went well and the errno. */
export const HOARDER = `
export function _start(): void {
  const name = String.UTF8.encode('f');
  let count = 0;
  for (;; count++) {
    const errno = path_open(3, 0, changetype<usize>(name), 1, CREATE, WRITE, 0, 0, out);
    if (errno) { print(count.toString() + ' ' + errno.toString() + '\\n'); return; }
  }
}`;

/** Sleeps, and prints how many milliseconds that took by its own clock. */
export const sleepAndTell = (nanoseconds: number) => `
export function _start(): void {
  const began = time(1);
  sleep(${nanoseconds});
  print(((time(1) - began) / 1_000_000).toString() + '\\n');
}`;

/** A bit of everything that a host could show through: input, clocks, chance, files, listings, sleep, NaNs. Exits with 3. */
export const EVERYTHING = `
let listed: string = '';
@noinline function divide(a: f64, b: f64): f64 { return a / b; }
export function _start(): void {
  const piece = new ArrayBuffer(64);
  let input: i32 = 0, reads: i32 = 0;
  for (;;) {
    const n = read(0, piece);
    if (n == 0) break;
    input += n;
    reads++;
  }
  const random = new ArrayBuffer(37);
  must(random_get(changetype<usize>(random), random.byteLength));
  const began = time(1);
  sleep(1_500_000_000);
  const wall = time(0);
  const name = String.UTF8.encode('made');
  must(path_create_directory(3, changetype<usize>(name), name.byteLength));
  const file = new Buffered(open('made/log', CREATE, WRITE, 1));
  file.print('input ' + input.toString() + ' in ' + reads.toString() + '\\n');
  file.flush();
  write(file.fd, random);
  must(fd_filestat_get(file.fd, scratch + 128));
  must(fd_fdstat_get(0, scratch + 256));
  must(fd_filestat_get(1, scratch + 320));
  const from = String.UTF8.encode('given/b'), to = String.UTF8.encode('made/b');
  must(path_rename(3, changetype<usize>(from), from.byteLength, 3, changetype<usize>(to), to.byteLength));
  listing(open('given', DIRECTORY, LIST), 60, (name) => { listed += name + ' '; });
  const given = new ArrayBuffer(9);
  read(open('given/a', 0, READ), given);
  store<f64>(scratch + 400, divide(0, 0));
  store<f32>(scratch + 408, <f32>divide(0, 0) - <f32>Infinity);
  store<f64>(scratch + 416, Math.sqrt(divide(-1, 3)) + Math.sin(2.5));
  memory.grow(3);
  print('slept ' + (time(1) - began).toString() + ' until ' + wall.toString() + ', found ' + listed
    + String.UTF8.decode(given) + ', nan ' + load<u64>(scratch + 400).toString(16) + '\\n');
  const gone = String.UTF8.encode('given/a');
  must(path_unlink_file(3, changetype<usize>(gone), gone.byteLength));
  proc_exit(3);
}`;

const compiled = new Map<string, Promise<Uint8Array>>();

export function guest(source: string): Promise<Uint8Array> {
  let bytes = compiled.get(source);
  if (bytes === undefined) {
    bytes = compileAssemblyScript(PRELUDE + source, [
      '-O2',
      '--runtime',
      'incremental',
      '--use',
      'abort=',
      '--debug',
    ]);
    compiled.set(source, bytes);
  }
  return bytes;
}
