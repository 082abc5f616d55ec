import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import type { RuntimeError } from '../../errors';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { Pace } from '../../interpreter/pace';
import type { Tier } from '../../interpreter/tiers';
import { type Func, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { bodyOf } from './bodies';
import { continuationText } from './continuations';
import { LARGEST_STEP } from './counted';
import { functionText } from './functions';
import { JavaScriptTier } from './tier';

const MODULE = (body: string) => `(module (memory 1)
  (func $half (param i32) (result i32) (i32.shr_u (local.get 0) (i32.const 1)))
  (func $inner (param $k i32) (loop $l (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1))))))
  (func (export "run") (param i32) (param $i i32) (param $end i32) (result i32) (local $s i32) (local $t i32)
    (block $out ${body}) (i32.xor (local.get $s) (i32.mul (local.get $i) (i32.const 31)))))`;

const WORK = '(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) (local.get $i)))';
const STEPPED = (step: number) => `(i32.add (local.get $i) (i32.const ${step}))`;

/** A loop that begins with its test, and one that ends with it. */
const first = (test: string, step: number, work = WORK) =>
  `(loop $l (if ${test} (then ${work} (local.set $i ${STEPPED(step)}) (br $l))))`;
const last = (test: string, step: number, work = WORK) =>
  `(loop $l ${work} (local.set $i ${STEPPED(step)}) (br_if $l ${test}))`;
const test = (op: string, to: number | string) =>
  `(${op} (local.get $i) ${typeof to === 'number' ? `(i32.const ${to})` : `(local.get ${to})`})`;

const SHAPES: readonly (readonly [op: string, to: number | string, steps: readonly number[]])[] = [
  ['i32.lt_s', 30, [1, 3, 8, 100]],
  ['i32.lt_u', 30, [1, 4]],
  ['i32.le_s', 30, [1, 6]],
  ['i32.le_u', 29, [2]],
  ['i32.lt_s', '$end', [1]],
  ['i32.lt_u', '$end', [1]],
  ['i32.gt_s', -20, [-1, -7, -16]],
  ['i32.gt_u', 5, [-1, -4]],
  ['i32.ge_s', 0, [-1, -2]],
  ['i32.ge_u', 1, [-1]],
  ['i32.gt_s', '$end', [-1]],
  ['i32.gt_u', '$end', [-1]],
  ['i32.ne', 24, [1, 4, 12, -1]],
  ['i32.ne', '$end', [1, 2, 3, -1, -8, LARGEST_STEP]],
];
/** What is counted in each turn: it would go on for ever, or the loop is not of the kind. */
const OTHERS: Readonly<Record<string, string>> = {
  'a step the other way': last(test('i32.lt_s', 30), -1),
  'a bound behind which numbers begin anew': first(test('i32.lt_s', 0x7fffffff), 2),
  'a bound that every number has reached': last(test('i32.le_u', -1), 1),
  'a local bound and a step that may lead past it': first(test('i32.lt_s', '$end'), 2),
  'a step that is large': first(test('i32.lt_s', 30), LARGEST_STEP + 1),
  'a bound that changes': first(
    test('i32.lt_s', '$end'),
    1,
    '(local.set $end (i32.sub (local.get $end) (i32.const 1)))',
  ),
  'a local that is set twice': first(test('i32.lt_s', 30), 1, `(local.set $i ${STEPPED(2)})`),
  'a second branch back': first(
    test('i32.lt_s', 30),
    1,
    `(local.set $s (i32.const 1)) (br_if $l (local.get $end))`,
  ),
  'a callee that counts': first(test('i32.lt_s', 30), 1, '(call $inner (i32.const 2))'),
  'work that charges': first(
    test('i32.lt_s', 30),
    1,
    '(memory.fill (i32.const 0) (i32.const 1) (i32.const 9))',
  ),
};
const LEAVING = `${WORK} (br_if $out (i32.eq (i32.and (local.get $s) (i32.const 31)) (i32.const 9)))`;
const RETURNING = `${WORK} (if (i32.eq (i32.and (local.get $s) (i32.const 15)) (i32.const 7)) (then (return (local.get $s))))`;
const TRAPPING = `${WORK} (drop (i32.load (i32.add (i32.const 65513) (local.get $i))))`;
const CALLING = '(local.set $s (i32.add (local.get $s) (call $half (local.get $i))))';
const TEED = `(local.set $t ${STEPPED(1)}) (i32.store8 (i32.mul (local.get $t) (i32.const 3000)) (local.get $i))`;
const PARTS: Readonly<Record<string, string>> = {
  'left in the middle': first(test('i32.lt_s', 30), 1, LEAVING) + WORK,
  'left in the middle, with the test behind': last(test('i32.ne', 30), 2, LEAVING) + WORK,
  'returned from': last(test('i32.lt_u', 30), 1, RETURNING),
  'ended by a trap': first(test('i32.lt_s', '$end'), 1, TRAPPING),
  'ended by a trap, with the test behind': last(test('i32.ne', '$end'), 1, TRAPPING),
  'with calls of functions that take no fuel': first(test('i32.lt_s', 30), 3, CALLING),
  'with the next number computed before': `(loop $l (if ${test('i32.lt_s', 30)} (then ${TEED} (local.set $i (local.get $t)) (br $l))))`,
  'inside of another one': `(loop $o ${first(test('i32.lt_s', 9), 1, TRAPPING)}
    (local.set $i (i32.sub (local.get $end) (i32.const 9))) ${last(test('i32.ne', '$end'), 3, LEAVING)}
    (br_if $o (i32.gt_s (local.tee $end (i32.sub (local.get $end) (i32.const 3))) (i32.const -20))))`,
};
const STARTS = [0, 7, 30, -25, 0x7fffffff, -0x80000000];
const ENDS = [0, 24, -24];
/** Of the native tier. */
const LONGEST_HASTE = 5;
/** Of each run, which may never end. */
const MOST_PAUSES = 40;

async function textOf(body: string): Promise<string> {
  const module = Module.decode(await wat(MODULE(body)));
  return functionText(module, bodyOf(module, 2), { compilesHot: true }).text;
}
/** Of what goes on at loops where there is little fuel. */
async function frugalTextOf(body: string): Promise<string> {
  const module = Module.decode(await wat(MODULE(body)));
  return continuationText(module, bodyOf(module, 2), { compilesHot: true, paysBefore: false }).text;
}

function ran(module: Module, args: readonly number[], fuel: number, tier?: Tier): unknown[] {
  const store = new Store();
  if (tier !== undefined) usePolicy(store, always(tier));
  const instance = instantiate(store, module, []);
  const execution = new Execution(instance.exports.get('run') as Func, args.map(i32));
  const seen: unknown[] = [];
  for (;;) {
    const outcome = execution.run({ fuel });
    const { fuelUsed } = execution;
    if (outcome.kind === 'trapped') {
      const { code, offset } = outcome.error as RuntimeError;
      return [...seen, code, offset, fuelUsed];
    }
    if (outcome.kind !== 'paused') return [...seen, outcome, fuelUsed];
    const frames = execution.frames().map(({ offset, values }) => [offset, values.map(({ lo }) => lo)]);
    seen.push([frames, fuelUsed]);
    if (seen.length > MOST_PAUSES) return seen;
  }
}

/** Runs it with some arguments and amounts of fuel, in the interpreter and in a tier. Returns how many runs have been left. */
async function compared(body: string, tiers: readonly Tier[]): Promise<number> {
  const module = Module.decode(await wat(MODULE(body)));
  let left = 0;
  let runs = 0;
  for (const start of STARTS) {
    for (const end of body.includes('$end') ? ENDS : [0]) {
      for (const fuel of [1, 5, 400]) {
        const expected = ran(module, [0, start, end], fuel);
        if (expected.length > 2) left++;
        const tier = tiers[runs++ % tiers.length];
        expect(ran(module, [0, start, end], fuel, tier), `${start} to ${end}, fuel ${fuel}`).toEqual(
          expected,
        );
      }
    }
  }
  return left;
}

const IN_A_TURN = /\(n=n-1\|0\)|--n/;
const BEFORE = /;if\(n-(t\d)<_?M\.floor\)\{pc=\d;break x\}n=n-\1\|0;/;
const all = SHAPES.flatMap(([op, to, steps]) =>
  steps.flatMap((step) => [
    [`${op} ${to}, by ${step}, test first`, first(test(op, to), step)] as const,
    [`${op} ${to}, by ${step}, test last`, last(test(op, to), step)] as const,
  ]),
);

describe('counted loops', () => {
  const tiers = [true, false].map((compilesHot) => new JavaScriptTier({ evaluate, compilesHot }));

  it.each([...all, ...Object.entries(PARTS)])(
    '%s: no turn counts, and it stops where the interpreter does',
    async (name, body) => {
      const text = await textOf(body);
      const frugal = await frugalTextOf(body);
      const leaves = /\(return|br_if \$out/.test(body);
      if (name !== 'inside of another one') {
        expect(text + frugal).not.toMatch(IN_A_TURN);
        expect(BEFORE.test(text)).toBe(!leaves);
        expect(text.includes(';m=')).toBe(leaves);
      }
      expect(frugal).toContain(';m=');
      expect(frugal).not.toMatch(BEFORE);
      expect(await compared(body, tiers)).toBeGreaterThan(1);
    },
  );

  it.each(Object.entries(OTHERS))('not: %s', async (_, body) => {
    expect(await textOf(body)).toMatch(IN_A_TURN);
    expect(await textOf(body)).not.toMatch(/;m=|floor/);
    expect(await compared(body, tiers)).toBeGreaterThan(1);
  });

  it('go less than 2^31 far in the longest slice, which another tier may have begun', () => {
    const pace = new Pace();
    pace.begin(undefined, false);
    for (let k = 0; k < 10_000; k++) pace.found(true);
    let most = 0;
    for (let k = 0; k < 10_000; k++) most = Math.max(most, pace.slice(LONGEST_HASTE));
    expect(most).toBeGreaterThan(2 ** 20);
    expect((most + 1) * LARGEST_STEP).toBeLessThan(2 ** 31);
  });

  it('take what later slices have, and stop where the fuel ends', async () => {
    const inner = `(local.set $i (i32.const 0)) ${first(test('i32.lt_s', 30), 1)}`;
    const endless = Module.decode(await wat(MODULE(`(loop $o ${inner} (br $o))`)));
    for (const fuel of [70_000, 70_011]) {
      expect(ran(endless, [0, 0, 0], fuel, tiers[0])).toEqual(ran(endless, [0, 0, 0], fuel));
    }
    const turns = '(br_if $o (local.tee $end (i32.sub (local.get $end) (i32.const 1))))';
    const long = Module.decode(await wat(MODULE(`(loop $o ${inner} ${turns})`)));
    const texts: string[] = [];
    const noting: typeof evaluate = (parameters, text) => {
      texts.push(text);
      return evaluate(parameters, text);
    };
    const tier = new JavaScriptTier({ evaluate: noting, compilesHot: true });
    ran(long, [0, 0, 40_000], Number.POSITIVE_INFINITY, tier);
    expect(texts.some((text) => text.includes('function o('))).toBe(true);
    expect(texts.filter((text) => text.includes(';m='))).toEqual([]);
  });

  it('do nothing where the fuel ends that they do not do before', async () => {
    const text = await frugalTextOf(last(test('i32.lt_s', 30), 1));
    expect(text).toMatch(/if\(i1<30\)\{pc=\d;break x\}n=n\+1\|0;/);
  });
});
