/** Decoding in parts: the same module or error as at once, and never long between two parts (issue 8, item 2). */
import { describe, expect, it } from 'vitest';
import { CompileError } from '../errors';
import { type DecodeOptions, LIMITS, Module } from '.';
import { runParts } from './parts';
import { functionOf, leb, messageOf, moduleOf, section } from './testing';

const I32 = 0x7f;
const END = 0x0b;

function repeated(code: readonly number[], count: number): number[] {
  const all: number[] = [];
  for (let k = 0; k < count; k++) for (const byte of code) all.push(byte);
  return all;
}

/** A module whose sections are long each in its own way, with this last function. */
function moduleWith(last: readonly number[]): Uint8Array {
  const count = 30_000;
  const body = [...repeated([0x41, 1, 0x1a], 60_000), END];
  const bodies = [...leb(body.length + 1), 0, ...body];
  const locals = [1, ...leb(49_999), I32];
  const many = [...leb(locals.length + 1), ...locals, END];
  return moduleOf(
    section('type', leb(count), repeated([0x60, 0, 0], count)),
    section('import', leb(count), repeated([1, 0x61, 1, 0x62, 0, 0], count)),
    section('function', leb(3002), repeated([0], 3002)),
    section('table', 1, 0x70, 0, 1),
    section('global', leb(count), repeated([I32, 0, 0x41, 0, END], count)),
    section(
      'element',
      2,
      1,
      0,
      leb(count),
      repeated([0], count),
      5,
      0x70,
      leb(count),
      repeated([0xd0, 0x70, END], count),
    ),
    section('code', leb(3002), bodies, repeated(many, 3000), leb(last.length), last),
  );
}

const valid = moduleWith([0, END]);
const invalid = moduleWith([0, 0x6a, END]);

function inParts(bytes: Uint8Array) {
  const parts = Module.decodeInParts(bytes);
  for (let count = 0; ; count++) {
    const { done, value } = parts.next();
    if (done) return { count, module: value };
  }
}

describe('a module in parts', () => {
  it('is the module that it is at once', () => {
    const { count, module } = inParts(valid);
    expect(module).toEqual(Module.decode(valid));
    // No part is longer than 16 KiB and an item or two.
    expect(count).toBeGreaterThan(valid.length / 20_000);
  });

  it('fails like it does at once', () => {
    const message = messageOf(() => Module.decode(invalid));
    expect(message).toContain('type mismatch');
    expect(messageOf(() => inParts(invalid))).toBe(message);
  });

  it('may be given up', () => {
    const parts = Module.decodeInParts(invalid);
    for (let k = 0; k < 10; k++) expect(parts.next().done).toBe(false);
    parts.return(undefined as never);
    expect(parts.next().done).toBe(true);
  });
});

/** A function of so many locals in groups of each type in turn, that reads one with the instruction behind it. */
function localsModule(groups: number, localidx: number, then: number): Uint8Array {
  const types = [0x7f, 0x7e, 0x7d, 0x7c];
  const declared: number[] = [];
  for (let k = 0; k < groups; k++) declared.push(...leb(1 + (k % 7)), types[k % 4]);
  const body = [...leb(groups), ...declared, 0x20, ...leb(localidx), then, 0x1a, END];
  return moduleOf(
    section('type', 1, 0x60, 1, I32, 0),
    section('function', 1, 0),
    section('code', 1, leb(body.length), body),
  );
}

it('knows the type of each local, listed or in a group', () => {
  // i32.eqz, i64.eqz, f32.abs, f64.abs
  const tests = [0x45, 0x50, 0x8b, 0x99];
  const types = [0];
  for (let k = 0; k < 100; k++) for (let n = k % 7; n >= 0; n--) types.push(k % 4);
  for (let localidx = 0; localidx < types.length; localidx++) {
    for (const [type, test] of tests.entries()) {
      const message = messageOf(() => Module.decode(localsModule(100, localidx, test)));
      expect(message === undefined).toBe(types[localidx] === type);
    }
  }
  expect(messageOf(() => Module.decode(localsModule(100, types.length, 0x45)))).toContain('unknown local');
});

describe('what is done in one go is limited', () => {
  const decodeBody = (...body: (number | number[])[]) => {
    const code = [0, ...body.flat(), END];
    return Module.decode(
      moduleOf(
        section('type', 1, 0x60, 0, 0),
        section('function', 1, 0),
        section('code', 1, leb(code.length), code),
      ),
    );
  };
  const table = (labels: number) => decodeBody(0x41, 0, 0x0e, leb(labels), repeated([0], labels + 1));
  it('labels of a br_table', () => {
    table(LIMITS.branchTargets);
    expect(() => table(LIMITS.branchTargets + 1)).toThrow(/number of labels in a br_table .* exceeds/);
  });

  const constant = (adds: number) =>
    moduleOf(section('global', 1, I32, 0, 0x41, 0, repeated([0x41, 1, 0x6a], adds), END));
  it('bytes of a constant expression', () => {
    Module.decode(constant(300_000));
    expect(() => Module.decode(constant(400_000))).toThrow(CompileError);
    expect(() => Module.decode(constant(400_000))).toThrow(/constant expression size .* exceeds/);
  });
});

it('reads each name once, whatever its subsection says of its size', () => {
  // Each pair begins a subsection of functions' names that claims to be empty, and would read all that follows.
  const pairs = repeated([1, 0], 100_000);
  const custom = [4, 0x6e, 0x61, 0x6d, 0x65, ...pairs];
  const module = Module.decode(moduleOf(section('custom', custom)));
  expect(module.names.functions.size).toBe(0);
});

describe('progress', () => {
  /** What is told while the module is decoded, at once or in parts. */
  function told(bytes: Uint8Array, decode: (options: DecodeOptions) => unknown): [number, number][] {
    const calls: [number, number][] = [];
    const message = messageOf(() => decode({ onProgress: (done, total) => calls.push([done, total]) }));
    expect(message === undefined).toBe(calls.at(-1)?.[0] === bytes.length);
    return calls;
  }
  const all = (options: DecodeOptions) => runParts(Module.decodeInParts(valid, options));

  it('is told in bytes of the whole, never less than before, and at the end with all of them', () => {
    for (const decode of [all, (options: DecodeOptions) => Module.decode(valid, options)]) {
      const calls = told(valid, decode);
      // The module is longer than fifty parts; a hundred times is enough for any.
      expect(calls.length).toBeGreaterThan(50);
      expect(calls.length).toBeLessThanOrEqual(101);
      expect(calls.every(([, total]) => total === valid.length)).toBe(true);
      const shares = calls.map(([done]) => done);
      expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
    }
  });

  it('goes on in the middle of a long function', () => {
    const bytes = functionOf(repeated([0x41, 1, 0x1a], 300_000));
    expect(told(bytes, (options) => Module.decode(bytes, options)).length).toBeGreaterThan(30);
  });

  it('of a small module is told in few words, and of an invalid one never that it is done', () => {
    const small = functionOf();
    expect(told(small, (options) => Module.decode(small, options)).length).toBeLessThan(5);
    expect(told(invalid, (options) => Module.decode(invalid, options)).length).toBeGreaterThan(50);
  });

  it('ends the decoding by throwing', () => {
    let calls = 0;
    const stop = () => {
      calls++;
      throw new Error('enough');
    };
    expect(() => Module.decode(valid, { onProgress: stop })).toThrow('enough');
    expect(calls).toBe(1);
    expect(() => Module.decode(valid, { onProgress: 5 as never })).toThrow('option "onProgress"');
  });
});
