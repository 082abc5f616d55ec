/** Quiet functions against the definition, taken word by word, over call graphs at random and over hostile ones. */
import { describe, expect, it } from 'vitest';
import { Module } from './decode';
import { isQuiet, MOST_CALLS, MOST_QUIET_INSTRUCTIONS } from './quiet';
import { leb, moduleOf, Random, section, wat } from './testing';

const CALL = 0x10;
const RETURN_CALL = 0x12;
const NOP = 0x01;
const END = 0x0b;
const LOOP = [0x03, 0x40, END];
const INDIRECT = [0x41, 0, 0x11, 0, 0];

/** A function of type [] -> []: so many nops, then calls, then perhaps what makes it loud. */
interface Shape {
  readonly nops: number;
  readonly callees: readonly number[];
  readonly tail?: boolean;
  readonly extra?: readonly number[];
}

/** Function 0 is imported. */
function moduleWith(shapes: readonly Shape[]): Module {
  const bodies: number[] = [];
  for (const { nops, callees, tail, extra = [] } of shapes) {
    const body = [0];
    for (let k = 0; k < nops; k++) body.push(NOP);
    body.push(...extra);
    for (const [k, callee] of callees.entries()) {
      body.push(tail && k === callees.length - 1 ? RETURN_CALL : CALL, ...leb(callee));
    }
    body.push(END);
    for (const byte of leb(body.length)) bodies.push(byte);
    for (const byte of body) bodies.push(byte);
  }
  return Module.decode(
    moduleOf(
      section('type', 1, 0x60, 0, 0),
      section('import', 1, 1, 0x61, 1, 0x62, 0, 0),
      section('function', leb(shapes.length), new Array<number>(shapes.length).fill(0)),
      section('table', 1, 0x70, 0, 1),
      section('code', leb(shapes.length), bodies),
    ),
  );
}

/** The definition: looks at all functions it reaches, and unrolls the calls one by one. */
function naive(shapes: readonly Shape[], funcidx: number): boolean {
  const reached = (from: number): Set<number> => {
    const seen = new Set<number>();
    const queue = [from];
    for (const func of queue) {
      for (const callee of func === 0 ? [] : shapes[func - 1].callees) {
        if (!seen.has(callee)) queue.push(callee);
        seen.add(callee);
      }
    }
    return seen;
  };
  const all = reached(funcidx).add(funcidx);
  for (const func of all) {
    if (func === 0 || shapes[func - 1].extra !== undefined || reached(func).has(func)) return false;
  }
  let count = 0;
  const unrolled = [funcidx];
  while (unrolled.length > 0 && count <= MOST_QUIET_INSTRUCTIONS) {
    const { nops, callees } = shapes[unrolled.pop()! - 1];
    count += nops + callees.length + 1;
    unrolled.push(...callees);
  }
  return count <= MOST_QUIET_INSTRUCTIONS;
}

/** By function index. */
function quietOf(module: Module): boolean[] {
  return Array.from(module.funcTypes, (_, funcidx) => isQuiet(module, funcidx));
}

function randomShapes(r: Random): Shape[] {
  const count = 1 + r.below(12);
  const forward = r.below(3) > 0;
  return Array.from({ length: count }, (_, k) => {
    const first = forward ? k + 2 : 0;
    const last = count + 1;
    const callees = Array.from(
      { length: first < last ? r.below(4) : 0 },
      () => first + r.below(last - first),
    );
    const extra = r.below(12) === 0 ? (r.below(2) === 0 ? LOOP : INDIRECT) : undefined;
    const nops = r.below(4) === 0 ? r.below(MOST_QUIET_INSTRUCTIONS >> 1) : r.below(10);
    return { nops, callees, tail: r.below(2) === 0, extra };
  });
}

it('are those of the definition, in call graphs at random', () => {
  const seen = { quiet: 0, loud: 0 };
  for (let seed = 1; seed <= 600; seed++) {
    const shapes = randomShapes(new Random(seed * 7919));
    const expected = shapes.map((_, k) => naive(shapes, k + 1));
    const module = moduleWith(shapes);
    const actual = quietOf(module);
    // Whoever is asked about first, the answers are the same.
    const backwards = moduleWith(shapes);
    for (let k = shapes.length; k > 0; k--) isQuiet(backwards, k);
    expect([seed, quietOf(backwards)]).toEqual([seed, actual]);
    expect([seed, actual]).toEqual([seed, [false, ...expected]]);
    for (const quiet of expected) seen[quiet ? 'quiet' : 'loud']++;
  }
  expect(seen.quiet).toBeGreaterThan(500);
  expect(seen.loud).toBeGreaterThan(500);
});

describe('the bound', () => {
  const quiet = (shapes: readonly Shape[]) => isQuiet(moduleWith(shapes), 1);
  it('counts every instruction, the final end included', () => {
    expect(quiet([{ nops: MOST_QUIET_INSTRUCTIONS - 1, callees: [] }])).toBe(true);
    expect(quiet([{ nops: MOST_QUIET_INSTRUCTIONS, callees: [] }])).toBe(false);
  });
  it('counts eight locals as an instruction', () => {
    const withLocals = (count: number) => {
      const body = [1, ...leb(count), 0x7f, END];
      const code = section('code', 1, leb(body.length), body);
      return isQuiet(
        Module.decode(moduleOf(section('type', 1, 0x60, 0, 0), section('function', 1, 0), code)),
        0,
      );
    };
    expect(withLocals(8 * MOST_QUIET_INSTRUCTIONS - 1)).toBe(true);
    expect(withLocals(8 * MOST_QUIET_INSTRUCTIONS)).toBe(false);
    expect(withLocals(49_000)).toBe(false);
  });
  it('counts a callee at each of its calls', () => {
    const callee = { nops: 8, callees: [] };
    expect(quiet([{ nops: 0, callees: new Array<number>(9).fill(2) }, callee])).toBe(true);
    expect(quiet([{ nops: 0, callees: new Array<number>(10).fill(2) }, callee])).toBe(false);
  });
});

it('passes over all kinds of immediates', async () => {
  const module = Module.decode(
    await wat(`(module (memory 1) (table 1 funcref) (global $g (mut f64) (f64.const 1))
      (func $f (param i32) (result i32) (local i64 f32)
        (block $b (result i32)
          (drop (i64.const -1)) (drop (f32.const 1)) (global.set $g (f64.const 2))
          (i64.store offset=300 (i32.const 1) (i64.const 1000))
          (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)) (drop (ref.null func))
          (drop (select (result funcref) (ref.null func) (ref.null func) (i32.const 1)))
          (br_table $b $b 1 (i32.const 5) (local.get 0))))
      (func (export "f") (result i32) (call $f (i32.const 1))))`),
  );
  expect(quietOf(module)).toEqual([true, true]);
});

describe('very many functions', () => {
  /** Each function's body is `calls` calls of the next one; the last one's callee is given. */
  function chain(count: number, calls: number, last: number | undefined): Module {
    return moduleWith(
      Array.from({ length: count }, (_, k) => {
        const callee = k + 1 < count ? k + 2 : last;
        return { nops: 0, callees: callee === undefined ? [] : new Array<number>(calls).fill(callee) };
      }),
    );
  }
  const countQuiet = (module: Module) => quietOf(module).filter((quiet) => quiet).length;

  it('in a chain: those near its end', () => {
    // The last one is 1 instruction, each before it 2 more.
    expect(countQuiet(chain(200_000, 1, undefined))).toBe(Math.ceil(MOST_QUIET_INSTRUCTIONS / 2));
  });
  it('in a circle: none', () => expect(countQuiet(chain(100_000, 1, 1))).toBe(0));
  it('in diamonds: those whose tree is small', () => {
    // c(k + 1) = 2 c(k) + 3 from 1 on: 1, 5, 13, 29, 61.
    expect(countQuiet(chain(100_000, 2, undefined))).toBe(5);
  });
});

describe('a crowded function', () => {
  const longest = { nops: MOST_QUIET_INSTRUCTIONS - 1, callees: [] };
  /** Function 1 calls so often; 2 is quiet, and as long as that may be; 3 is loud. */
  const callers = (calls: number, callee: number, repeated?: readonly number[]) => {
    const extra = repeated && Array.from({ length: calls }, () => repeated).flat();
    const callees = repeated === undefined ? new Array<number>(calls).fill(callee) : [];
    return quietOf(moduleWith([{ nops: 0, callees, extra }, longest, { nops: 0, callees: [], extra: LOOP }]));
  };
  const onlyLongest = [false, false, true, false];
  const nothing = [false, false, false, false];

  it.each([
    ['quiet functions', 2, undefined],
    ['functions that are not quiet', 3, undefined],
    ['imported functions', 0, undefined],
    ['functions that it does not name', 0, INDIRECT],
    ['anything in a tail', 2, [RETURN_CALL, 2]],
  ] as const)('is one that calls very often: nothing is quiet then (%s)', (_, callee, repeated) => {
    expect(callers(MOST_CALLS, callee, repeated)).toEqual(onlyLongest);
    expect(callers(MOST_CALLS + 1, callee, repeated)).toEqual(nothing);
  });
  it('is not made of several that call often together', () => {
    const caller = { nops: 0, callees: new Array<number>(MOST_CALLS - 1).fill(3) };
    const module = moduleWith([caller, caller, { nops: 0, callees: [] }]);
    expect(quietOf(module)).toEqual([false, false, false, true]);
  });
});
