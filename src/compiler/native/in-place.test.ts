import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module, OP } from '../../decoder';
import { wat } from '../../decoder/testing';
import type { RuntimeError } from '../../errors';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import type { TierPolicy } from '../../interpreter/tiers';
import { Func, i32, instantiate } from '../../runtime';
import { wat as wabtWat } from '../../testing';
import { always } from '../testing';
import { Body } from './body';
import { leavesInPlace, mainLoopOf, steadyIn } from './in-place';
import { Layout, SideLayout } from './layout';
import { deadAtPoints } from './liveness';
import { HOST } from './testing';
import { NativeTier } from './tier';

const ARMS = 9;
const CALLS_OF_ARM = 40;
const TYPES = ['i32', 'i64', 'f64', 'i32', 'f32'] as const;
const LOCALS = 60;
const RUN = 1;
const typeOf = (localidx: number) => (localidx < 2 ? 'i32' : TYPES[localidx % TYPES.length]);

/** What a call gives is added to a local, while an operand that has been read before waits, and sometimes another one. */
function statement(seed: number): string {
  const local = 2 + ((seed * 7) % (LOCALS - 2));
  const type = typeOf(local);
  const other = 2 + ((seed * 11) % (LOCALS - 2));
  const called = `(call $count (i32.const ${seed % 100}))`;
  const value = {
    i32: called,
    i64: `(i64.extend_i32_u ${called})`,
    f64: `(f64.convert_i32_u ${called})`,
    f32: `(f32.convert_i32_u ${called})`,
  }[type];
  const kept = typeOf(other) === type ? other : local;
  const sum = `(${type}.add (local.get ${kept}) ${value})`;
  return `(local.set ${local} ${seed % 3 === 0 ? `(${type}.add (${type}.const 3) ${sum})` : sum})`;
}

const COUNT = `(loop $again (br_if $again (i32.const 0))) (i32.add (local.get 0) (i32.const 1))`;

/** An interpreter: its loop dispatches to arms full of calls. `count`: the body of what they call. */
function text(arms: number, count = COUNT, beside = ''): string {
  const declared = Array.from({ length: LOCALS - 2 }, (_, k) => `(local ${typeOf(k + 2)})`).join(' ');
  let body = `(br_table ${Array.from({ length: arms }, (_, k) => k).join(' ')} ${arms}
    (i32.rem_u (local.get 1) (i32.const ${arms + 1})))`;
  for (let arm = 0; arm < arms; arm++) {
    const calls = Array.from({ length: CALLS_OF_ARM }, (_, k) => statement(arm * CALLS_OF_ARM + k)).join(
      '\n',
    );
    const ends = arm % 2 === 0 ? '' : '(if (i32.eqz (local.get 0)) (then (br $out)))';
    body = `(block ${body})\n${calls} ${ends}
      (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br $next)`;
  }
  const sum = Array.from({ length: LOCALS }, (_, k) => {
    const type = typeOf(k);
    if (type === 'i32') return `(local.get ${k})`;
    if (type === 'i64') return `(i32.wrap_i64 (local.get ${k}))`;
    return `(i32.trunc_sat_${type}_s (local.get ${k}))`;
  }).reduce((all, one) => `(i32.add (i32.mul ${all} (i32.const 31)) ${one})`);
  return `(module ${beside} (memory 1)
    (func $count (param i32) (result i32) ${count})
    (func $run (export "run") (param i32) (result i32) (local i32) ${declared}
      (local.set 3 (call $count (local.get 0)))
      (block $out (loop $next
        (if (i32.ge_u (local.get 1) (local.get 0)) (then (br $out)))
        (block ${body})
        (memory.fill (i32.const 0) (local.get 1) (i32.const 5000))
        (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br $next)))
      (local.set 3 (i32.add (local.get 3) (call $count (local.get 3))))
      ${sum}))`;
}
const TURNS = 13;
const decoded = async (arms: number) => Module.decode(await wat(text(arms)));
let module: Module;
const { stackTraceLimit } = Error;
beforeAll(async () => {
  // Of native code the host's trace tells.
  Error.stackTraceLimit = 100;
  module = await decoded(ARMS);
});

afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** How it ends when it is first stopped behind so much fuel. */
function run(module: Module, policy: TierPolicy | undefined, first: number): unknown[] {
  const store = new Store();
  if (policy !== undefined) usePolicy(store, policy);
  const func = instantiate(store, module, []).exports.get('run') as Func;
  const execution = new Execution(func, [i32(TURNS)]);
  const seen: unknown[] = [];
  let outcome = execution.run({ fuel: first });
  for (; outcome.kind === 'paused'; outcome = execution.run({ fuel: 5000 })) seen.push(execution.fuelUsed);
  return [...seen, outcome.kind === 'done' ? outcome.results : outcome.kind, execution.fuelUsed];
}

describe('a long function of an interpreter', () => {
  it('is one with many calls, times its locals, and a loop that many branches go back to', async () => {
    expect(leavesInPlace(module, RUN, LOCALS)).toBe(true);
    expect(leavesInPlace(module, RUN, LOCALS / 2)).toBe(false);
    const few = await decoded(5);
    expect(leavesInPlace(few, RUN, 1000)).toBe(false);
  });

  it('has a handler for each call; not where frames must be the same in all tiers', () => {
    const triesOf = (isExact: boolean) => {
      const base = new Layout(module, { isShared: false, isExact }, false);
      const { code, shape } = new Body(new SideLayout(base, [RUN], false), RUN).instrument();
      const catches = code.bytes.subarray(0, code.length).filter((byte, k, all) => {
        return byte === OP.catch_all && all[k + 1] === OP['local.get'];
      });
      // Not right behind an indirect call (leaving.ts).
      const behindCalls = code.bytes.subarray(0, code.length).filter((byte, k, all) => {
        return byte === OP.catch_all && all[k - 1] === OP.nop;
      });
      return { catches: catches.length, points: shape.points, behindCalls: behindCalls.length };
    };
    const { catches, points, behindCalls } = triesOf(false);
    expect(behindCalls).toBeGreaterThan(ARMS * CALLS_OF_ARM);
    expect(points.every(({ kept }) => kept !== undefined)).toBe(true);
    expect(catches).toBeGreaterThan(ARMS * CALLS_OF_ARM);
    const exact = triesOf(true);
    expect(exact.catches).toBeLessThan(20);
    expect(exact.points.every(({ kept }) => kept === undefined)).toBe(true);
  });

  it('has steady locals: those that its main loop does not write, or needs nearly everywhere', () => {
    const main = mainLoopOf(module, RUN)!;
    expect(main.written.has(1)).toBe(true);
    expect(main.written.has(0)).toBe(false);
    const steady = steadyIn(main, deadAtPoints(module, RUN, LOCALS, true), LOCALS);
    expect(steady).toContain(0);
    const none = new Map([[main.offset + 1, [...Array(LOCALS).keys()]]]);
    expect(steadyIn(main, none, LOCALS)).toContain(0);
    expect(steadyIn(main, none, LOCALS)).not.toContain(1);
  });

  it('is passed by what is thrown in what it calls', async () => {
    const ofHost = new Error('of the embedder');
    const beside = `(import "host" "throw" (func $throw)) (tag $e (param i32)) (global $left (mut i32) (i32.const 0))
      (func (export "caught") (param i32 i32) (result i32)
        (global.set $left (local.get 1))
        (try (result i32) (do (call $run (local.get 0))) (catch $e (i32.add (i32.const 1000)))))
      (func (export "uncaught") (param i32 i32) (result i32)
        (global.set $left (local.get 1)) (call $run (local.get 0)))`;
    const ways = {
      'the embedder': '(call $throw)',
      'a guest': '(throw $e (local.get 0))',
      'a trap': '(unreachable)',
      'the end of the stack': '(drop (call $run (i32.const 1)))',
    };
    for (const [who, way] of Object.entries(ways)) {
      const count = `(global.set $left (i32.sub (global.get $left) (i32.const 1)))
        (if (i32.lt_s (global.get $left) (i32.const 0)) (then ${way})) ${COUNT}`;
      const thrown = Module.decode(wabtWat(text(ARMS, count, beside)));
      expect(leavesInPlace(thrown, RUN + 3, LOCALS)).toBe(true);
      const ended = (name: string, left: number, tier?: NativeTier): unknown => {
        const store = new Store({ maxFrames: 5000 });
        if (tier !== undefined) usePolicy(store, always(tier));
        const throws = Func.js(store, { params: [], results: [] }, () => {
          throw ofHost;
        });
        const func = instantiate(store, thrown, [throws]).exports.get(name) as Func;
        try {
          return func.call(TURNS, left);
        } catch (error) {
          if (error === ofHost) return ofHost.message;
          const { message, backtrace } = error as RuntimeError;
          return [message, backtrace.length, backtrace.slice(0, 9)];
        }
      };
      for (const name of ['caught', 'uncaught']) {
        for (const left of [0, 1, 17, 300]) {
          const tier = new NativeTier(HOST, { whole: 0, group: 0 });
          expect(ended(name, left, tier), `${who}, ${name}, ${left}`).toEqual(ended(name, left));
          expect(tier.counts.refused.size).toBe(0);
        }
      }
    }
  });

  it.each([
    ['always', 7],
    ['without coming up again', 3],
  ])('stops and goes on like the interpreter: %s', (way, step) => {
    const tier = new NativeTier(HOST, { whole: 0, group: 0 });
    const policy: TierPolicy = {
      ...always(tier),
      ...(way === 'always' ? {} : { atSafepoint: (_, now) => (now === undefined ? [] : [now]) }),
    };
    const expected = run(module, undefined, 1e6);
    expect(expected[0]).toEqual([expect.anything()]);
    const all = expected[1] as number;
    expect(all).toBeGreaterThan(400);
    for (let first = 1; first < all; first += first < all - 10 ? step : 1) {
      expect(run(module, policy, first), `stopped behind ${first}`).toEqual(run(module, undefined, first));
    }
    expect(tier.counts.refused.size).toBe(0);
    expect(tier.counts.entered).toBeGreaterThan(100);
  });
});
