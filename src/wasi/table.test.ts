import { expect, it } from 'vitest';
import { RuntimeError } from '../errors';
import * as ERRNO from './errno';
import { MemoryFileSystem } from './files/memory';
import { overlay } from './files/overlay';
import type { SocketHandle, StreamHandle } from './host';
import { nullStream } from './streams';
import { CALLS } from './table';
import { type Argument, FakeHost, fakeGuest } from './testing';
import { u64 } from './words';

it('has the 46 calls of preview 1, each once', () => {
  const names = CALLS.map(({ name }) => name);
  expect(names.length).toBe(46);
  expect(new Set(names).size).toBe(46);
  expect(names).toContain('sock_accept');
});

it('answers only to the published module names', () => {
  const { wasi } = fakeGuest();
  expect(wasi.callback('wasi_snapshot_preview1', 'fd_read')).toBeDefined();
  expect(wasi.callback('wasi_unstable', 'fd_read')).toBeDefined();
  expect(wasi.callback('wasi', 'thread-spawn')).toBeUndefined();
  expect(wasi.callback('wasi_snapshot_preview1', 'toString')).toBeUndefined();
});

function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state;
  }
}

/** Small numbers, pointers near the edges, huge ones, negative ones. */
function argument(n: number, m: number, wide: boolean): Argument {
  const values = [n % 8, n % 32, 65536 - (n % 16), n % 65536, n, 0xffffffff - (n % 4), 1000 + (n % 64)];
  const value = values[m % values.length];
  if (!wide) return value;
  return m % 3 === 0 ? u64(value, 0) : u64(value, m % 3 === 1 ? n : 0xffffffff);
}

it('gives an errno or a trap for any arguments, never another exception', () => {
  const base = MemoryFileSystem.create();
  base.writeFile('dir/file', 'contents');
  base.symlink('dir', 'link');
  const random = numbers(7);
  const next = () => random.next().value;
  for (let round = 0; round < 200; round++) {
    const preopens = [{ path: '/', directory: overlay(base.directory(), { maxBytes: 1 << 20 }).directory() }];
    const g = fakeGuest({ host: new FakeHost(), preopens, limits: { openFiles: 12 } });
    for (let at = 0; at < 65536; at += 4) g.setU32(at, next() % 3 === 0 ? next() : next() % 256);
    const paths = ['dir/file', '../..', 'link/file', 'new', '/', 'dir', '.'];
    paths.forEach((path, i) => {
      g.bytes.set(Buffer.from(`${path}\0`), 1000 + i * 9);
    });
    for (let step = 0; step < 100; step++) {
      const { name, params } = CALLS[next() % CALLS.length];
      if (name === 'proc_exit') continue;
      const args = Array.from(params, (letter) => argument(next(), next() >>> 8, letter === 'I'));
      const result = g.poke(name, args);
      const fine = typeof result === 'number' ? result >= 0 && result <= 76 : result instanceof RuntimeError;
      if (!fine)
        throw new Error(`${name}(${JSON.stringify(args)}) gave ${String((result as Error).stack ?? result)}`);
    }
  }
  expect([...base.entries()].map(({ path }) => path)).toEqual(['dir', 'dir/file', 'link']);
});

it('says which calls may have to wait: those that do when nothing is ever ready', () => {
  const never = (): number => -ERRNO.AGAIN;
  const stream: StreamHandle = { ...nullStream(), read: never, write: never };
  const socket: SocketHandle = {
    ...stream,
    kind: 'socket',
    listening: false,
    accept: () => ERRNO.AGAIN,
    peek: never,
    shutdown: () => ERRNO.SUCCESS,
  };
  const host = new FakeHost({ stdin: stream, stdout: stream, stderr: stream });
  host.wait = () => ({ promise: new Promise(() => undefined), cancel: () => undefined });
  const base = MemoryFileSystem.create();
  base.writeFile('file', 'contents');
  const preopens = [{ path: '/', directory: base.directory() }];
  const sockets = [socket, { ...socket, listening: true }];
  const random = numbers(11);
  const next = () => random.next().value;
  const waiting = new Set<string>();
  for (let round = 0; round < 40; round++) {
    const g = fakeGuest({ host, preopens, sockets, blocking: false });
    for (let at = 0; at < 65536; at += 4) g.setU32(at, next() % 256);
    // A clock that shows that time in a second; and buffers.
    const poll = 2000;
    g.bytes.fill(0, poll, poll + 48);
    g.setU32(poll + 24, 1e9);
    const buffers = g.iovs(g.place('text'));
    const calls: [string, readonly Argument[]][] = [
      ['poll_oneoff', [poll, 3000, 1, 4000]],
      ['sock_recv', [3, ...buffers, 0, 4000, 4004]],
      ['sock_send', [3, ...buffers, 0, 4000]],
      ['sock_accept', [4, 0, 4000]],
      ['fd_read', [0, ...buffers, 4000]],
      ['fd_write', [1 + (round % 2), ...buffers, 4000]],
    ];
    for (const { name, params } of CALLS) {
      if (name === 'proc_exit') continue;
      const wide = (letter: string) => letter === 'I';
      const args = Array.from(params, (letter, k) =>
        k === 0 && !wide(letter) ? next() % 7 : argument(next(), next() >>> 8, wide(letter)),
      );
      calls.push([name, args]);
    }
    for (const [name, args] of calls) {
      try {
        g.call(name, ...args);
      } catch (error) {
        if ((error as Error).message === `${name} waits`) waiting.add(name);
      }
    }
  }
  const listed = CALLS.filter(({ waits }) => waits).map(({ name }) => name);
  expect([...waiting].sort()).toEqual(listed.sort());
});
