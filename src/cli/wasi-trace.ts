/** `--trace-wasi`: every WASI call on a line, with its arguments, paths and results, as strace shows those of a kernel. */
import { type Errno, errnoName, type TracedCall } from '../wasi';

/**
 * The parameters of each call: `name:kind`, and behind `=` what it writes through pointers, shown when it succeeds. A path, a buffer and
 * a list of buffers are two parameters each.
 */
export const CALL_FORMS: Readonly<Record<string, string>> = {
  args_get: 'argv:ptr buf:ptr',
  args_sizes_get: '=count:u32 =size:u32',
  environ_get: 'environ:ptr buf:ptr',
  environ_sizes_get: '=count:u32 =size:u32',
  clock_res_get: 'clock:clock =resolution:u64',
  clock_time_get: 'clock:clock precision:num =time:u64',
  fd_advise: 'fd:num offset:num len:num advice:num',
  fd_allocate: 'fd:num offset:num len:num',
  fd_close: 'fd:num',
  fd_datasync: 'fd:num',
  fd_fdstat_get: 'fd:num =stat:fdstat',
  fd_fdstat_set_flags: 'fd:num flags:fdflags',
  fd_fdstat_set_rights: 'fd:num base:hex inheriting:hex',
  fd_filestat_get: 'fd:num =stat:filestat',
  fd_filestat_set_size: 'fd:num size:num',
  fd_filestat_set_times: 'fd:num atim:num mtim:num flags:num',
  fd_pread: 'fd:num data:filled offset:num =read:u32',
  fd_prestat_get: 'fd:num =prestat:prestat',
  fd_prestat_dir_name: 'fd:num =name:path',
  fd_pwrite: 'fd:num data:buffers offset:num =written:u32',
  fd_read: 'fd:num data:filled =read:u32',
  fd_readdir: 'fd:num buf:ptr size:num cookie:num =used:u32',
  fd_renumber: 'from:num to:num',
  fd_seek: 'fd:num offset:num whence:whence =position:u64',
  fd_sync: 'fd:num',
  fd_tell: 'fd:num =position:u64',
  fd_write: 'fd:num data:buffers =written:u32',
  path_create_directory: 'dir:num path:path',
  path_filestat_get: 'dir:num lookup:num path:path =stat:filestat',
  path_filestat_set_times: 'dir:num lookup:num path:path atim:num mtim:num flags:num',
  path_link: 'dir:num lookup:num path:path newdir:num newpath:path',
  path_open: 'dir:num lookup:num path:path oflags:oflags base:hex inheriting:hex fdflags:fdflags =fd:u32',
  path_readlink: 'dir:num path:path buf:ptr size:num =used:u32',
  path_remove_directory: 'dir:num path:path',
  path_rename: 'dir:num path:path newdir:num newpath:path',
  path_symlink: 'target:path dir:num path:path',
  path_unlink_file: 'dir:num path:path',
  poll_oneoff: 'in:ptr out:ptr subscriptions:num =events:u32',
  proc_exit: 'code:num',
  proc_raise: 'signal:num',
  random_get: 'buf:ptr size:num',
  sched_yield: '',
  sock_accept: 'fd:num flags:fdflags =fd:u32',
  sock_recv: 'fd:num data:filled flags:num =read:u32 =flags:u16',
  sock_send: 'fd:num data:buffers flags:num =sent:u32',
  sock_shutdown: 'fd:num how:num',
};

/** Bytes of a buffer that are shown, as in strace. */
const SHOWN = 32;

type Kind = keyof typeof KINDS;

/** Reads of the guest's memory; it may have given any pointer, so what lies outside is shown as such. */
class View {
  constructor(private readonly bytes: Uint8Array) {}

  number(at: number, size: number): string {
    if (at + size > this.bytes.length) return '?';
    let value = 0n;
    for (let k = size - 1; k >= 0; k--) value = (value << 8n) | BigInt(this.bytes[at + k]);
    return String(value);
  }
  u32(at: number): number {
    return at + 4 > this.bytes.length ? 0 : Number(this.number(at, 4));
  }
  text(at: number, length: number): string {
    const shown = this.bytes.subarray(at, Math.min(at + length, at + SHOWN * 8));
    return `"${escaped(shown)}"`;
  }
  /** The first bytes of a list of buffers, of which at most `most` count. */
  buffers(at: number, count: number, most: number): string {
    const pieces: Uint8Array[] = [];
    let left = Math.min(most, SHOWN + 1);
    for (let k = 0; k < Math.min(count, SHOWN) && left > 0; k++) {
      const start = this.u32(at + 8 * k);
      const piece = this.bytes.subarray(start, start + Math.min(this.u32(at + 8 * k + 4), left));
      pieces.push(piece);
      left -= piece.length;
    }
    const all = Buffer.concat(pieces);
    return `"${escaped(all.subarray(0, SHOWN))}"${all.length > SHOWN ? '...' : ''}`;
  }
}

function escaped(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('utf8')).slice(1, -1);
}

function flags(names: readonly string[], value: number): string {
  return names.filter((_, bit) => value & (1 << bit)).join('|') || '0';
}

/** How many parameters a kind takes, and how it is shown. `done`: the results of the call, by which reads know how much was read. */
const KINDS = {
  num: [1, (_: View, [value]: readonly number[]) => String(value)],
  hex: [1, (_: View, [value]: readonly number[]) => `0x${value.toString(16)}`],
  ptr: [1, (_: View, [value]: readonly number[]) => `0x${value.toString(16)}`],
  clock: [
    1,
    (_: View, [value]: readonly number[]) =>
      ['REALTIME', 'MONOTONIC', 'PROCESS_CPUTIME', 'THREAD_CPUTIME'][value] ?? String(value),
  ],
  whence: [1, (_: View, [value]: readonly number[]) => ['SET', 'CUR', 'END'][value] ?? String(value)],
  fdflags: [
    1,
    (_: View, [value]: readonly number[]) => flags(['APPEND', 'DSYNC', 'NONBLOCK', 'RSYNC', 'SYNC'], value),
  ],
  oflags: [1, (_: View, [value]: readonly number[]) => flags(['CREAT', 'DIRECTORY', 'EXCL', 'TRUNC'], value)],
  path: [2, (view: View, [at, length]: readonly number[]) => view.text(at, length)],
  buffers: [
    2,
    (view: View, [at, count]: readonly number[]) => view.buffers(at, count, Number.POSITIVE_INFINITY),
  ],
  filled: [2, (view: View, [at, count]: readonly number[], done: number) => view.buffers(at, count, done)],
  u16: [1, (view: View, [at]: readonly number[]) => view.number(at, 2)],
  u32: [1, (view: View, [at]: readonly number[]) => view.number(at, 4)],
  u64: [1, (view: View, [at]: readonly number[]) => view.number(at, 8)],
  fdstat: [
    1,
    (view: View, [at]: readonly number[]) =>
      `{type=${view.number(at, 1)}, flags=${view.number(at + 2, 2)}, rights=${view.number(at + 8, 8)}}`,
  ],
  filestat: [
    1,
    (view: View, [at]: readonly number[]) =>
      `{type=${view.number(at + 16, 1)}, size=${view.number(at + 32, 8)}}`,
  ],
  prestat: [1, (view: View, [at]: readonly number[]) => `{name is ${view.number(at + 4, 4)} bytes}`],
} as const;

/** How many parameters a form stands for. */
export function parametersOf(form: string): number {
  return tokens(form).reduce((sum, { kind }) => sum + KINDS[kind][0], 0);
}

interface Token {
  readonly name: string;
  readonly kind: Kind;
  readonly isResult: boolean;
}

function tokens(form: string): Token[] {
  if (form === '') return [];
  return form.split(' ').map((token) => {
    const [name, kind] = token.replace('=', '').split(':');
    return { name, kind: kind as Kind, isResult: token.startsWith('=') };
  });
}

/** One line. `errno` is undefined when the call does not return. */
export function traceLine(name: string, errno: Errno | undefined, { args, bytes }: TracedCall): string {
  const view = new View(bytes);
  const given: string[] = [];
  const results: string[] = [];
  const parts = tokens(CALL_FORMS[name] ?? '');
  const placed: [Token, readonly number[]][] = [];
  let k = 0;
  for (const token of parts) {
    const count = KINDS[token.kind][0];
    placed.push([token, args.slice(k, k + count)]);
    k += count;
  }
  const read = placed.find(([token]) => token.isResult && token.kind === 'u32');
  const done = errno === 0 && read !== undefined ? view.u32(read[1][0]) : 0;
  for (const [token, values] of placed) {
    const text = `${token.name}=${KINDS[token.kind][1](view, values, done)}`;
    if (!token.isResult) given.push(text);
    else if (errno === 0) results.push(text);
  }
  const call = `${name}(${given.join(', ')})`;
  if (errno === undefined) return `${call} = ?`;
  if (errno !== 0) return `${call} = ${errno} ${errnoName(errno)}`;
  return `${call} = 0${results.length > 0 ? ` (${results.join(', ')})` : ''}`;
}
