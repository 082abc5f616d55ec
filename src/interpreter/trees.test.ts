/** Which closures trees of vectors become. */
import { describe, expect, it } from 'vitest';
import { lower } from '../lowering';
import type { Instance } from '../runtime';
import { compile } from '../testing';
import { loopFactories, vectorFactories } from './templates/generate-vectors';
import type { Parts } from './vector-parts';
import { setVector } from './vectors';

const FACTORIES = [...vectorFactories().keys(), ...loopFactories().keys()];

/** What a function should be called at, and not inlined: V8 inlines no function into itself. */
const APART = ['one apart', 'one apart'];

/** The statements that a local is set by: closures of their own, and numbers in slots. */
function statementsOf(value: string, inlines: boolean): string[] {
  return partsOf(value, inlines).filter((name) => !name.startsWith('lane ') && name !== 'apart');
}
/** All closures of it where they are inlined. */
function namesOf(value: string): string[] {
  return partsOf(value, true).map((name) => name.replace(/^one /, ''));
}
function partsOf(value: string, inlines: boolean): string[] {
  const module = compile(
    `(module (memory 1) (func (param $p i32) (param $x v128) (param $y v128) (local.set $x ${value})))`,
  );
  const made: string[] = [];
  const parts: Parts = {
    make: (name, isOne) => {
      expect(FACTORIES, name).toContain(name);
      made.push(isOne ? `one ${name}` : name);
      return () => () => null;
    },
    has: (name) => FACTORIES.includes(name),
    inlines,
    instance: undefined as unknown as Instance,
    value: () => 0,
    views: () => undefined as unknown as ReturnType<Parts['views']>,
    set: (_, { op }, next) => {
      made.push(op);
      return next;
    },
  };
  for (const statement of lower(module, 0).statements) {
    if (statement.kind === 'set' && statement.value.kind === 'v') {
      setVector(parts, 2 * statement.slot, statement.value, () => null);
    }
  }
  return made;
}

const SMALL = '(v128.xor (i32x4.shl (local.get $x) (i32.const 5)) (local.get $x))';
const LARGE = `(i32x4.add (i32x4.mul ${SMALL} (local.get $y)) (i32x4.neg (local.get $y)))`;
const ACROSS = '(v128.xor (i32x4.extend_high_i16x8_u (local.get $x)) (local.get $y))';

it('computes small trees as four numbers', () => {
  expect(statementsOf(SMALL, true)).toEqual(Array(4).fill('i32.xor'));
  expect(statementsOf(SMALL, false)).toEqual(Array(4).fill('i32.xor'));
});

it('makes one closure of an instruction on a vector and a constant where closures are called', () => {
  const single = '(v128.or (local.get $x) (v128.const i32x4 3 3 3 3))';
  expect(statementsOf(single, false)).toEqual(['set v128.or/rk']);
  expect(statementsOf(single, true)).toEqual(Array(4).fill('i32.or'));
});

it('computes large trees in a loop where closures are inlined', () => {
  expect(statementsOf(LARGE, true)).toEqual(['set strided/', ...APART]);
  expect(statementsOf(LARGE, false)).toEqual(Array(4).fill('i32.add'));
});

it('reads all words before it writes one where a tree has others than that one', () => {
  expect(statementsOf(ACROSS, true)).toEqual(['set lanes/4', ...APART]);
  expect(statementsOf(ACROSS, false)).toEqual(['set words/']);
});

it('writes no words that nobody reads', () => {
  const bytes = '0 16 16 16 1 16 16 16 2 16 16 16 3 16 16 16';
  const halves = '0 16 1 16 2 16 3 16 4 16 5 16 6 16 7 16';
  const first = (lanes: string, value: string) => {
    const shuffled = `(i8x16.shuffle ${lanes} ${value} (v128.const i64x2 0 0))`;
    const module = compile(`(module (memory 1) (func (local v128) (local.set 0 (i32x4.neg ${shuffled}))))`);
    const [statement] = lower(module, 0).statements;
    return statement.kind === 'set' && statement.value.op !== 'vector' ? statement.value.op : undefined;
  };
  const [word, two] = ['i32.load', 'i64.load'];
  const zero = '(i32.const 0)';
  for (const [value, ofBytes, ofHalves] of [
    [`(i32x4.splat (i32.load ${zero}))`, word, undefined],
    [`(v128.load32_splat ${zero})`, word, undefined],
    [`(v128.load32_zero ${zero})`, word, undefined],
    [`(v128.load64_splat ${zero})`, two, two],
    [`(v128.load64_zero ${zero})`, two, two],
    [`(v128.load ${zero})`, undefined, undefined],
  ] as const) {
    expect(first(bytes, value), value).toBe(ofBytes);
    expect(first(halves, value), value).toBe(ofHalves);
  }
});

describe('what is gathered from one address after the other', () => {
  const gathered = (at: (lane: number) => string) =>
    [1, 2, 3].reduce(
      (into, lane) => `(i32x4.replace_lane ${lane} ${into} (i32.load8_u offset=3 ${at(lane)}))`,
      `(i32x4.splat (i32.load8_u offset=3 ${at(0)}))`,
    );
  const lane = (index: number) => `(i32x4.extract_lane ${index} (local.get $y))`;
  const tree = (at: (lane: number) => string) =>
    `(i32x4.neg (i32x4.add (i32x4.mul ${gathered(at)} (local.get $x)) (local.get $x)))`;

  it('is read by one closure for all lanes', () => {
    expect(namesOf(tree((index) => `(i32.add ${lane(index)} (i32.const 8))`))).toEqual([
      'set strided/',
      'lane gathered i32.load8_u',
      'lane get',
      'lane i32x4.mul/ee',
      'lane get',
      'lane i32x4.add/ee',
      'lane i32x4.neg/e',
      'apart',
      'apart',
      'guard',
    ]);
  });

  it('is read where a product of a lane says', () => {
    const product = (index: number) => `(i32.mul ${lane(index)} (i32.const 3))`;
    expect(namesOf(tree(product))).toContain('lane multiplied i32.load8_u');
  });

  it('is read from other slots than lanes, too', () => {
    const address = () => '(local.get $p)';
    expect(namesOf(tree(address))).toContain('lane strided');
  });
});

it('tells closures that ask for it which lane they give', () => {
  const turned = `(i8x16.shuffle 1 2 3 0 5 6 7 4 9 10 11 8 13 14 15 12 (local.get $x) (local.get $x))`;
  const tree = (value: string) =>
    `(i32x4.add (i32x4.mul (i32x4.neg ${value}) (local.get $y)) (i32x4.abs (i32x4.neg (local.get $y))))`;
  expect(statementsOf(tree(turned), true)[0]).toBe('set lanes/4');
  expect(statementsOf(tree('(local.get $x)'), true)[0]).toBe('set strided/');
});

it('assigns nothing that closures capture: V8 would take it for a variable wherever it is read', () => {
  const assigned = [...vectorFactories(), ...loopFactories()].filter(([, text]) => {
    const [, params] = /^\(([^)]*)\)=>/.exec(text)!;
    return params.split(',').some((param) => new RegExp(`\\b${param}[-+*/&|^<>]*=[^=>]`).test(text));
  });
  expect(assigned.map(([name]) => name)).toEqual([]);
});

it('multiplies no number that may be negative by a lane: where that is 0, it would make V8 count in doubles', () => {
  const products = [...loopFactories()].filter(([, text]) => /[a-z]\*j/.test(text));
  expect(products).toEqual([]);
});
