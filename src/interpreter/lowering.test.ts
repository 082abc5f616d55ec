/** A function that is long in the lowering holds nobody up (issue 3, acceptance 6): it is lowered in parts, and goes on exactly. */
import { expect, it } from 'vitest';
import { Module } from '../decoder';
import { type Func, i32, i64, instantiatePaused, type Memory } from '../runtime';
import { wat } from '../testing';
import { Execution, Store } from '.';

/** 6,000 instructions, in blocks of all kinds, behind arguments of several types. */
const STEPS = Array.from({ length: 500 }, (_, k) => {
  if (k % 7 === 0)
    return `(if (i32.and (local.get $a) (i32.const 1)) (then (local.set $a (i32.add (local.get $a) (i32.const ${k})))))`;
  if (k % 5 === 0) return `(i64.store offset=${k * 8} (i32.const 0) (local.get $b))`;
  return `(local.set $a (i32.add (i32.rotl (local.get $a) (i32.const ${k % 31})) (i32.xor (local.get $a) (i32.const ${k}))))
    (local.set $b (i64.add (i64.mul (local.get $b) (i64.const 31)) (i64.extend_i32_s (local.get $a))))`;
});
const text = `(module (memory (export "m") 1)
  (func $long (param $a i32) (param $b i64) (param $f f64) (param $r funcref) (result i64)
    ${STEPS.join('\n')}
    (if (ref.is_null (local.get $r)) (then (unreachable)))
    (loop $back (br_if $back (i32.const 0)))
    (i64.add (local.get $b) (i64.trunc_f64_s (local.get $f))))
  (func (export "run") (param i32 i64) (result i64)
    (i64.add (local.get 1) (call $long (local.get 0) (i64.const 3) (f64.const 7.5) (ref.func $long))))
  (elem declare func $long))`;
const module = Module.decode(wat(text));

function begin() {
  const instance = instantiatePaused(new Store(), module, []);
  const execution = new Execution(instance.exports.get('run') as Func, [i32(5), i64(1000, 0)]);
  return { execution, memory: instance.exports.get('m') as Memory };
}

/** Runs with a stop wherever one is possible. `at` is told of each. */
function stopping(execution: Execution, at: (stop: number) => void = () => {}) {
  for (let stop = 0; ; stop++) {
    const outcome = execution.run({ deadline: () => true });
    if (outcome.kind !== 'paused') return outcome;
    at(stop);
  }
}

const whole = begin();
const expected = whole.execution.run();

it('stops before the call, again and again, which is no safepoint', () => {
  const { execution, memory } = begin();
  let between = 0;
  const outcome = stopping(execution, () => {
    if (execution.atSafepoint) return;
    between++;
    expect(() => execution.frames()).toThrow('stands at no safepoint');
    expect(execution.backtrace().map(({ name }) => name)).toEqual(['long', 'run']);
  });
  expect(between).toBeGreaterThan(10);
  expect(outcome).toEqual(expected);
  expect(memory.bytes).toEqual(whole.memory.bytes);
  expect(execution.fuelUsed).toBe(whole.execution.fuelUsed);
});

it('goes on when its code, and that of its callers, is dropped meanwhile', () => {
  const { execution, memory } = begin();
  let dropped = 0;
  const outcome = stopping(execution, (stop) => {
    if (execution.atSafepoint || stop !== 6) return;
    memory.track();
    dropped++;
  });
  expect(dropped).toBe(1);
  expect(outcome).toEqual(expected);
  expect(memory.bytes).toEqual(whole.memory.bytes);
});

it('may be finished by another execution', () => {
  const { execution } = begin();
  while (execution.atSafepoint) execution.run({ deadline: () => true });
  const other = new Execution(execution.func, [i32(5), i64(1000, 0)]);
  expect(other.run()).toEqual(expected);
  expect(execution.run()).toEqual(expected);
});

it('is not stopped for fuel', () => {
  const { execution } = begin();
  const outcome = execution.run({ fuel: 1, deadline: () => false });
  expect(outcome).toEqual({ kind: 'paused', reason: 'fuel' });
  expect(execution.atSafepoint).toBe(true);
});
