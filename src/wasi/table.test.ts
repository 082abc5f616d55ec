import { expect, it } from 'vitest';
import { RuntimeError } from '../errors';
import { MemoryFileSystem } from './files/memory';
import { overlay } from './files/overlay';
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
