/**
 * A restored execution makes code for its frames when it runs, and a deadline or signal interrupts that too (issue 8, item 2): it still
 * stands where it stood. The same when code is dropped under a stopped execution.
 */
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { leb, moduleOf, section, wat } from '../decoder/testing';
import { type Func, i32, instantiatePaused, type StoreLimits } from '../runtime/index';
import { capture, encode } from '../snapshot';
import { Execution, type Outcome, Store } from '.';
import { HOSTILE } from './testing';

const END = 0x0b;
const TURN = [0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0];

/** `run(n)`: a loop of n turns in front of so many statements, which call the next function so deep. */
function longFunctions(statements: number, depth: number): Uint8Array {
  const filler = Array.from({ length: statements }, () => [0x20, 0, 0x41, 1, 0x6a, 0x21, 0]).flat();
  const bodies = Array.from({ length: depth }, (_, k) => {
    const call = k + 1 < depth ? [0x41, 5, 0x10, ...leb(k + 1)] : [];
    const body = [0, 0x03, 0x40, ...TURN, END, ...call, ...filler, END];
    return [...leb(body.length), ...body];
  });
  return moduleOf(
    section('type', 1, 0x60, 1, 0x7f, 0),
    section(
      'function',
      leb(depth),
      bodies.map(() => 0),
    ),
    section('export', 1, 3, 0x72, 0x75, 0x6e, 0, 0),
    section('code', leb(depth), bodies.flat()),
  );
}

function fresh(module: Module, limits: Partial<StoreLimits> = {}) {
  const store = new Store(limits);
  return { store, instance: instantiatePaused(store, module, []) };
}
const begin = (module: Module, argument: number) =>
  new Execution(fresh(module).instance.exports.get('run') as Func, [i32(argument)]);

/** The same frames in another instance. */
function moved(execution: Execution, module: Module, limits?: Partial<StoreLimits>) {
  const { store, instance } = fresh(module, limits);
  const frames = execution.frames().map((frame) => ({ ...frame, instance }));
  return { store, again: Execution.restore(instance.exports.get('run') as Func, frames) };
}

const told = (execution: Execution, outcome: Outcome) => ({
  outcome: outcome.kind,
  results: outcome.kind === 'done' ? outcome.results : undefined,
  fuel: execution.fuelUsed,
});

describe('code for frames of a restored execution', () => {
  it.each([
    [100, 3],
    [1000, 3],
    [4000, 3],
    [10, 400],
  ])('is made in parts: %i statements in each of %i functions', (statements, depth) => {
    const module = Module.decode(longFunctions(statements, depth));
    const original = begin(module, 5);
    original.run({ fuel: 5 * depth - 2 });
    expect(original.frames().length).toBe(depth);
    const bytes = encode(capture(original));
    const whole = moved(original, module).again;
    const expected = told(whole, whole.run());
    const { again, store } = moved(original, module);
    expect(store.code.used).toBe(0);
    const backtrace = again.backtrace();
    let outcome = again.run({ deadline: () => true });
    let stops = 0;
    for (; outcome.kind === 'paused' && again.fuelUsed === 0; stops++) {
      expect(again).toMatchObject({ state: 'paused', atSafepoint: true });
      if (stops % 64 === 0) {
        expect(encode(capture(again))).toEqual(bytes);
        expect(again.backtrace()).toEqual(backtrace);
      }
      outcome = again.run({ deadline: () => true });
    }
    // A part is about 256 instructions or a function.
    expect(stops).toBeGreaterThanOrEqual(Math.max(depth, (statements * depth) / 256));
    expect(stops).toBeLessThan(4 * depth + (statements * depth) / 16);
    while (outcome.kind === 'paused') outcome = again.run();
    expect(told(again, outcome)).toEqual(expected);
  });

  it('stops for a signal, and without any limit does not', () => {
    const module = Module.decode(longFunctions(2000, 1));
    const original = begin(module, 5);
    original.run({ fuel: 3 });
    const { again } = moved(original, module);
    expect(again.run({ signal: { aborted: true } })).toEqual({ kind: 'paused', reason: 'request' });
    expect(again.fuelUsed).toBe(0);
    expect(again.run().kind).toBe('done');
  });

  it('takes no fuel, and neither gives nor keeps what is owed', () => {
    const module = Module.decode(longFunctions(2000, 1));
    const original = begin(module, 9);
    original.run({ fuel: 3 });
    const { again } = moved(original, module);
    again.run({ fuel: 2, deadline: () => true });
    expect([again.fuelUsed, again.fuelOwed, again.fuelPaid]).toEqual([0, 0, 0]);
    let outcome = again.run({ fuel: 2 });
    expect(outcome).toEqual({ kind: 'paused', reason: 'fuel' });
    expect(again.fuelUsed).toBe(2);
    outcome = again.run();
    expect(outcome.kind).toBe('done');
  });

  it('traps when the store has no room for it', () => {
    const module = Module.decode(longFunctions(2000, 1));
    const original = begin(module, 5);
    original.run({ fuel: 3 });
    const { again, store } = moved(original, module, { maxCodeBytes: 10_000 });
    const outcome = again.run();
    expect(outcome).toMatchObject({ kind: 'trapped', error: { code: 'codeExhausted' } });
    expect(store.code.used).toBe(0);
  });
});

describe('code that is dropped under a stopped execution', () => {
  const shapes = HOSTILE.filter(({ name }, k) => k % 11 === 0 || name.includes('memory.fill'));

  it.each(shapes.map((hostile) => ({ name: hostile.name, hostile })))('$name', ({ hostile }) => {
    const module = Module.decode(hostile.module(60));
    const whole = begin(module, 0);
    const expected = told(whole, whole.run());
    const { instance } = fresh(module);
    const execution = new Execution(instance.exports.get('run') as Func, [i32(0)]);
    let outcome = execution.run({ fuel: 0, deadline: () => true });
    for (let k = 0; outcome.kind === 'paused'; k++) {
      // Now and then, or it would never come to anything.
      if (k % 40 === 0) for (const tracker of instance.memories[0].trackers) tracker();
      outcome = execution.run({ deadline: () => true });
    }
    expect(told(execution, outcome)).toEqual(expected);
  });

  it('is made anew for one that waits for the host, whose promise is awaited once', async () => {
    const module = Module.decode(
      await wat(`(module (import "host" "wait" (func $wait (param i32) (result i32)))
        (memory 1) (func (export "run") (param i32) (result i32)
          (i32.add (call $wait (local.get 0)) (i32.const 1))))`),
    );
    const store = new Store();
    let calls = 0;
    const instance = instantiatePaused(store, module, {
      host: {
        wait: async (given: number) => {
          calls++;
          return given * 2;
        },
      },
    });
    const execution = new Execution(instance.exports.get('run') as Func, [i32(20)]);
    const outcome = execution.run();
    if (outcome.kind !== 'waiting') throw new Error(outcome.kind);
    await outcome.promise;
    for (const tracker of instance.memories[0].trackers) tracker();
    expect(execution.run({ deadline: () => true })).toEqual({ kind: 'paused', reason: 'deadline' });
    expect(execution.state).toBe('waiting');
    expect(execution.waitsFor).toBeUndefined();
    expect(execution.run()).toMatchObject({ kind: 'done', results: [{ lo: 41 }] });
    expect(calls).toBe(1);
  });
});
