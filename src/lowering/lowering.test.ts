/** What functions are lowered to, compared as text; and that it takes work in proportion to the body, in slices as at once. */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { compile } from '../testing';
import { Lowering, lower, MAX_TREE, MAX_WAITING, printLowered } from '.';
import { REFERENCE_SHAPES, referenceShapeModule, SHAPES, shapeModule } from './shapes';

const listing = (module: Module, funcidx: number) =>
  [...printLowered(module, lower(module, funcidx))].join('\n');

const modules: [name: string, module: Module][] = Object.entries(SHAPES).map(([name, body]) => [
  name,
  compile(shapeModule(body)),
]);
for (const [name, body] of Object.entries(REFERENCE_SHAPES)) {
  modules.push([name, Module.decode(await parse(referenceShapeModule(body)))]);
}

describe('shapes', () => {
  for (const [name, module] of modules) {
    it(name, async () => {
      const file = `golden/${name.replaceAll(' ', '-')}.txt`;
      await expect(`${listing(module, 0)}\n`).toMatchFileSnapshot(file);
    });
    it(`${name}: in slices of one instruction`, () => {
      const lowering = new Lowering(module, 0);
      let lowered = lowering.run(1);
      while (lowered === undefined) lowered = lowering.run(1);
      expect([...printLowered(module, lowered)].join('\n')).toBe(listing(module, 0));
    });
  }
});

it('computes vectors into slots, and reads their lanes there', async () => {
  const module = compile(`(module (memory 1) (global $g (mut v128) (v128.const i32x4 0 0 0 0))
    (func (param $a i32) (param $v v128) (param $w v128) (result i32) (local $x v128)
      (local.set $x (i32x4.add (local.get $v) (i32x4.mul (v128.load offset=4 (local.get $a)) (local.get $w))))
      (local.set $v (select (local.get $v) (i32x4.splat (local.get $a)) (v128.any_true (local.get $x))))
      (local.set $w (f32x4.replace_lane 3 (local.get $w) (f32.load (local.get $a))))
      (v128.store16_lane 5 (local.get $a) (i16x8.shl (local.get $w) (i32.const 3)))
      (global.set $g (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (global.get $g) (local.get $v)))
      (drop (v128.load8_lane 9 (local.get $a) (local.get $x)))
      (i32.add (i8x16.extract_lane_s 7 (local.get $x))
        (i32.add (i32x4.extract_lane 3 (local.get $w)) (i32.wrap_i64 (i64x2.extract_lane 1 (local.get $v)))))))`);
  await expect(`${listing(module, 0)}\n`).toMatchFileSnapshot('golden/vectors.txt');
});

it('computes on floats in memory, and on constants, without a place for them', async () => {
  const module = compile(`(module (memory 1)
    (func (param $a i32) (param $x v128) (param $y v128) (local $k v128)
      (v128.store (local.get $a)
        (f32x4.add
          (f32x4.mul (local.get $x) (v128.load offset=16 (local.get $a)))
          (f32x4.mul (v128.const f32x4 0.5 0.5 0.5 0.5) (v128.load offset=32 (local.get $a)))))
      (local.set $k (v128.const f64x2 2 2))
      (local.set $y (f64x2.div (f64x2.sub (v128.load (local.get $a)) (local.get $y)) (local.get $k)))
      (v128.store (local.get $a) (f64x2.mul (v128.const f64x2 1 2) (f64x2.add (v128.load (local.get $a)) (local.get $y))))))`);
  await expect(`${listing(module, 0)}\n`).toMatchFileSnapshot('golden/direct.txt');
});

it('has room for as many constants in a tree of vectors as it has instructions', () => {
  const sums = (count: number): string =>
    count === 0 ? '(local.get $x)' : `(i32x4.add ${sums(count - 1)} (v128.const i32x4 1 1 1 1))`;
  const module = compile(`(module (func (param $x v128) (local.set $x ${sums(MAX_TREE)})))`);
  expect(listing(module, 0).match(/ = i32x4\.add/g)).toHaveLength(1);
});

describe('lanes in locals', () => {
  const lanesOf = (body: string) =>
    listing(
      compile(`(module (memory 1) (func $pause (loop)) (func (param $x v128) (param $y v128) (result i32)
        (local $v v128) (local $l i32) (local $n i32) ${body} (local.get $n)))`),
      1,
    );
  const V = '(local.set $v (i32x4.mul (local.get $x) (local.get $y)))';
  const L = '(local.set $l (i32x4.extract_lane 1 (local.get $v)))';
  const N = '(local.set $n (i32.load8_u (i32.add (local.get $n) (local.get $l))))';
  const count = (text: string, what: string) => text.split(what).length - 1;

  it('are read where they are, and not written when nothing reads them before they have others', () => {
    const twice = lanesOf(V + L + N + V + L + N);
    expect(count(twice, 'i32.load8_u [i32.add(local 4, local 2 upper)]')).toBe(2);
    expect(count(twice, 'local 3 = ')).toBe(1);
    expect(count(twice, 'local 2 = i32x4.mul')).toBe(2);
    expect(count(lanesOf(V + V + V + L + N), 'local 2 = i32x4.mul')).toBe(1);
  });

  it('are written where control flow goes elsewhere, and not read where it came from', () => {
    for (const elsewhere of [
      '(call $pause)',
      '(if (local.get $n) (then))',
      '(block)',
      '(loop)',
      '(br_if 0 (local.get $n) (local.get $n)) (drop)',
    ]) {
      const twice = lanesOf(V + L + elsewhere + N + V + L + N);
      expect(count(twice, 'local 3 = '), elsewhere).toBe(2);
      expect(count(twice, 'i32.add(local 4, local 3)'), elsewhere).toBe(1);
    }
  });

  it('are those of the vector that was there', () => {
    const changed = lanesOf(`${V + L}(local.set $v (v128.const i32x4 1 2 3 4))${N}`);
    expect(changed).toContain('i32.add(local 4, local 3)');
    expect(lanesOf(`${V + L}(local.set $l (i32.const 5))${N}`)).toContain('i32.add(local 4, local 3)');
  });

  it('keep what traps', () => {
    const load = '(local.set $v (v128.load (local.get $n)))';
    expect(count(lanesOf(load + load), 'v128.load')).toBe(2);
  });

  it('are as many as one looks at', () => {
    const locals = Array.from(
      { length: 40 },
      (_, k) => `(local.set $l${k} (i32x4.extract_lane 2 (local.get $x)))`,
    );
    const module = compile(
      `(module (func (param $x v128) (result i32) ${Array.from({ length: 40 }, (_, k) => `(local $l${k} i32)`).join('')}
        ${locals.join('')} ${locals.join('')} (i32.add (local.get $l0) (local.get $l39))))`,
    );
    expect(listing(module, 0)).toContain('i32.add(local 1, local 0 + 1)');
    expect(count(listing(module, 0), ' = local 0 + 1')).toBe(80);
  });
});

it('prints the index of a 64-bit memory and table', () => {
  const module = compile(
    `(module (memory i64 1) (func (param i64) (result i32) (i32.load offset=4 (local.get 0))))`,
  );
  expect(listing(module, 0)).toContain('i32.load [narrow(local 0) + 4]');
});

/** Work of lowering for each byte of the body, for shapes of growing size: tall stacks under all kinds of statements. */
describe('work grows with the body alone', () => {
  /** At most so much for each byte: a push, its place in a list, and the operands that wait while a statement looks at them. */
  const FACTOR = 2 * MAX_WAITING + 8;
  const UNDER: Readonly<Record<string, string>> = {
    'local.set': '(local.set 0 (i32.const 1))',
    'local.set of a load': '(local.set 0 (i32.load (i32.const 1)))',
    'global.set': '(global.set 0 (i32.const 1))',
    block: '(block)',
    loop: '(loop (br_if 0 (i32.const 0)))',
    if: '(if (local.get 0) (then))',
    'if else': '(if (local.get 0) (then (nop)) (else (nop)))',
    store: '(i32.store (i32.const 0) (i32.const 1))',
    call: '(call $none)',
    call_indirect: '(call_indirect (type $n) (i32.const 0))',
    br_if: '(br_if $out (local.get 0))',
    br_table: '(block (block (br_table 0 1 1 0 1 (local.get 0))))',
    drop: '(drop (i32.load (i32.const 4)))',
    'memory.fill': '(memory.fill (i32.const 0) (i32.const 1) (i32.const 2))',
    'memory.grow': '(drop (memory.grow (i32.const 0)))',
    'table.get': '(drop (table.get 0 (i32.const 0)))',
    select: '(drop (select (local.get 0) (i32.const 1) (local.get 0)))',
  };
  const TALL: Readonly<Record<string, string>> = {
    constants: '(i32.const 5) ',
    locals: '(local.get 0) ',
    loads: '(i32.load (i32.const 4)) ',
    globals: '(global.get 0) ',
  };
  const bodyOf = (operand: string, statement: string, n: number) =>
    `(module (type $n (func)) (memory 1) (table 1 funcref) (global (mut i32) (i32.const 0)) (func $none)
      (func (param i32) (block $out ${operand.repeat(n)} ${statement.repeat(n)} (unreachable))))`;
  for (const [operands, operand] of Object.entries(TALL)) {
    it.each(Object.entries(UNDER))(`${operands} under %s`, (_, statement) => {
      for (const n of [50, 500, 2000]) {
        const module = compile(bodyOf(operand, statement, n));
        const lowering = new Lowering(module, 1);
        lowering.run(Number.POSITIVE_INFINITY);
        expect(lowering.work / (module.codeEnd[1] - module.codeStart[1])).toBeLessThan(FACTOR);
      }
    });
  }

  it('moves the values of a branch together', () => {
    const many = Array.from({ length: 900 }, () => 'i32').join(' ');
    const branches = '(br_if $out (local.get 0))'.repeat(2000);
    const module = compile(`(module (func $all (result ${many}) (unreachable))
      (func (param i32) (result ${many}) (block $out (result ${many}) (i32.const 1) (call $all) ${branches} (br $out))))`);
    const lowering = new Lowering(module, 1);
    lowering.run(Number.POSITIVE_INFINITY);
    expect(lowering.work).toBeLessThan(20 * (module.codeEnd[1] - module.codeStart[1]));
  });

  it('keeps 50,000 locals in one group', () => {
    const module = compile(`(module (func ${'(local i64)'.repeat(50_000)} (local.set 49999 (i64.const 1))))`);
    const body = lower(module, 0);
    expect(body.locals.groups.length).toBe(1);
    expect(body.slots).toBe(50_001);
  });
});

it('keeps one list of types for all branches to a label', () => {
  const types = Array.from({ length: 50 }, () => 'i32').join(' ');
  const module = compile(`(module (func $many (result ${types}) unreachable) (func $sink (param ${types}))
    (func (param i32) (block (result ${types}) (i32.const 7) (call $many)
      (br_if 0 (local.get 0)) (br_if 0 (local.get 0)) (br_if 0 (local.get 0))
      (call $sink) drop (call $many)) (call $sink)))`);
  const lists = new Set<unknown>();
  let moves = 0;
  for (const statement of lower(module, 2).statements) {
    if (statement.kind !== 'block') continue;
    for (const inner of statement.body) {
      if (inner.kind !== 'br_if') continue;
      for (const move of inner.branch.moves) {
        if (move.kind !== 'move') throw new Error(`a ${move.kind} among many values`);
        moves++;
        lists.add(move.types);
      }
    }
  }
  expect([moves, lists.size]).toEqual([3, 1]);
});

it('lists the types of a tall stack as it grows, not at the first safepoint above it', () => {
  const text = `(module (func $none) (func ${'(i32.const 5)'.repeat(10_000)} (call $none) (unreachable)))`;
  const lowering = new Lowering(compile(text), 1);
  let most = 0;
  for (let before = 0, isDone = false; !isDone; before = lowering.work) {
    isDone = lowering.run(256) !== undefined;
    most = Math.max(most, lowering.work - before);
  }
  expect(most).toBeLessThan(2 * 4096);
});

it('counts the labels of tables as work', () => {
  const table = `(br_table ${'0 '.repeat(1000)} (local.get 0))`;
  const module = compile(`(module (func (param i32) ${`(block ${table})`.repeat(50)}))`);
  const lowering = new Lowering(module, 0);
  let slices = 0;
  while (lowering.run(256) === undefined) slices++;
  expect(slices).toBeGreaterThanOrEqual(49);
});

it('moves many values by one move for all branches to a label that find them in the same place, and by others elsewhere', () => {
  const five = '(result i32 i32 i32 i32 i32)';
  const module = compile(`(module
    (func $many ${five} (unreachable))
    (func (param $a i32) ${five}
      (block ${five}
        (i32.const 0) (call $many)
        (br_if 0 (local.get $a)) (br_if 0 (local.get $a))
        (br_if 1 (local.get $a)) (br_if 1 (local.get $a))
        (br 0))))`);
  const lines = listing(module, 1);
  const moves: unknown[] = [];
  const open = [lower(module, 1).statements];
  for (let list = open.pop(); list !== undefined; list = open.pop()) {
    for (const statement of list) {
      if ('branch' in statement) moves.push(statement.branch.moves);
      if ('body' in statement) open.push(statement.body);
    }
  }
  expect(moves.length, lines).toBe(5);
  expect(moves[1]).toBe(moves[0]);
  expect(moves[4]).toBe(moves[0]);
  expect(moves[3]).toBe(moves[2]);
  expect(moves[2]).not.toBe(moves[0]);
});
