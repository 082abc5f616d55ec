import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../errors';
import { Func, type Instance, i32, instantiate, type Memory, type Value } from '../runtime/index';
import { compile } from '../testing';
import { Execution, runAsync, Store } from './index';

function start(wat: string, imports: (store: Store) => Func[] = () => [], limits = {}): Instance {
  const store = new Store(limits);
  return instantiate(store, compile(wat), imports(store));
}
function exported(instance: Instance, name: string): Func {
  return instance.exports.get(name) as Func;
}

const FIB = `(func $fib (export "fib") (param i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`;

/** Every kind of operand stays on the stack across a loop, calls and an indirect call. */
const MIXED = `(module
  (type $f (func (param f64) (result f64)))
  (table funcref (elem $half))
  (global $g (mut i64) (i64.const 0))
  (func $half (type $f) (f64.mul (local.get 0) (f64.const 0.5)))
  (func $sum (param $n i32) (result i64) (local $acc i64)
    (loop $l
      (local.set $acc (i64.add (i64.mul (local.get $acc) (i64.const 31)) (i64.extend_i32_u (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $acc))
  (func (export "run") (param $n i32) (result f64) (local $x f64) (local $r externref)
    (local.set $x (f64.const 1e9))
    (f32.const 1.5)
    (i64.const 77)
    (f64.const 0.25)
    (ref.null func)
    (loop $l (param f32 i64 f64 funcref) (result f32 i64 f64 funcref)
      (global.set $g (i64.xor (global.get $g) (call $sum (local.get $n))))
      (local.set $x (f64.add (call_indirect (type $f) (local.get $x) (i32.const 0)) (f64.convert_i32_s (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    drop
    (f64.add (local.get $x))
    (local.set $x)
    (i64.add (global.get $g))
    (f64.convert_i64_s)
    (local.set $x (f64.add (local.get $x)))
    (f64.promote_f32)
    (f64.add (local.get $x))))`;

describe('fuel', () => {
  it('stops and goes on with the same result, and counts the same in pieces as in one', () => {
    const whole = new Execution(exported(start(`(module ${FIB})`), 'fib'), [i32(12)]);
    const expected = whole.run();
    for (const fuel of [0, 1, 7, 5000]) {
      const execution = new Execution(exported(start(`(module ${FIB})`), 'fib'), [i32(12)]);
      let outcome = execution.run({ fuel });
      let stops = 0;
      while (outcome.kind === 'paused') {
        expect(outcome.reason).toBe('fuel');
        stops++;
        outcome = execution.run({ fuel });
      }
      expect(outcome).toEqual(expected);
      expect(execution.fuelUsed).toBe(whole.fuelUsed);
      if (fuel === 1) expect(stops).toBe(whole.fuelUsed - 1);
    }
  });
});

describe('frames', () => {
  it('make an execution anew at every safepoint', () => {
    const expected = exported(start(MIXED), 'run').call(9);
    const func = exported(start(MIXED), 'run');
    let execution = new Execution(func, [i32(9)]);
    let outcome = execution.run({ fuel: 0 });
    let moves = 0;
    while (outcome.kind === 'paused') {
      const frames = execution.frames();
      const again = Execution.restore(func, frames);
      expect(again.frames()).toEqual(frames);
      execution = again;
      outcome = execution.run({ fuel: 1 });
      moves++;
    }
    // Entries of `run` and `sum`, and branches back in them; `half` is quiet.
    expect(moves).toBe(1 + 9 + 8 + 36);
    expect(outcome.kind === 'done' && outcome.results).toMatchObject([toValue(expected)]);
  });
});

function toValue(x: unknown): Partial<Value> {
  const cell = new DataView(new ArrayBuffer(8));
  cell.setFloat64(0, x as number, true);
  return { lo: cell.getInt32(0, true), hi: cell.getInt32(4, true) };
}

describe('host functions', () => {
  const CALLS = `(module (import "h" "f" (func $f (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (i32.add (i32.const 1) (call $f (i32.mul (local.get 0) (i32.const 2))))))`;
  const type = { params: [0x7f], results: [0x7f] };

  it('may return a promise: the guest waits', async () => {
    const instance = start(CALLS, (store) => [
      Func.host(store, type, async (call) => {
        const x = call.i32(0);
        await new Promise((resolve) => setTimeout(resolve, 5));
        call.setI32(0, x + 100);
      }),
    ]);
    const execution = new Execution(exported(instance, 'run'), [i32(4)]);
    const other = new Execution(exported(instance, 'run'), [i32(10)]);
    const first = execution.run();
    const second = other.run();
    expect([first.kind, second.kind, execution.state]).toEqual(['waiting', 'waiting', 'waiting']);
    if (first.kind === 'waiting') await first.promise;
    if (second.kind === 'waiting') await second.promise;
    expect(other.run()).toMatchObject({ kind: 'done', results: [{ lo: 121 }] });
    expect(execution.run()).toMatchObject({ kind: 'done', results: [{ lo: 109 }] });
  });

  it('trap the guest when they reject', async () => {
    const instance = start(CALLS, (store) => [
      Func.host(store, type, () => Promise.reject(new Error('no luck')), 'f'),
    ]);
    const execution = new Execution(exported(instance, 'run'), [i32(4)]);
    const outcome = execution.run();
    if (outcome.kind === 'waiting') await outcome.promise;
    const end = execution.run();
    expect(end).toMatchObject({ kind: 'trapped', error: { code: 'hostRejected' } });
  });

  it('may not return a promise to a synchronous call', () => {
    const instance = start(CALLS, (store) => [Func.host(store, type, () => Promise.resolve())]);
    expect(() => exported(instance, 'run').call(1)).toThrow(RuntimeError);
  });

  it('let their exceptions through unchanged', () => {
    const thrown = { any: 'thing' };
    const instance = start(CALLS, (store) => [
      Func.host(store, type, () => {
        throw thrown;
      }),
    ]);
    expect(() => exported(instance, 'run').call(1)).toThrow(expect.toSatisfy((e: unknown) => e === thrown));
  });

  it('may call back into the guest', () => {
    let instance: Instance;
    instance = start(
      `(module (import "h" "f" (func $f (param i32) (result i32))) ${FIB}
        (func (export "run") (param i32) (result i32) (local i32) (local.set 1 (i32.const 7))
          (i32.add (local.get 1) (call $f (local.get 0)))))`,
      (store) => [
        Func.host(store, type, (call) =>
          call.setI32(0, exported(instance, 'fib').call(call.i32(0)) as number),
        ),
      ],
    );
    expect(exported(instance, 'run').call(10)).toBe(62);
  });
});

describe('traps', () => {
  it('carry a backtrace with names and offsets', () => {
    const instance = start(`(module $m (memory 1)
      (func $inner (param i32) (result i32) (i32.load (local.get 0)))
      (func $outer (export "run") (param i32) (result i32) (call $inner (local.get 0))))`);
    const outcome = new Execution(exported(instance, 'run'), [i32(65533)]).run();
    expect(outcome.kind).toBe('trapped');
    if (outcome.kind !== 'trapped') return;
    expect(outcome.error.message).toBe('out of bounds memory access');
    expect(outcome.error.backtrace.map((frame) => frame.name)).toEqual(['inner', 'outer']);
    const { bytes } = instance.module;
    expect(outcome.error.backtrace.map(({ offset }) => bytes[offset])).toEqual([0x28, 0x10]);
  });

  it('exhaust a recursion by the store limit, not by the host stack', () => {
    const wat = `(module (func $f (export "run") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
        (else (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))))`;
    expect(exported(start(wat), 'run').call(100_000)).toBe(100_000);
    expect(() => exported(start(wat, undefined, { maxFrames: 1000 }), 'run').call(1001)).toThrow(
      'call stack exhausted',
    );
  });
});

describe('pause', () => {
  it('takes effect at the next safepoint, when asked before or from a host function', () => {
    let execution: Execution;
    const instance = start(
      `(module (import "h" "f" (func $f)) (func (export "run") (result i32) (local i32)
        (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (if (i32.eq (local.get 0) (i32.const 3)) (then (call $f)))
          (br_if $l (i32.lt_u (local.get 0) (i32.const 10)))) (local.get 0)))`,
      (store) => [Func.host(store, { params: [], results: [] }, () => execution.pause())],
    );
    execution = new Execution(exported(instance, 'run'), []);
    execution.pause();
    expect(execution.run()).toEqual({ kind: 'paused', reason: 'request' });
    expect(execution.frames()).toMatchObject([{ kind: 'entry' }]);
    expect(execution.run()).toEqual({ kind: 'paused', reason: 'request' });
    expect(execution.frames()).toMatchObject([{ kind: 'loop', values: [{ lo: 3 }] }]);
    expect(execution.run()).toMatchObject({ kind: 'done', results: [{ lo: 10 }] });
  });
});

describe('fuel used', () => {
  it('is exact after a trap, and after an exception of the host', () => {
    const text = `(module (import "host" "throw" (func $throw))
      (func (export "run") (param $n i32) (param $throws i32)
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (if (local.get $throws) (then (call $throw)))
        (unreachable)))`;
    const failing = (store: Store) => [
      Func.host(store, { params: [], results: [] }, () => {
        throw new Error('of the host');
      }),
    ];
    for (const turns of [1, 100, 5000, 12345]) {
      const trapping = new Execution(exported(start(text, failing), 'run'), [i32(turns), i32(0)]);
      expect(trapping.run().kind).toBe('trapped');
      // The entry, and one for each branch back.
      expect(trapping.fuelUsed).toBe(turns);
      const throwing = new Execution(exported(start(text, failing), 'run'), [i32(turns), i32(1)]);
      expect(() => throwing.run({ fuel: 1e6 })).toThrow('of the host');
      expect(throwing.fuelUsed).toBe(turns);
    }
  });
});

describe('bulk operations', () => {
  const FILL = `(module (memory (export "m") 160)
    (func (export "run") (param i32) (result i32)
      (memory.fill (i32.const 3) (local.get 0) (i32.const 10000000))
      (memory.copy (i32.const 1) (i32.const 2) (i32.const 10000000))
      (memory.copy (i32.const 5) (i32.const 1) (i32.const 9000000))
      (i32.load8_u (i32.const 9000004))))`;

  it('stop within a part of the work and go on exactly', () => {
    const whole = start(FILL);
    const expected = exported(whole, 'run').call(7);
    const pieces = start(FILL);
    const execution = new Execution(exported(pieces, 'run'), [i32(7)]);
    let stops = 0;
    let outcome = execution.run({ deadline: () => true });
    while (outcome.kind === 'paused') {
      stops++;
      if (!execution.atSafepoint) expect(execution.backtrace()).toHaveLength(1);
      outcome = execution.run({ deadline: () => true });
    }
    expect(stops).toBeGreaterThan(100);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ lo: expected }] });
    const bytes = (instance: Instance) => Buffer.from((instance.exports.get('m') as Memory).bytes);
    expect(bytes(pieces).equals(bytes(whole))).toBe(true);
  });

  it('trap before they change anything', () => {
    const instance = start(`(module (memory (export "m") 1)
      (func (export "run") (memory.fill (i32.const 1) (i32.const 7) (i32.const 65536))))`);
    expect(() => exported(instance, 'run').call()).toThrow('out of bounds memory access');
    expect((instance.exports.get('m') as Memory).bytes[1]).toBe(0);
  });
});

describe('runAsync', () => {
  const scheduler = {
    now: () => performance.now(),
    turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  const LOOP = `(module (func (export "run") (loop $l (br $l))))`;

  it('stops an endless loop at its timeout and goes on from there', async () => {
    const execution = new Execution(exported(start(LOOP), 'run'), []);
    const before = performance.now();
    expect(await runAsync(execution, scheduler, { timeout: 30 })).toEqual({
      kind: 'paused',
      reason: 'deadline',
    });
    expect(performance.now() - before).toBeGreaterThanOrEqual(30);
    const used = execution.fuelUsed;
    expect(await runAsync(execution, scheduler, { fuel: 100 })).toEqual({ kind: 'paused', reason: 'fuel' });
    expect(execution.fuelUsed).toBe(used + 100);
  });

  it('pauses while the host is waited for, and goes on with that wait', async () => {
    const waits = `(module (import "host" "wait" (func $wait)) (func (export "run") (call $wait)))`;
    const after = (milliseconds: number, callback: () => void) => {
      const timer = setTimeout(callback, milliseconds);
      return () => clearTimeout(timer);
    };
    let settle: () => void = () => undefined;
    const wait = (store: Store) => [
      Func.host(store, { params: [], results: [] }, () => {
        return new Promise<void>((resolve) => {
          settle = resolve;
        });
      }),
    ];
    const execution = new Execution(exported(start(waits, wait), 'run'), []);
    const paused = { kind: 'paused', reason: 'deadline' };
    expect(await runAsync(execution, { ...scheduler, after }, { timeout: 20 })).toEqual(paused);
    expect(execution.state).toBe('waiting');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const aborted = { kind: 'paused', reason: 'request' };
    expect(await runAsync(execution, scheduler, { signal: controller.signal })).toEqual(aborted);
    expect(await runAsync(execution, scheduler, { signal: controller.signal })).toEqual(aborted);
    setTimeout(() => settle(), 20);
    expect(await runAsync(execution, { ...scheduler, after }, { timeout: 60_000 })).toMatchObject({
      kind: 'done',
    });
  });

  it('lets executions take turns', async () => {
    const controller = new AbortController();
    const executions = [1, 2, 3].map(() => new Execution(exported(start(LOOP), 'run'), []));
    const runs = executions.map((execution) =>
      runAsync(execution, scheduler, { slice: 1, signal: controller.signal }),
    );
    // Endless loops: only if each gets its turns, and the timer too, does this come to an end.
    const looking = setInterval(() => {
      if (executions.every(({ fuelUsed }) => fuelUsed > 1000)) controller.abort();
    }, 5);
    expect(await Promise.all(runs)).toEqual(executions.map(() => ({ kind: 'paused', reason: 'request' })));
    clearInterval(looking);
  });
});

describe('tracking of writes', () => {
  const WRITES = `(module (memory (export "m") 2)
    (func (export "run") (param $n i32) (result i32)
      (loop $l
        (i32.store8 (i32.mul (local.get $n) (i32.const 4096)) (local.get $n))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i64.store offset=2 (i32.const 28666) (i64.const -1))
      (memory.fill (i32.const 40000) (i32.const 1) (i32.const 10000))
      (i32.load8_u (i32.const 4096))))`;
  const marks = (memory: Memory) =>
    [...(memory.takeDirty() ?? [])].flatMap((mark, k) => (mark === 0 ? [] : [k]));

  it('marks the blocks that stores and bulk operations touch, also of an execution paused before', () => {
    const instance = start(WRITES);
    const memory = instance.exports.get('m') as Memory;
    const execution = new Execution(exported(instance, 'run'), [i32(4)]);
    // The function's entry and the loop's first turns: blocks 4 and 3 are written without being tracked.
    expect(execution.run({ fuel: 2 })).toMatchObject({ kind: 'paused' });
    expect(memory.takeDirty()).toBeUndefined();
    memory.track();
    expect(execution.run({ fuel: 1 })).toMatchObject({ kind: 'paused' });
    expect(marks(memory)).toEqual([2]);
    expect(execution.run()).toMatchObject({ kind: 'done', results: [{ lo: 1 }] });
    expect(marks(memory)).toEqual([1, 6, 7, 9, 10, 11, 12]);
    memory.touch(65535, 2);
    expect(marks(memory)).toEqual([15, 16]);
  });

  it('cannot start while something runs', () => {
    const instance: Instance = start(
      `(module (import "h" "f" (func $f)) (memory (export "m") 1) (func (export "run") (call $f)))`,
      (store) => [
        Func.host(store, { params: [], results: [] }, () => (instance.exports.get('m') as Memory).track()),
      ],
    );
    expect(() => exported(instance, 'run').call()).toThrow('while an execution runs');
  });
});
