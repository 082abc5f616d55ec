/** How every compiled tier is compared with the interpreter. Both tiers run all programs, but for the one about NaNs (see `Compared`). */
import { beforeAll, describe, expect, it } from 'vitest';
import { type FuncType, Module } from '../decoder';
import { wat } from '../decoder/testing';
import { RuntimeError } from '../errors';
import { Execution, Store } from '../interpreter';
import { usePolicy } from '../interpreter/machine';
import type { Outcome } from '../interpreter/outcome';
import type { Tier, TierPolicy } from '../interpreter/tiers';
import { type Extern, Func, i32, instantiate } from '../runtime';
import { ABOUT_NANS, moduleOf, PROGRAMS, TRAPS } from './testing-programs';

/** In it from the first call on, and again after each stop. */
export const always = (tier: Tier): TierPolicy => ({
  tiers: [tier],
  every: Number.POSITIVE_INFINITY,
  atFirstCall: () => [tier],
  atSafepoint: () => [tier],
});
export const WAYS: Readonly<Record<string, (tier: Tier) => TierPolicy>> = {
  always,
  /** What has left stays in the interpreter until it is called again. */
  'without coming up again': (tier) => ({
    ...always(tier),
    atSafepoint: (_, now) => (now === undefined ? [] : [now]),
  }),
  'from loops on': (tier) => ({ ...always(tier), every: 3, atFirstCall: () => [] }),
};

/** `isExact`: all tiers leave the same frames. Else these may hold anything that nobody will read. */
export function run(
  decoded: Module,
  policy: TierPolicy | undefined,
  fuel: number,
  isExact = true,
): unknown[] {
  const store = new Store({ canonicalNans: isExact });
  if (policy !== undefined) usePolicy(store, policy);
  const type = { params: [0x7f], results: [0x7f] };
  const host: Extern = Func.host(store, type, (call) => {
    const { globals, memories } = instance;
    globals[0].set({ ...globals[0].get(), lo: globals[0].get().lo + 1 });
    memories[0].bytes[5]++;
    call.setI32(0, call.i32(0) * 2 + globals[0].get().lo);
  });
  const instance = instantiate(store, decoded, [host]);
  const execution = new Execution(instance.exports.get('run') as Func, [i32(40)]);
  const seen: unknown[] = [];
  let outcome: Outcome;
  do {
    outcome = execution.run({ fuel });
    const hasFrames = isExact && outcome.kind === 'paused' && execution.atSafepoint;
    const frames = hasFrames ? execution.frames() : [];
    seen.push([outcome.kind, execution.fuelUsed, execution.fuelOwed, frames.map(shown)]);
    if (seen.length > 20_000) throw new Error('it does not end');
  } while (outcome.kind === 'paused');
  const { globals, memories } = instance;
  seen.push(outcome.kind === 'done' ? outcome.results : [], [...memories[0].bytes.subarray(0, 200)]);
  return [...seen, globals.map((global) => global.get())];
}

function shown({
  funcidx,
  kind,
  offset,
  targetLoop,
  values,
}: ReturnType<Execution['frames']>[number]): unknown {
  const bits = values.map(({ type, lo, hi, ref }) =>
    ref instanceof Func
      ? `func ${ref.funcidx}`
      : type === 0x7f || type === 0x7d
        ? [type, lo]
        : [type, lo, hi, ref],
  );
  return { funcidx, kind, offset, targetLoop, bits };
}

/** How a run of `run` ends that traps, and what it leaves in globals and the memory; undefined where it does not. */
export function failed(decoded: Module, policy: TierPolicy | undefined, withFuel: boolean): unknown {
  const store = new Store();
  if (policy !== undefined) usePolicy(store, policy);
  const host: Extern = Func.host(store, { params: [0x7f], results: [0x7f] }, () => {
    const [global] = instance.globals;
    global.set({ ...global.get(), lo: global.get().lo + 1 });
  });
  const instance = instantiate(store, decoded, [host]);
  const execution = new Execution(instance.exports.get('run') as Func, [i32(40)]);
  const outcome = execution.run();
  if (outcome.kind !== 'trapped') return undefined;
  const { error } = outcome;
  if (!(error instanceof RuntimeError)) throw error;
  const { code, message, backtrace } = error;
  const left = [
    instance.globals.map((global) => global.get()),
    [...instance.memories[0].bytes.subarray(0, 200)],
  ];
  return { code, message, backtrace, left, ...(withFuel && { fuel: execution.fuelUsed }) };
}

/** A function that adds one to what another one gives. */
const caller = (head: string, callee: string, type: string): string =>
  `${head} (param ${type}) (result ${type}) (${type}.add (call ${callee} (local.get 0)) (${type}.const 1)))`;

/** What a tier promises beyond the same frames, fuel at stops, results and backtraces. */
interface Compared {
  /** Fuel is exact after a trap too. */
  readonly fuelAfterTraps: boolean;
}

export function describeTier(name: string, tiers: readonly Tier[], { fuelAfterTraps }: Compared): void {
  describe(`the ${name} tier stops and goes on like the interpreter`, () => {
    const modules = new Map<string, Module>();
    beforeAll(async () => {
      for (const [program, body] of Object.entries(PROGRAMS)) {
        modules.set(program, Module.decode(await wat(moduleOf(body))));
      }
    });

    it.each(Object.keys(PROGRAMS))('%s', (program) => {
      const decoded = modules.get(program)!;
      const entered = tiers.map(({ counts }) => counts.entered);
      for (const fuel of [1, 2, 3, 7, 20, 100_000]) {
        const expected = run(decoded, undefined, fuel);
        for (const [k, tier] of tiers.entries()) {
          for (const [way, policy] of Object.entries(WAYS)) {
            expect(run(decoded, policy(tier), fuel), `fuel ${fuel}, tier ${k}, ${way}`).toEqual(expected);
          }
        }
      }
      tiers.forEach(({ counts }, k) => {
        expect(counts.entered).toBeGreaterThan(entered[k]);
        expect(counts.refused.size).toBe(0);
      });
    });

    it.each(Object.keys(PROGRAMS).filter((program) => program !== ABOUT_NANS))('%s, not exact', (program) => {
      const decoded = modules.get(program)!;
      for (const fuel of [1, 7, 20]) {
        const expected = run(decoded, undefined, fuel, false);
        for (const [k, tier] of tiers.entries()) {
          for (const [way, policy] of Object.entries(WAYS)) {
            expect(run(decoded, policy(tier), fuel, false), `fuel ${fuel}, tier ${k}, ${way}`).toEqual(
              expected,
            );
          }
        }
      }
    });

    it('is entered at loops', () => {
      for (const { counts } of tiers) expect(counts.continued).toBeGreaterThan(20);
    });
  });

  describe(`exceptions pass through the ${name} tier`, () => {
    it.each(['i32', 'f64'])(
      'to the handlers below, whatever stood in the place of its frames: %s',
      async (type) => {
        const callers = [1, 2, 3].map((k) => caller(`(func $f${k}`, `$f${k - 1}`, type)).join('');
        const inner = Module.decode(
          await wat(`(module (import "e" "f" (func $f0 (param ${type}) (result ${type}))) ${callers}
          ${[0, 1, 2, 3].map((k) => caller(`(func (export "run ${k}")`, `$f${k}`, type)).join('')})`),
        );
        const outer = Module.decode(
          await wat(`(module (import "e" "run" (func $run (param ${type}) (result ${type})))
          (func (export "run") (param ${type}) (result ${type}) (block $caught (try_table (catch_all $caught)
            (return (call $run (local.get 0))))) (${type}.const -1)))`),
        );
        const deep = Module.decode(
          await wat(`(module (func $deep (export "run") (param i32) (result i32) (block $caught
          (try_table (catch_all $caught) (if (local.get 0)
            (then (return (call $deep (i32.sub (local.get 0) (i32.const 1))))))) (return (i32.const 7))) (i32.const 1234)))`),
        );
        for (const tier of tiers) {
          const store = new Store();
          usePolicy(store, always(tier));
          const odd = (k: never): unknown => {
            if (k % 2 !== 0) throw new Error('odd');
            return k;
          };
          const { type: signature } = inner.imports[0].type as { type: FuncType };
          const plain = Func.js(store, signature, odd);
          const byCallback = Func.host(store, signature, (call) => {
            odd((type === 'i32' ? call.i32(0) : call.f64(0)) as never);
            call.setValue(0, call.args()[0]);
          });
          const run = (module: Module, imports: Extern[], name = 'run') =>
            instantiate(store, module, imports).exports.get(name) as Func;
          for (const host of [plain, byCallback]) {
            for (let depth = 0; depth < 4; depth++) {
              const called = run(inner, [host], `run ${depth}`);
              const caught = run(outer, [called]);
              expect(run(deep, []).call(20 as never)).toBe(7);
              expect([1, 2, 3, 4].map((k) => caught.call(k as never))).toEqual([
                -1,
                3 + depth,
                -1,
                5 + depth,
              ]);
              expect(() => called.call(5 as never)).toThrow('odd');
            }
          }
        }
      },
    );
  });

  describe(`traps in the ${name} tier`, () => {
    it.each(TRAPS)('%s: %s', async (code, body) => {
      const text = moduleOf(`(i32.add (i32.const 1) (call $trap (local.get $n))))
        (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
        (func $refused (result i32) (global.set $g (i64.const 7))
          (call_indirect (param funcref) (result i32) (ref.null func) (i32.const 4)))
        (func $trap (param $n i32) (result i32) ${body}`);
      const decoded = Module.decode(await wat(text));
      const expected = failed(decoded, undefined, fuelAfterTraps);
      expect(expected).toMatchObject({ code });
      for (const tier of tiers) expect(failed(decoded, always(tier), fuelAfterTraps)).toEqual(expected);
    });
  });
}
