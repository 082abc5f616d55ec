/** What a terminal is told of long work, counted; and that nothing else is told. */
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cli } from '../../embed/node/wasi-tests/cli';
import { leb, moduleOf, name, section } from '../decoder/testing';
import { Module } from '../index';
import { type Display, during, Progress } from './progress';

/** A terminal whose clock goes on by so many milliseconds each time that somebody looks at it. */
function fake(pace: number, visible = true) {
  let time = 0;
  const lines: string[] = [];
  const display: Display = {
    visible,
    now: () => {
      time += pace;
      return time;
    },
    show: (line) => {
      lines.push(line);
    },
  };
  return { display, lines };
}

it('says nothing of work that is soon done', () => {
  const { display, lines } = fake(1);
  const progress = new Progress('checking', display);
  for (let k = 0; k < 150; k++) progress.share(k, 150);
  progress.end();
  expect(lines).toEqual([]);
});

it('says how far long work is, not too often, and takes it away at the end', () => {
  const { display, lines } = fake(10);
  const progress = new Progress('checking big.wasm', display);
  for (let k = 0; k < 200; k++) progress.share(k, 200);
  progress.end();
  // 2 s: the first after 200 ms, then one each 100 ms.
  expect(lines.length).toBe(19 + 1);
  expect(lines[0]).toBe('tswasm: checking big.wasm: 9 %, 0 s');
  expect(lines.at(-2)).toBe('tswasm: checking big.wasm: 99 %, 2 s');
  expect(lines.at(-1)).toBe('');
  progress.end();
  expect(lines.length).toBe(20);
});

it('announces large work that cannot be looked at, and clears that, also when it fails', () => {
  const { display, lines } = fake(1);
  expect(during('writing s.dmp', 15_000_000, () => 7, display)).toBe(7);
  expect(lines).toEqual([]);
  expect(during('writing s.dmp', 64_000_000, () => lines.length, display)).toBe(1);
  expect(lines).toEqual(['tswasm: writing s.dmp (64.0 MB)', '']);
  const fail = () => {
    throw new Error('disk full');
  };
  expect(() => during('writing s.dmp', 64_000_000, fail, display)).toThrow('disk full');
  expect(lines.length).toBe(4);
  expect(lines.at(-1)).toBe('');
});

it('says nothing where nobody looks, and does not even look at the clock', () => {
  let looked = 0;
  const display: Display = {
    visible: false,
    now: () => {
      looked++;
      return looked * 10_000;
    },
    show: () => {
      throw new Error('shown');
    },
  };
  const progress = new Progress('checking', display);
  for (let k = 0; k < 100; k++) progress.share(k, 100);
  progress.end();
  expect(during('reading', 1e9, () => 1, display)).toBe(1);
  expect(looked).toBe(1);
});

/** A module of about so many bytes, most of them code, and a short function `f`. */
function large(size: number): Uint8Array {
  const count = 4;
  const length = Math.floor(size / count);
  const head = moduleOf(
    section('type', 1, 0x60, 0, 0),
    section('function', leb(count + 1), Array(count + 1).fill(0)),
    section('export', 1, name('f'), 0, 0),
  );
  const codeSize = leb(count + 1).length + 3 + count * (leb(length).length + length);
  const bytes = new Uint8Array(head.length + 1 + leb(codeSize).length + codeSize);
  bytes.set(head);
  bytes.set([10, ...leb(codeSize), ...leb(count + 1), 2, 0, 0x0b], head.length);
  let at = bytes.length - count * (leb(length).length + length);
  for (let k = 0; k < count; k++) {
    bytes.set(leb(length), at);
    at += leb(length).length;
    // Behind the declaration of no locals: nops.
    bytes.fill(0x01, at + 1, at + length - 1);
    bytes[at + length - 1] = 0x0b;
    at += length;
  }
  return bytes;
}

it('puts nothing into a pipe, however large the module', async () => {
  const file = path.join(tmpdir(), `tswasm-large-${process.pid}.wasm`);
  const bytes = large(16_000_000);
  writeFileSync(file, bytes);
  try {
    let calls = 0;
    Module.decode(bytes, {
      onProgress: () => {
        calls++;
      },
    });
    // There was something to tell.
    expect(calls).toBeGreaterThan(50);
    const run = await cli(['--invoke', 'f()', file], { timeout: 200_000 });
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' });
  } finally {
    rmSync(file);
  }
}, 300_000);
