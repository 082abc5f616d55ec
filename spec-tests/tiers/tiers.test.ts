/** Two tiers in one execution: what can be seen of it from outside must not depend on which of them ran what. */
import { beforeAll, describe, expect, it } from 'vitest';
import { JavaScriptTier } from '../../src/compiler/javascript';
import { F32, I32, Module } from '../../src/decoder';
import { wat } from '../../src/decoder/testing';
import { RuntimeError } from '../../src/errors';
import { Execution, type FrameState, type Outcome, Store } from '../../src/interpreter/index';
import { usePolicy } from '../../src/interpreter/machine';
import { policyFor, reportTier } from '../../src/interpreter/policy';
import type { Tier, TierPolicy } from '../../src/interpreter/tiers';
import {
  type Func,
  type Global,
  type Instance,
  i32,
  instantiate,
  Func as Made,
} from '../../src/runtime/index';
import { evaluate } from '../engines/javascript-tier';
import { RandomPolicy } from './policy';
import { Walker } from './walker';

const walker = new Walker();
const javascript = new JavaScriptTier({ evaluate, compilesHot: true });

/** Everything in the tier, from its first call on, and back into it at every look. */
const within = (tier: Tier): TierPolicy => ({
  tiers: [tier],
  every: Number.POSITIVE_INFINITY,
  atFirstCall: () => [tier],
  atSafepoint: () => [tier],
});
const inTheTier = within(walker);
/** Up at every safepoint, down at the next one. */
const toAndFro = (tier: Tier): TierPolicy => ({
  tiers: [tier],
  every: 1,
  atFirstCall: () => [],
  atSafepoint: (_, now) => (now === undefined ? [tier] : []),
});

/** Operands of every kind stay on the stack across loops, calls, host calls, indirect calls and tail calls. */
const PROGRAM = `(module
  (import "m" "ask" (func $ask (param i32) (result i32)))
  (type $f (func (param f64) (result f64)))
  (table $t 2 4 funcref) (elem (i32.const 0) $half $twice)
  (memory (export "memory") 1)
  (global $g (export "g") (mut i64) (i64.const 0))
  (func $half (type $f) (f64.mul (local.get 0) (f64.const 0.5)))
  (func $twice (type $f) (return_call $half (f64.mul (local.get 0) (f64.const 4))))
  (func $keep (param funcref i32) (result funcref) (local funcref)
    (local.set 2 (local.get 0))
    (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 2))
  (func $sum (param $n i32) (result i64) (local $acc i64)
    (loop $l
      (local.set $acc (i64.add (i64.mul (local.get $acc) (i64.const 31)) (i64.extend_i32_u (local.get $n))))
      (i32.store (local.get $n) (i32.wrap_i64 (local.get $acc)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $acc))
  (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (call $ask (local.get 0)))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "run") (param $n i32) (result i64) (local $x f64)
    (local.set $x (f64.const 3))
    (i64.add
      (i64.extend_i32_u (call $fib (local.get $n)))
      (block (result i64)
        (loop $l
          (local.set $x (call_indirect (type $f) (f64.add (local.get $x) (f64.const 1))
                          (i32.and (local.get $n) (i32.const 1))))
          (global.set $g (i64.add (global.get $g) (call $sum (i32.const 3))))
          (drop (call $keep (ref.func $half) (i32.const 2)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i64.add (global.get $g) (i64.trunc_f64_s (local.get $x)))))))`;

/** More instructions than are lowered at once where there is a deadline. */
const LONG = `(module (import "m" "ask" (func (param i32) (result i32)))
  (func (export "run") (param $n i32) (result i64) (local $x i64)
  (loop $l
    ${'(local.set $x (i64.add (i64.mul (local.get $x) (i64.const 31)) (i64.extend_i32_u (local.get $n))))'.repeat(200)}
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (local.get $x)))`;

const DEEP = `(module
  (import "m" "ask" (func $ask (param i32) (result i32)))
  (global $depth (export "g") (mut i32) (i32.const 0))
  (func $a (export "run") (param i32) (result i64) (local i64 i64)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (if (i32.eqz (local.get 0)) (then (return (i64.const 7))))
    (i64.add (i64.const 1) (call $b (i32.sub (local.get 0) (i32.const 1)))))
  (func $b (param i32) (result i64)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (i64.add (i64.const 1) (call $a (local.get 0)))))`;

const TRAPS = `(module
  (import "m" "ask" (func $ask (param i32) (result i32)))
  (func $outer (export "run") (param i32) (result i64) (call $middle (local.get 0)) (i64.const 0))
  (func $middle (param i32) (loop (call $inner (local.get 0))))
  (func $inner (param i32)
    (if (i32.eqz (call $ask (local.get 0))) (then unreachable))
    (drop (i32.div_u (i32.const 1) (i32.sub (local.get 0) (i32.const 9))))))`;

const modules = new Map<string, Module>();
beforeAll(async () => {
  for (const text of [PROGRAM, DEEP, TRAPS, LONG]) modules.set(text, Module.decode(await wat(text)));
});

const plain = (argument: number): number => argument;
type Ask = (argument: number) => number | Promise<number>;

function start(text: string, policy: TierPolicy | undefined, ask: Ask = plain, limits = {}): Instance {
  const store = new Store(limits);
  if (policy !== undefined) usePolicy(store, policy);
  const type = { params: [i32(0).type], results: [i32(0).type] };
  const host = Made.host(
    store,
    type,
    (call) => {
      const answer = ask(call.i32(0));
      if (typeof answer === 'number') return call.setI32(0, answer);
      return answer.then((value) => call.setI32(0, value));
    },
    'ask',
  );
  return instantiate(store, modules.get(text)!, [host]);
}
function call(instance: Instance, argument: number): Execution {
  return new Execution(instance.exports.get('run') as Func, [i32(argument)]);
}

/** Frames as a snapshot has them, without the instances. */
function shown(frames: readonly FrameState[]): unknown[] {
  return frames.map(({ funcidx, kind, offset, targetLoop, values }) => ({
    place: [funcidx, kind, offset, targetLoop],
    values: values.map(({ type, lo, hi, ref }) => [
      type,
      lo,
      // The high word of a 32-bit value means nothing.
      type === I32 || type === F32 ? 0 : hi,
      ref === null ? null : 'a reference',
    ]),
  }));
}

const policiesOf = (tier: Tier): readonly (readonly [string, TierPolicy, () => number])[] => [
  [`in ${tier.name}`, within(tier), steps],
  [`to ${tier.name} and fro`, toAndFro(tier), steps],
  ...[1, 2, 3, 4].map(
    (seed) => [`at random ${seed}: ${tier.name}`, new RandomPolicy(tier, seed * 7919), steps] as const,
  ),
];
/** How often a tier was entered, either way. */
const steps = (): number => {
  const { entered, continued } = javascript.counts;
  return walker.counts.entered + walker.counts.continued + entered + continued;
};

describe.each([...policiesOf(walker), ...policiesOf(javascript)])('%s', (_, policy, entered) => {
  it('pauses with the same frames, fuel and globals as the interpreter, wherever it is paused', () => {
    const before = entered();
    for (const fuel of [1, 2, 3, 7, 20, 1000]) {
      const sides = [start(PROGRAM, undefined), start(PROGRAM, policy)];
      const [here, there] = sides.map((instance) => call(instance, 6));
      for (;;) {
        const outcomes = [here.run({ fuel }), there.run({ fuel })];
        expect(there.fuelUsed).toBe(here.fuelUsed);
        expect(there.fuelOwed).toBe(here.fuelOwed);
        const globals = sides.map((instance) => (instance.exports.get('g') as Global).get());
        expect(globals[1]).toEqual(globals[0]);
        expect(outcomes[1]).toEqual(outcomes[0]);
        if (outcomes[0].kind !== 'paused') break;
        expect(shown(there.frames())).toEqual(shown(here.frames()));
        expect(there.backtrace()).toEqual(here.backtrace());
      }
      expect(here.state).toBe('done');
    }
    expect(entered()).toBeGreaterThan(before);
  });

  it('exhausts the stack at the same depth', () => {
    const limits = [{ maxFrames: 5000 }, { maxSlots: 7001 }, { maxFrames: 20_000, maxSlots: 100_000 }];
    for (const limit of limits) {
      const sides = [start(DEEP, undefined, plain, limit), start(DEEP, policy, plain, limit)];
      const outcomes = sides.map((instance) => call(instance, 1_000_000).run());
      expect(outcomes.map(messageOf)).toEqual(['call stack exhausted', 'call stack exhausted']);
      const depths = sides.map((instance) => (instance.exports.get('g') as Global).get().lo);
      expect(depths[1]).toBe(depths[0]);
      expect(depths[0]).toBeGreaterThan(1000);
    }
  });

  it('returns from a hundred thousand calls of both tiers', () => {
    const outcome = call(start(DEEP, policy), 50_000).run();
    expect(outcome.kind === 'done' && outcome.results[0].lo).toBe(100_007);
  });

  it('traps with the same backtrace, in wasm and in what the host calls', () => {
    const ask: Ask = (n) => {
      if (n === 3) throw new RuntimeError('no', undefined, 'unreachable');
      return n;
    };
    for (const argument of [0, 3, 9]) {
      const outcomes = [undefined, policy].map((p) => call(start(TRAPS, p, ask), argument).run());
      const traces = outcomes.map((outcome) => (outcome.kind === 'trapped' ? outcome.error.backtrace : []));
      expect(messageOf(outcomes[1])).toBe(messageOf(outcomes[0]));
      expect(traces[0]?.length).toBeGreaterThan(1);
      expect(traces[1]).toEqual(traces[0]);
    }
  });

  it('lets what the host throws through, and is dead then', () => {
    const execution = call(
      start(TRAPS, policy, () => {
        throw new Error('the host');
      }),
      1,
    );
    expect(() => execution.run()).toThrow('the host');
    expect(execution.state).toBe('failed');
  });

  it('waits for promises with frames that a snapshot can have', async () => {
    const later: Ask = (n) => Promise.resolve(n);
    const [here, there] = [undefined, policy].map((p) => call(start(PROGRAM, p, later), 3));
    for (;;) {
      const outcomes = [here.run(), there.run()];
      expect(outcomes[1].kind).toBe(outcomes[0].kind);
      if (outcomes[0].kind !== 'waiting') {
        expect(outcomes[1]).toEqual(outcomes[0]);
        break;
      }
      expect(shown(there.frames())).toEqual(shown(here.frames()));
      for (const outcome of outcomes) if (outcome.kind === 'waiting') await outcome.promise;
    }
  });

  it('hears a pause that a host function asks for', () => {
    const asked = [undefined, policy].map((p) => {
      let execution: Execution | undefined;
      const instance = start(PROGRAM, p, (n) => {
        execution?.pause();
        return n;
      });
      execution = call(instance, 4);
      const seen: unknown[] = [];
      for (let outcome = execution.run(); ; outcome = execution.run()) {
        seen.push(outcome, execution.fuelUsed);
        if (outcome.kind !== 'paused') return seen;
        seen.push(shown(execution.frames()));
      }
    });
    expect(asked[1]).toEqual(asked[0]);
    expect(asked[0].length).toBeGreaterThan(10);
  });

  it('runs another execution inside a host function, whose fuel counts', () => {
    const used = [undefined, policy].map((p) => {
      let inner: Instance | undefined;
      const instance = start(PROGRAM, p, (n) => {
        if (inner === undefined) inner = start(PROGRAM, p);
        return n + (inner.exports.get('run') as Func).callRaw([i32(2)])[0].lo;
      });
      const execution = call(instance, 4);
      return [execution.run(), execution.fuelUsed];
    });
    expect(used[1]).toEqual(used[0]);
  });
});

function messageOf(outcome: Outcome): string {
  return outcome.kind === 'trapped' ? outcome.error.message : outcome.kind;
}

describe('what a tier is asked', () => {
  it('falls back to the interpreter where a tier refuses, and does not ask again', () => {
    let offers = 0;
    const refusing: Tier = {
      name: 'refusing',
      haste: 0,
      isPrompt: false,
      counts: new Walker().counts,
      judge: (_, funcidx) => (funcidx === 1 ? { kind: 'refuses', why: 'it is the first' } : { kind: 'runs' }),
      offer: () => {
        offers++;
        return { kind: 'refused', why: 'no' };
      },
    };
    const policy: TierPolicy = {
      tiers: [refusing],
      every: 1,
      atFirstCall: () => [refusing],
      atSafepoint: () => [refusing],
    };
    const instance = start(DEEP, policy);
    expect(call(instance, 10).run().kind).toBe('done');
    expect(offers).toBe(2);
    expect([1, 2].map((funcidx) => reportTier(instance.module, funcidx, policy))).toEqual([
      { funcidx: 1, tier: 'interpreter', refusals: [{ tier: 'refusing', why: 'it is the first' }] },
      { funcidx: 2, tier: 'refusing', refusals: [] },
    ]);
  });

  it('asks again when code that took longer is there', () => {
    let ready = false;
    const slow: Tier = {
      name: 'slow',
      haste: 0,
      isPrompt: false,
      counts: new Walker().counts,
      judge: () => ({ kind: 'runs' }),
      offer: (func, occasion, machine) => (ready ? walker.offer(func, occasion, machine) : { kind: 'later' }),
    };
    const policy: TierPolicy = {
      tiers: [slow],
      every: 1,
      atFirstCall: () => [slow],
      atSafepoint: () => [slow],
    };
    const execution = call(start(PROGRAM, policy), 3);
    execution.run({ fuel: 5 });
    const before = walker.counts.continued;
    ready = true;
    expect(execution.run().kind).toBe('done');
    expect(walker.counts.continued).toBeGreaterThan(before);
  });

  it('takes a function that is being lowered, when it comes in between', () => {
    const instance = start(LONG, policyFor('interpret'));
    const execution = call(instance, 3);
    do execution.run({ deadline: () => true });
    while (execution.atSafepoint);
    usePolicy(instance.store, inTheTier);
    const { offered, entered } = walker.counts;
    expect(execution.run()).toEqual(call(start(LONG, policyFor('interpret')), 3).run());
    expect([walker.counts.offered, walker.counts.entered]).toEqual([offered + 1, entered + 1]);
  });

  it('gives up its code when writes to a memory are tracked', () => {
    const instance = start(PROGRAM, inTheTier);
    expect(call(instance, 3).run().kind).toBe('done');
    const [memory] = instance.memories;
    const { dropped, entered } = walker.counts;
    memory.track();
    expect(walker.counts.dropped).toBeGreaterThan(dropped);
    expect(call(instance, 3).run().kind).toBe('done');
    expect(walker.counts.entered).toBeGreaterThan(entered);
    expect(memory.takeDirty()?.[0]).toBe(1);
  });

  it('is the interpreter alone where nothing is installed', () => {
    const module = modules.get(DEEP)!;
    for (const choice of ['auto', 'interpret', 'javascript', 'native'] as const) {
      const report = reportTier(module, 1, policyFor(choice));
      expect(report).toEqual({ funcidx: 1, tier: 'interpreter', refusals: [] });
    }
  });
});
