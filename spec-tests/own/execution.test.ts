/** What scripts cannot say: fuel is counted the same however it is cut up, traps tell where, limits of a store hold. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Module } from '../../src/decoder/index';
import { I32 } from '../../src/decoder/types';
import { RuntimeError } from '../../src/errors';
import { Execution, Store } from '../../src/interpreter/index';
import { Func, type Instance, instantiate, type StoreLimits } from '../../src/runtime/index';

async function instanceOf(text: string, limits?: Partial<StoreLimits>): Promise<Instance> {
  const module = Module.decode(await parse(text));
  return instantiate(new Store(limits), module, []);
}
function exported(instance: Instance, name: string): Func {
  const found = instance.exports.get(name);
  if (!(found instanceof Func)) throw new Error(`no function ${name}`);
  return found;
}
const i32 = (n: number) => ({ type: I32, lo: n | 0, hi: 0, ref: undefined });

const WORK = `(module
  (memory 1)
  (global $g (mut i64) (i64.const 1))
  (table funcref (elem $leaf $mix))
  (type $t (func (param i32) (result i32)))
  (func $leaf (type $t) (i32.mul (local.get 0) (i32.const 3)))
  (func $mix (type $t) (i32.xor (call $leaf (local.get 0)) (i32.const 0x5555)))
  (func (export "sum") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "mixed") (param $n i32) (result i32) (local $s i32)
    (loop $outer (param) (result i32)
      i32.const 7
      (loop $inner (param i32) (result i32)
        (call_indirect (type $t) (i32.and (local.get $s) (i32.const 1)))
        (local.set $s (i32.add (local.get $s) (i32.const 1)))
        (br_if $inner (i32.rem_u (local.get $s) (i32.const 5))))
      (i32.store (i32.const 8) (local.get $s))
      (global.set $g (i64.mul (global.get $g) (i64.const 3)))
      (block $done (param i32) (result i32)
        (br_if $done (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        drop
        (br $outer))))
)`;

/** Runs with so much fuel at a time. */
function inSlices(func: Func, argument: number, fuel: number): { result: number; runs: number } {
  const execution = new Execution(func, [i32(argument)]);
  for (let runs = 1; ; runs++) {
    const outcome = execution.run({ fuel });
    if (outcome.kind === 'done') return { result: outcome.results[0].lo, runs };
    if (outcome.kind !== 'paused') throw new Error(outcome.kind);
    expect(outcome.reason).toBe('fuel');
    if (runs > 100_000) throw new Error('does not end');
  }
}
/** The least fuel with which it does not pause. */
async function fuelOf(name: string, argument: number): Promise<number> {
  const func = exported(await instanceOf(WORK), name);
  for (let fuel = 0; ; fuel++) if (inSlicesOnce(func, argument, fuel)) return fuel;
}
function inSlicesOnce(func: Func, argument: number, fuel: number): boolean {
  return new Execution(func, [i32(argument)]).run({ fuel }).kind === 'done';
}

describe('fuel', () => {
  it('is one unit a function entry or a branch to a loop', async () => {
    const one = await fuelOf('sum', 1);
    expect((await fuelOf('sum', 2)) - one).toBe(1);
    expect((await fuelOf('sum', 51)) - one).toBe(50);
    // fib(n) makes 2 fib(n + 1) - 1 calls, all of them entries.
    expect((await fuelOf('fib', 10)) - (await fuelOf('fib', 1))).toBe(176);
  });

  it.each(['sum', 'fib', 'mixed'])('%s gives the same however it is cut up', async (name) => {
    const func = exported(await instanceOf(WORK), name);
    const whole = (func.callRaw([i32(12)]) as readonly { lo: number }[])[0].lo;
    const total = await fuelOf(name, 12);
    for (const fuel of [1, 2, 3, 7, total - 1, total, total + 1]) {
      const { result, runs } = inSlices(exported(await instanceOf(WORK), name), 12, fuel);
      expect(result).toBe(whole);
      expect(Math.abs(runs - Math.ceil(total / fuel)), `fuel ${fuel}`).toBeLessThanOrEqual(1);
    }
  });
});

describe('a trap', () => {
  const TRAPS = `(module $m
    (func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func $middle (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1)))
    (func (export "outer") (param i32) (result i32) (call $middle (local.get 0)))
  )`;

  it('tells the functions, innermost first, and the place of each', async () => {
    const bytes = await parse(TRAPS);
    const instance = instantiate(new Store(), Module.decode(bytes), []);
    try {
      exported(instance, 'outer').callRaw([i32(0)]);
      expect.fail('no trap');
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      expect(error.message).toBe('integer divide by zero');
      expect(error.code).toBe('divideByZero');
      expect(error.backtrace.map((f) => f.name)).toEqual(['inner', 'middle', 'outer']);
      expect(error.backtrace.map((f) => f.funcidx)).toEqual([0, 1, 2]);
      expect(error.backtrace.every((f) => f.module === 'm')).toBe(true);
      // i32.div_u, call, call
      expect(error.backtrace.map((f) => bytes[f.offset])).toEqual([0x6e, 0x10, 0x10]);
    }
    expect(exported(instance, 'outer').callRaw([i32(1)])).toMatchObject([{ lo: 2 }]);
  });
});

describe('limits of a store', () => {
  const DEEP = `(module (memory 1)
    (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`;

  it('frames', async () => {
    const instance = await instanceOf(DEEP, { maxFrames: 100 });
    const down = exported(instance, 'down');
    expect(down.callRaw([i32(90)])).toMatchObject([{ lo: 90 }]);
    expect(() => down.callRaw([i32(110)])).toThrow('call stack exhausted');
    expect(down.callRaw([i32(90)])).toMatchObject([{ lo: 90 }]);
  });
  it('slots', async () => {
    const down = exported(await instanceOf(DEEP, { maxSlots: 1000 }), 'down');
    expect(down.callRaw([i32(50)])).toMatchObject([{ lo: 50 }]);
    expect(() => down.callRaw([i32(5000)])).toThrow('call stack exhausted');
  });
  it('memory', async () => {
    const instance = await instanceOf(DEEP, { maxMemoryBytes: 3 * 65536 });
    const grow = exported(instance, 'grow');
    expect(grow.callRaw([i32(2)])).toMatchObject([{ lo: 1 }]);
    expect(grow.callRaw([i32(1)])).toMatchObject([{ lo: -1 }]);
  });
});
