/** Which closures trees of vectors become. */
import { expect, it } from 'vitest';
import { lower } from '../lowering';
import type { Instance } from '../runtime';
import { compile } from '../testing';
import { loopFactories } from './templates/generate-vectors';
import type { Parts } from './vector-parts';
import { setVector } from './vectors';

/** The statements that a local is set by: closures of their own, and numbers in slots. */
function statementsOf(value: string, inlines: boolean): string[] {
  const module = compile(
    `(module (memory 1) (func (param $p i32) (param $x v128) (param $y v128) (local.set $x ${value})))`,
  );
  const made: string[] = [];
  const parts: Parts = {
    make: (name) => {
      if (name.startsWith('set ')) made.push(name);
      return () => null;
    },
    has: () => true,
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

it('computes large trees in a loop where closures are inlined', () => {
  expect(statementsOf(LARGE, true)).toEqual(['set lanes/']);
  expect(statementsOf(LARGE, false)).toEqual(Array(4).fill('i32.add'));
});

it('reads all words before it writes one where a tree has others than that one', () => {
  expect(statementsOf(ACROSS, true)).toEqual(['set lanes/4']);
  expect(statementsOf(ACROSS, false)).toEqual(['set words/']);
});

it('multiplies no number that may be negative by a lane: where that is 0, it would make V8 count in doubles', () => {
  const products = [...loopFactories()].filter(([, text]) => /[a-z]\*j/.test(text));
  expect(products).toEqual([]);
});
