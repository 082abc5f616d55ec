import { beforeEach, expect, it } from 'vitest';
import { RuntimeError } from '../../errors';
import * as ERRNO from '../errno';
import { MemoryFileSystem } from '../files/memory';
import * as FILETYPE from '../filetype';
import type { StreamHandle } from '../host';
import * as RIGHTS from '../rights';
import { inputStream, nullStream, outputStream } from '../streams';
import { ALL, type FakeGuest, FakeHost, fakeGuest, WRITE } from '../testing';
import { u64 } from '../words';

let g: FakeGuest;
let out: string;
let host: FakeHost;
beforeEach(() => {
  out = '';
  host = new FakeHost({
    stdin: inputStream(Buffer.from('line one\nline two\n')),
    stdout: outputStream((bytes) => {
      out += Buffer.from(bytes).toString();
    }),
  });
  const preopens = [{ path: '/data', directory: MemoryFileSystem.create().directory() }];
  g = fakeGuest({ host, preopens, limits: { openFiles: 8, outputBytes: 20 } });
});

it('standard streams', () => {
  expect(g.read(0, 9)).toBe('line one\n');
  expect(g.read(0)).toBe('line two\n');
  expect(g.read(0)).toBe('');
  expect(g.write(1, 'hello')).toBe(5);
  expect(out).toBe('hello');
  expect(g.write(0, 'x')).toBe('EBADF');
  expect(g.read(1)).toBe('EBADF');
  expect(g.write(2, 'swallowed')).toBe(9);
  expect(g.call('fd_seek', 1, 0, 0, 100)).toBe('ESPIPE');
  expect(g.call('fd_pread', 0, ...g.iovs([100, 1]), 0, 4000)).toBe('ESPIPE');
  expect(g.call('fd_filestat_get', 1, 100)).toBe('ESUCCESS');
  expect(g.call('fd_fdstat_get', 1, 100)).toBe('ESUCCESS');
  // That is how isatty() knows: no seeking, no telling.
  expect(g.u32(108) & (RIGHTS.FD_SEEK | RIGHTS.FD_TELL)).toBe(0);
});

it('stops output at its quota', () => {
  expect(g.write(1, '0123456789')).toBe(10);
  expect(g.write(2, '01234567890')).toBe('EDQUOT');
  expect(g.write(2, '0123456789')).toBe(10);
  expect(g.write(1, '!')).toBe('EDQUOT');
  expect(out).toBe('0123456789');
});

it('descriptors that are not there', () => {
  for (const fd of [8, 1000, 0xffffffff]) {
    expect(g.write(fd, 'x')).toBe('EBADF');
    for (const name of ['fd_close', 'fd_sync', 'fd_datasync']) expect(g.call(name, fd)).toBe('EBADF');
    expect(g.call('fd_fdstat_get', fd, 0)).toBe('EBADF');
    expect(g.call('fd_prestat_get', fd, 0)).toBe('EBADF');
    expect(g.call('fd_readdir', fd, 0, 0, 0, 0)).toBe('EBADF');
    expect(g.path('path_unlink_file', 'x', fd)).toBe('EBADF');
    expect(g.call('sock_shutdown', fd, 1)).toBe('EBADF');
  }
  expect(g.call('fd_prestat_get', 1, 0)).toBe('EBADF');
});

it('preopens tell their names', () => {
  expect(g.call('fd_prestat_get', 3, 100)).toBe('ESUCCESS');
  expect([g.u8(100), g.u32(104)]).toEqual([0, 5]);
  expect(g.call('fd_prestat_dir_name', 3, 200, 5)).toBe('ESUCCESS');
  expect(g.text(200, 6)).toBe('/data\0');
  expect(g.call('fd_prestat_dir_name', 3, 200, 4)).toBe('ENAMETOOLONG');
});

it('gives out the lowest numbers, up to the limit', () => {
  expect(g.call('fd_close', 0)).toBe('ESUCCESS');
  expect(g.open('f', { oflags: 1, rights: WRITE })).toBe(0);
  for (const fd of [4, 5, 6, 7]) expect(g.open('f')).toBe(fd);
  expect(g.open('f')).toBe('EMFILE');
});

it('renumbers', () => {
  const a = g.open('a', { oflags: 1, rights: WRITE }) as number;
  const b = g.open('b', { oflags: 1, rights: WRITE }) as number;
  g.write(a, 'AA');
  expect(g.call('fd_renumber', a, b)).toBe('ESUCCESS');
  expect(g.call('fd_close', a)).toBe('EBADF');
  expect(g.call('fd_renumber', b, a)).toBe('EBADF');
  expect(g.call('fd_renumber', b, b)).toBe('ESUCCESS');
  g.write(b, 'BB');
  expect(g.stat('a')).toMatchObject({ size: 4 });
  expect(g.call('fd_renumber', 1, b)).toBe('ESUCCESS');
  expect(g.write(b, 'to stdout')).toBe(9);
  expect(out).toBe('to stdout');
});

it('rights are asked for, and only given up', () => {
  const fd = g.open('f', { oflags: 1, rights: u64(RIGHTS.FD_READ | RIGHTS.FD_WRITE, 0) }) as number;
  expect(g.call('fd_fdstat_get', fd, 100)).toBe('ESUCCESS');
  expect(g.u8(100)).toBe(FILETYPE.REGULAR_FILE);
  expect(g.u64(108)).toBe(RIGHTS.FD_READ | RIGHTS.FD_WRITE);
  expect(g.u64(116)).toBe(0);
  for (const [name, ...args] of [
    ['fd_seek', 0, 0, 100],
    ['fd_tell', 100],
    ['fd_sync'],
    ['fd_datasync'],
    ['fd_advise', 0, 0, 0],
    ['fd_allocate', 0, 1],
    ['fd_filestat_get', 100],
    ['fd_filestat_set_size', 1],
    ['fd_filestat_set_times', 0, 0, 0],
    ['fd_fdstat_set_flags', 1],
  ] as const) {
    expect(g.call(name, fd, ...args), name).toBe('ENOTCAPABLE');
  }
  expect(g.call('fd_fdstat_set_rights', fd, RIGHTS.FD_READ, 0)).toBe('ESUCCESS');
  expect(g.write(fd, 'x')).toBe('ENOTCAPABLE');
  expect(g.call('fd_fdstat_set_rights', fd, RIGHTS.FD_READ | RIGHTS.FD_WRITE, 0)).toBe('ENOTCAPABLE');
  expect(g.call('fd_fdstat_set_rights', fd, u64(RIGHTS.FD_READ, 1), 0)).toBe('ENOTCAPABLE');
});

it('directories hand on no more than they have', () => {
  g.path('path_create_directory', 'd');
  const dir = g.open('d', {
    oflags: 2,
    rights: u64(RIGHTS.PATH_OPEN | RIGHTS.PATH_CREATE_FILE, 0),
    inheriting: u64(RIGHTS.FD_READ, 0),
  }) as number;
  expect(g.open('f', { at: dir, oflags: 1, rights: WRITE })).toBe('ENOTCAPABLE');
  const file = g.open('f', { at: dir, oflags: 1, rights: u64(RIGHTS.FD_READ | RIGHTS.FD_SEEK, 0) }) as number;
  expect(g.call('fd_seek', file, 0, 0, 100)).toBe('ENOTCAPABLE');
  expect(g.path('path_create_directory', 'x', dir)).toBe('ENOTCAPABLE');
  expect(g.path('path_unlink_file', 'f', dir)).toBe('ENOTCAPABLE');
  expect(g.call('fd_readdir', dir, 0, 100, 0, 4000)).toBe('ENOTCAPABLE');
});

it('iovecs that lead out of memory are traps, and nothing is written', () => {
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  const good = g.place('good');
  for (const bad of [
    [65536, 1],
    [65530, 100],
    [0xffffffff, 0xffffffff],
    [0, 0xffffffff],
  ] as const) {
    expect(() => g.call('fd_write', fd, ...g.iovs(good, bad), 4000)).toThrow(RuntimeError);
    expect(() => g.call('fd_read', fd, ...g.iovs(good, bad), 4000)).toThrow(RuntimeError);
  }
  expect(() => g.call('fd_write', fd, 65000, 1000, 4000)).toThrow(RuntimeError);
  expect(() => g.call('fd_write', fd, 0, 0xffffffff, 4000)).toThrow(RuntimeError);
  expect(() => g.call('fd_write', fd, ...g.iovs(good), 65533)).toThrow(RuntimeError);
  expect(g.stat('f')).toMatchObject({ size: 0 });
});

it('negative lengths, counts and offsets are traps or errnos', () => {
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  const all = 0xffffffff;
  const buffer = g.iovs(['x'.length, all]);
  const trapping: [string, ...(number | ReturnType<typeof u64>)[]][] = [
    ['fd_write', fd, ...buffer, 4000],
    ['fd_read', fd, ...buffer, 4000],
    ['fd_write', fd, buffer[0], all, 4000],
    ['fd_readdir', 3, 100, all, 0, 4000],
    ['random_get', 100, all],
    ['poll_oneoff', 100, 200, all, 4000],
    ['path_open', 3, 0, 100, all, 0, 0, 0, 0, 4000],
    ['path_readlink', 3, 100, 1, 200, all, 4000],
  ];
  for (const [name, ...args] of trapping) {
    expect(() => g.call(name, ...args), name).toThrow('out of bounds memory access');
  }
  const minusOne = u64(all, all);
  expect(g.call('fd_pread', fd, ...g.iovs([100, 4]), minusOne, 4000)).toBe('EINVAL');
  expect(g.call('fd_pwrite', fd, ...g.iovs([100, 4]), minusOne, 4000)).toBe('EINVAL');
  expect(g.call('fd_seek', fd, minusOne, 0, 4000)).toBe('EINVAL');
  expect(g.call('fd_filestat_set_size', fd, minusOne)).toMatch(/EINVAL|EFBIG/);
  expect(g.call('fd_allocate', fd, minusOne, minusOne)).toMatch(/EINVAL|EFBIG/);
  expect(g.call('fd_advise', fd, minusOne, minusOne, 99)).toBe('EINVAL');
});

it('thousands of buffers are moved in parts', () => {
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  g.bytes = new Uint8Array(1 << 20);
  const at = 100_000;
  for (let i = 0; i < 5000; i++) {
    g.setU32(at + i * 8, 0);
    g.setU32(at + i * 8 + 4, 2);
  }
  expect(g.call('fd_write', fd, at, 5000, 4000)).toBe('ESUCCESS');
  expect(g.u32(4000)).toBe(2048);
});

it('a write that would pass the end of all offsets is refused', () => {
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  expect(g.call('fd_pwrite', fd, ...g.iovs(g.place('x')), u64(0xffffffff, 0x1fffff), 4000)).toBe('EFBIG');
  expect(g.call('fd_pwrite', fd, ...g.iovs(g.place('x')), ALL, 4000)).toBe('EINVAL');
  expect(g.call('fd_seek', fd, u64(0xffffffff, 0x1fffff), 0, 100)).toBe('ESUCCESS');
  expect(g.write(fd, 'x')).toBe('EFBIG');
  expect(g.call('fd_seek', fd, 1, 1, 100)).toBe('EINVAL');
});

/** Nothing to read and no room to write, until it is fed. */
function slowStream(): StreamHandle & { feed(text: string): void } {
  let input = '';
  let room = false;
  return {
    ...nullStream(),
    feed(text) {
      input = text;
      room = true;
    },
    available: () => (input === '' ? -1 : input.length),
    writable: () => room,
    read(buffers) {
      if (input === '') return -ERRNO.AGAIN;
      const count = Math.min(buffers[0].length, input.length);
      buffers[0].set(Buffer.from(input.slice(0, count)));
      input = input.slice(count);
      return count;
    },
    write: (buffers) => (room ? buffers[0].length : -ERRNO.AGAIN),
  };
}

it('waits for streams, blocking or not', async () => {
  for (const blocking of [true, false]) {
    const stream = slowStream();
    host = new FakeHost({ stdin: stream, stdout: stream });
    host.onWait = ([interest]) => {
      expect(interest.stream).toBe(stream);
      if (host.waits.length === 3) stream.feed('fed');
    };
    g = fakeGuest({ host, blocking });
    const buffer = g.place(new Uint8Array(10));
    expect(await g.wait('fd_read', 0, ...g.iovs(buffer), 4000)).toBe('ESUCCESS');
    expect(g.text(buffer[0], g.u32(4000))).toBe('fed');
    expect(host.waits).toEqual([Infinity, Infinity, Infinity]);
    expect(await g.wait('fd_write', 1, ...g.iovs(buffer), 4000)).toBe('ESUCCESS');
  }
});

it('does not wait with NONBLOCK, nor on a host that cannot', async () => {
  g = fakeGuest({ host: new FakeHost({ stdin: slowStream() }) });
  g.call('fd_fdstat_set_flags', 0, 4);
  expect(g.read(0)).toBe('EAGAIN');
  expect(g.call('fd_fdstat_set_flags', 0, 64)).toBe('EINVAL');
  const bare = {
    realtime: host.realtime,
    monotonic: () => u64(0, 0),
    random: () => undefined,
    stdin: slowStream(),
  };
  expect(await fakeGuest({ host: bare }).wait('fd_read', 0, ...g.iovs([100, 4]), 4000)).toBe('ENOTSUP');
});

it('wasi_unstable counts whence differently and has a shorter filestat', () => {
  const old = fakeGuest(
    { preopens: [{ path: '/', directory: MemoryFileSystem.create().directory() }] },
    'wasi_unstable',
  );
  const fd = old.open('f', { oflags: 1, rights: WRITE }) as number;
  old.write(fd, 'abcdef');
  expect(old.call('fd_seek', fd, 2, 2, 100)).toBe('ESUCCESS');
  expect(old.u64(100)).toBe(2);
  expect(old.call('fd_seek', fd, 1, 0, 100)).toBe('ESUCCESS');
  expect(old.u64(100)).toBe(3);
  expect(old.call('fd_seek', fd, 0, 1, 100)).toBe('ESUCCESS');
  expect(old.u64(100)).toBe(6);
  old.bytes.fill(0xee, 200, 264);
  expect(old.call('fd_filestat_get', fd, 200)).toBe('ESUCCESS');
  expect([old.u8(216), old.u32(220), old.u64(224)]).toEqual([FILETYPE.REGULAR_FILE, 1, 6]);
  expect(old.u8(256)).toBe(0xee);
});
