/** JavaScript functions, and callbacks that never wait, which native code calls with its arguments: they see, and are seen, as the interpreter's calls are. */
import { describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { trap } from '../../errors';
import { Execution, fuelLeft, Store } from '../../interpreter';
import { invoke } from '../../interpreter/invoke';
import { usePolicy } from '../../interpreter/machine';
import {
  Func,
  f32,
  f64,
  type Global,
  type Instance,
  type IntegerCall,
  i32,
  instantiate,
  type Memory,
  neverWaits,
  type PromptCallback,
  type Value,
} from '../../runtime';
import { always } from '../testing';
import { PlainFunction } from './plain-function';
import { HOST } from './testing';
import { NativeTier } from './tier';

const TIERS = [new NativeTier(HOST), new NativeTier(HOST, { whole: 0, group: 0 })];

/** What a host function of the scenario may do. */
interface World {
  readonly instance: () => Instance;
  /** Undefined where the function is called. */
  readonly execution: () => Execution | undefined;
  readonly log: unknown[];
  readonly tier: NativeTier | undefined;
}
interface Scenario {
  readonly text: string;
  readonly arg?: number;
  /** Of what type that is. */
  readonly of?: (value: number) => Value;
  /** Functions of JavaScript, or else callbacks that never wait. */
  readonly host: (world: World) => Record<string, (...args: never[]) => unknown>;
  readonly hasCallbacks?: boolean;
}

/** What is run: an execution, or a call, which becomes one where it has to. */
type Manner = 'executed' | 'called';

/** Fuel, outcomes and whatever the host functions note, run by run. */
async function played(
  { text, host, hasCallbacks = false, arg = 3, of = i32 }: Scenario,
  tier: NativeTier | undefined,
  manner: Manner,
): Promise<unknown[]> {
  const module = Module.decode(await wat(`(module ${text})`));
  const store = new Store();
  if (tier !== undefined) usePolicy(store, always(tier));
  const log: unknown[] = [];
  let instance!: Instance;
  let execution: Execution | undefined;
  const functions = host({ instance: () => instance, execution: () => execution, log, tier });
  const imports = module.imports.map(({ name, type }) => {
    if (type.kind !== 'func') throw new Error('functions alone');
    if (!hasCallbacks) return Func.js(store, type.type, functions[name], name);
    const callback = functions[name] as PromptCallback;
    neverWaits(callback);
    return Func.host(store, type.type, callback, name);
  });
  instance = instantiate(store, module, imports);
  for (const func of imports) expect(PlainFunction.of(func, instance)).toBeDefined();
  const run = instance.exports.get('run') as Func;
  const options = () => ({ fuel: 1000 });
  const spend = (used: number) => log.push(used);
  const limits = { fuel: 1000, hasClock: false, options, optionsOf: options, spend };
  const execute = () => {
    execution = new Execution(run, [of(arg)]);
    for (;;) {
      const outcome = execution.run({ fuel: 1000 });
      const shown = outcome.kind === 'done' ? outcome.results : outcome.kind;
      log.push([shown, execution.fuelUsed]);
      if (outcome.kind === 'trapped') log.push(outcome.error.message, outcome.error.backtrace);
      if (outcome.kind !== 'paused') break;
    }
  };
  for (let k = 0; k < 4; k++) {
    try {
      if (manner === 'executed') execute();
      else log.push(invoke(run, [arg], invoke, false, limits));
    } catch (error) {
      log.push(['thrown', error, (error as { backtrace?: unknown }).backtrace]);
    }
    for (const [name, extern] of instance.exports) if ('cells' in extern) log.push([name, extern.get()]);
  }
  return log;
}

const GLOBALS =
  '(global $g (export "g") (mut i32) (i32.const 5)) (global $h (export "h") (mut i32) (i32.const 6))';
const LOOPS = (body: string) => `(local $k i32)
  (loop $l ${body} (br_if $l (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 40))))`;
const setGlobal = (world: World, name: string, value: number) =>
  (world.instance().exports.get(name) as Global).set(i32(value));
const getGlobal = (world: World, name: string) => (world.instance().exports.get(name) as Global).get().lo;

const SCENARIOS: Record<string, Scenario> = {
  'arguments and results as the JS API has them': {
    text: `(import "e" "none" (func $none (result i32))) (import "e" "six" (func $six (param i32 i64 i32 i64 i32 i64) (result i64)))
      (func (export "run") (param i32) (result i64) ${LOOPS(`
        (call $six (i32.const -1) (i64.const -2) (call $none) (i64.const 0x7fffffffffffffff) (local.get $k) (i64.const 6)) drop`)}
        (call $six (call $none) (i64.const 1) (local.get 0) (i64.const 3) (i32.const 4) (i64.const 5)))`,
    host: ({ log }) => ({
      none: (...args: unknown[]) => {
        log.push(args.length);
        return '4294967303.5';
      },
      six: (...args: unknown[]) => {
        log.push(args);
        return 2n ** 64n + 9n;
      },
    }),
  },
  'globals that the host reads and writes': {
    text: `(import "e" "f" (func $f (param i32))) ${GLOBALS}
      (func (export "run") (param i32) (result i32) ${LOOPS(`
        (global.set $g (i32.add (global.get $g) (local.get $k))) (call $f (local.get $k))
        (global.set $h (i32.add (global.get $h) (global.get $g)))`)} (global.get $h))`,
    host: (world) => ({
      f: (k: number) => {
        world.log.push(getGlobal(world, 'g'), getGlobal(world, 'h'));
        if (k % 3 === 0) setGlobal(world, 'g', k);
      },
    }),
  },
  'a global that is no i32': {
    text: `(import "e" "f" (func $f (param i32))) ${GLOBALS} (global $w (export "w") (mut i64) (i64.const 7))
      (func (export "run") (param i32) (result i32) ${LOOPS(`
        (global.set $w (i64.add (global.get $w) (i64.extend_i32_u (global.get $g)))) (call $f (local.get $k))`)} (global.get $g))`,
    host: (world) => ({
      f: (k: number) => {
        world.log.push((world.instance().exports.get('w') as Global).get().lo);
        setGlobal(world, 'g', k);
      },
    }),
  },
  'what the host calls changes a global, and puts it back': {
    text: `(import "e" "f" (func $f (param i32))) ${GLOBALS}
      (func (export "set") (param i32) (result i32) (global.get $g) (global.set $g (local.get 0)))
      (func (export "run") (param i32) (result i32) ${LOOPS(`
        (global.set $g (local.get $k)) (call $f (local.get $k))
        (global.set $h (i32.add (global.get $h) (global.get $g)))`)} (global.get $h))`,
    host: (world) => ({
      f: (k: number) => {
        const set = world.instance().exports.get('set') as Func;
        world.log.push(set.call(1000 + k));
        if (k % 3 === 0) set.call(k);
        // The host's own write is the last one: native code has left another value.
        if (k % 3 === 1) setGlobal(world, 'g', k);
      },
    }),
  },
  'the host throws': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) ${GLOBALS}
      (func $middle (param i32) (result i32) (global.set $g (local.get 0)) (call $f (local.get 0)))
      (func (export "run") (param i32) (result i32) ${LOOPS('(drop (call $middle (local.get $k)))')} (i32.const 1))`,
    host: (world) => ({
      f: (k: number) => {
        world.log.push(getGlobal(world, 'g'));
        setGlobal(world, 'h', k);
        if (k === 20) throw new Error('thrown');
        return k;
      },
    }),
  },
  'a trap that a host function lets through': {
    text: `(import "e" "f" (func $f (param i32) (result i32)))
      (func (export "trap") (param i32) (result i32) (i32.div_u (i32.const 1) (i32.sub (local.get 0) (i32.const 20))))
      (func (export "run") (param i32) (result i32) ${LOOPS('(drop (call $f (local.get $k)))')} (i32.const 1))`,
    host: (world) => ({ f: (k: number) => (world.instance().exports.get('trap') as Func).call(k) }),
  },
  'a result whose conversion runs code that comes back': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) ${GLOBALS}
      (func (export "next") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
      (func (export "run") (param i32) (result i32) ${LOOPS(
        '(global.set $h (i32.add (global.get $h) (call $f (local.get $k))))',
      )} (global.get $h))`,
    host: (world) => ({
      f: (k: number) => ({
        valueOf: () => {
          if (k === 39 && world.log.length > 8) throw new TypeError('no number');
          return (world.instance().exports.get('next') as Func).call();
        },
      }),
    }),
  },
  'a memory that grows': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) (memory (export "m") 1 20)
      (func (export "run") (param i32) (result i32) ${LOOPS(`
        (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (call $f (local.get $k))))`)} (i32.load (i32.const 4)))`,
    host: (world) => ({
      f: (k: number) => {
        const memory = world.instance().exports.get('m') as Memory;
        if (k % 13 === 0) memory.grow(1);
        const words = new Int32Array(memory.buffer);
        words[1] += k;
        return words.length;
      },
    }),
  },
  'a pause that is asked for meanwhile': {
    text: `(import "e" "f" (func $f (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) ${LOOPS('(local.set 0 (i32.add (local.get 0) (call $f (local.get $k))))')} (local.get 0))`,
    host: (world) => ({
      f: (k: number) => {
        if (k % 5 === 0) world.execution()?.pause();
        return k;
      },
    }),
  },
  'what is left of the fuel': {
    text: `(import "e" "f" (func $f (param i32) (result i32)))
      (func (export "next") (param i32) (result i32) (local i32)
        (loop $l (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))) (local.get 1))
      (func (export "run") (param i32) (result i32) ${LOOPS('(local.set 0 (i32.add (local.get 0) (call $f (local.get $k))))')} (local.get 0))`,
    host: (world) => ({
      f: (k: number) => {
        const before = fuelLeft();
        const result = k % 3 === 0 ? (world.instance().exports.get('next') as Func).call(k) : k;
        world.log.push(before, fuelLeft(), world.execution()?.fuelUsed, world.execution()?.fuelPaid);
        return result;
      },
    }),
  },
  'a call from inside a host function, while there are several': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) (import "e" "g" (func $g (param i32) (result i32))) ${GLOBALS}
      (func (export "inner") (param i32) (result i32) (i32.add (call $g (local.get 0)) (call $g (i32.const 1))))
      (func (export "run") (param i32) (result i32) ${LOOPS(`
        (local.set 0 (i32.add (call $g (local.get 0)) (call $f (local.get $k))))`)} (local.get 0))`,
    host: (world) => ({
      f: (k: number) => {
        const inner = world.instance().exports.get('inner') as Func;
        if (k % 7 === 0) return k;
        const result = inner.call(k);
        if (k % 4 === 0) inner.call('5');
        return result;
      },
      g: (k: number) => k ^ getGlobal(world, 'g'),
    }),
  },
  'a host function that looks at what runs': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) (memory (export "m") 1)
      (func (export "nothing"))
      (func (export "run") (param i32) (result i32) ${LOOPS('(local.set 0 (i32.add (local.get 0) (call $f (local.get $k))))')} (local.get 0))`,
    host: (world) => {
      const looks = [
        (k: number) => k,
        () => {
          try {
            (world.instance().exports.get('m') as Memory).track();
          } catch (error) {
            world.log.push(String(error));
          }
          return 1;
        },
        () => {
          const inner = new Execution(world.instance().exports.get('nothing') as Func, []);
          world.log.push(inner.outer?.host.name, inner.run().kind, inner.fuelUsed);
          return 2;
        },
        () => {
          world.log.push(world.execution()?.insideHostCall?.name, world.execution()?.fuelUsed);
          return 3;
        },
      ];
      return { f: (k: number) => looks[k % looks.length](k) };
    },
  },
  'a host function that uses up the stack': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) ${GLOBALS}
      (func (export "run") (param i32) (result i32) ${LOOPS(`
        (global.set $g (i32.add (global.get $g) (call $f (local.get $k))))`)} (global.get $g))`,
    host: () => {
      const without = (end: number): number => without(end + 1) + 1;
      let calls = 0;
      return { f: (k: number) => (++calls === 60 ? without(k) : k) };
    },
  },
  'recursion that leaves, and a memory that grows': {
    text: `(memory (export "m") 1 6) (global $d (export "d") (mut i32) (i32.const 0))
      (func $deep (param i32 i64) (result i64) (local i64)
        (local.set 2 (i64.mul (local.get 1) (i64.const 3)))
        (if (result i64) (local.get 0)
          (then (i64.add (local.get 2) (call $deep (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 0x100000000)))))
          (else (local.get 1))))
      (func (export "run") (param i32) (result i64)
        (global.set $d (i32.add (global.get $d) (i32.const 900)))
        (if (i32.gt_u (global.get $d) (i32.const 900)) (then (drop (memory.grow (i32.const 1)))))
        (i64.store (i32.const 65528) (i64.extend_i32_u (memory.size)))
        (i64.add (call $deep (global.get $d) (i64.const 77)) (i64.load (i32.const 65528))))`,
    host: () => ({}),
  },
  'callbacks: arguments by index, and the memory of whoever calls': {
    text: `(import "e" "none" (func $none)) (import "e" "six" (func $six (param i32 i64 i32 i64 i32 i64) (result i32)))
      (memory (export "m") 1)
      (func (export "run") (param i32) (result i32) ${LOOPS(`(call $none)
        (local.set 0 (i32.add (local.get 0) (call $six (i32.const -1) (i64.const -2) (local.get $k)
          (i64.const 0x7fffffff80000001) (i32.load (i32.const 4)) (i64.extend_i32_s (local.get 0)))))`)} (i32.load (i32.const 4)))`,
    hasCallbacks: true,
    host: ({ log, instance }) => ({
      none: (call: IntegerCall) => log.push(call.instance === instance()),
      six: (call: IntegerCall) => {
        const memory = call.instance?.exports.get('m') as Memory;
        memory.bytes[4]++;
        log.push(call.i32(0), call.u32(0), call.i32(2), call.u32(4));
        for (const k of [1, 3, 5]) log.push(call.lo(k), call.hi(k));
        if (call.i32(2) !== 7) call.setI32(0, 3 * call.i32(2) - 5);
      },
    }),
  },
  'callbacks: a trap of theirs, and what else they throw': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) (import "e" "exit" (func $exit (param i32))) ${GLOBALS}
      (func $middle (param i32) (result i32) (global.set $g (local.get 0)) (call $f (local.get 0)))
      (func (export "run") (param i32) (result i32) ${LOOPS('(drop (call $middle (local.get $k)))')} (call $exit (i32.const 9)) (i32.const 1))`,
    hasCallbacks: true,
    host: (world) => {
      let calls = 0;
      return {
        f: (call: IntegerCall) => {
          setGlobal(world, 'h', call.i32(0));
          if (++calls === 60) throw trap('memoryBounds');
          call.setI32(0, getGlobal(world, 'g'));
        },
        exit: (call: IntegerCall) => {
          throw { code: call.i32(0) };
        },
      };
    },
  },
  'callbacks: that come back, ask for a pause, and grow the memory': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) (memory (export "m") 1 20) ${GLOBALS}
      (func (export "next") (param i32) (result i32) (global.set $g (i32.add (global.get $g) (local.get 0))) (call $f (i32.const 1)))
      (func (export "run") (param i32) (result i32) ${LOOPS(`
        (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (call $f (local.get $k))))`)} (i32.load (i32.const 4)))`,
    hasCallbacks: true,
    host: (world) => ({
      f: (call: IntegerCall) => {
        const k = call.i32(0);
        let result = k;
        if (k % 3 === 0) result = (world.instance().exports.get('next') as Func).call(k) as number;
        if (k % 5 === 0) world.execution()?.pause();
        if (k % 13 === 0) (world.instance().exports.get('m') as Memory).grow(1);
        world.log.push(fuelLeft(), call.i32(0));
        call.setI32(0, result);
      },
    }),
  },
  'a call that takes the place of its caller': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) ${GLOBALS}
      (func $tail (param i32) (result i32) (global.set $g (local.get 0)) (return_call $f (local.get 0)))
      (func (export "run") (param i32) (result i32) ${LOOPS('(local.set 0 (i32.add (local.get 0) (call $tail (local.get $k))))')}
        (return_call $f (local.get 0)))`,
    host: (world) => ({ f: (k: number) => k + getGlobal(world, 'g') }),
  },
  'recursion through the host': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) ${GLOBALS}
      (func $run (export "run") (param i32) (result i32) (global.set $g (i32.add (global.get $g) (local.get 0)))
        (if (result i32) (local.get 0) (then (i32.add (call $f (local.get 0)) (i32.const 1))) (else (global.get $g))))`,
    arg: 30,
    host: (world) => ({ f: (k: number) => (world.instance().exports.get('run') as Func).call(k - 1) }),
  },
  'floats out, plainly and not': {
    text: `(import "e" "wave" (func $wave (param f64 f32) (result f64))) (import "e" "single" (func $single (param i64 f32) (result f32)))
      (import "e" "draw" (func $draw (param f32 f32 f64 i32))) (import "e" "none" (func $none (result f64)))
      (import "e" "many" (func $many (param f64 f64 f64 f64 f64 f64 f64))) ${GLOBALS}
      (func (export "run") (param i32) (result f64) (local $s f64) ${LOOPS(`
        (global.set $g (i32.add (global.get $g) (local.get $k)))
        (local.set $s (f64.add (call $wave (local.get $s) (f32.convert_i32_u (local.get $k))) (f64.promote_f32 (call $single (i64.const -9) (f32.const 0.1)))))
        (call $draw (f32.const nan) (f32.demote_f64 (local.get $s)) (local.get $s) (local.get $k))
        (call $many (f64.const 1) (f64.const 2) (f64.const 3) (f64.const 4) (f64.const 5) (f64.const 6) (local.get $s))
        (global.set $h (i32.trunc_sat_f64_s (call $none)))`)} (local.get $s))`,
    host: (world) => {
      let calls = 0;
      return {
        wave: (x: number, y: number) => {
          if (++calls % 90 === 0) throw new RangeError('of wave');
          return Math.cos(x) + y + getGlobal(world, 'g');
        },
        single: (big: bigint, x: number) => {
          world.log.push(String(big), x);
          if (calls % 11 === 0) world.execution()?.pause();
          return calls % 2 === 0 ? `${x}` : x / 3;
        },
        draw: (...args: number[]) => void world.log.push(args.map((arg) => Object.is(arg, -0) || arg)),
        many: (...args: number[]) => void world.log.push(args.length),
        none: () => {
          if (calls % 7 === 0) (world.instance().exports.get('again') as Func | undefined)?.call();
          return { valueOf: () => getGlobal(world, 'g') + 0.5 };
        },
      };
    },
  },
  'floats of a memory that grows meanwhile': {
    text: `(import "e" "grow" (func $grow (param f32) (result f64))) (memory (export "m") 1 80)
      (func (export "run") (param i32) (result f64) (local $s f64) ${LOOPS(`
        (local.set $s (f64.add (call $grow (f32.convert_i32_u (local.get $k))) (f64.load (i32.const 8))))
        (f64.store (i32.const 8) (local.get $s))`)} (f64.add (local.get $s) (f64.convert_i32_u (memory.size))))`,
    host: (world) => ({
      grow: (x: number) => {
        const memory = world.instance().exports.get('m') as Memory;
        if (x % 13 === 12) memory.grow(1);
        if (x % 9 === 8) world.log.push(memory.buffer.byteLength);
        return x / 7;
      },
    }),
  },
  'floats in and out': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) (import "e" "float" (func $float (param f64) (result f32))) ${GLOBALS}
      (func $half (param f32 f64) (result f64) (f64.mul (f64.promote_f32 (local.get 0)) (f64.div (local.get 1) (f64.const 2))))
      (func (export "run") (param f64) (result f32) (local $s f64) ${LOOPS(`
        (global.set $g (i32.add (global.get $g) (call $f (local.get $k))))
        (local.set $s (f64.add (local.get $s) (call $half (f32.demote_f64 (local.get 0)) (f64.convert_i32_u (local.get $k)))))`)}
        (f32.add (f32.demote_f64 (local.get $s)) (call $float (local.get 0))))`,
    arg: 2.7,
    of: f64,
    host: (world) => ({ f: (k: number) => k + getGlobal(world, 'g'), float: (value: number) => value * 3 }),
  },
  'recursion with floats that leaves': {
    text: `(global $d (export "d") (mut i32) (i32.const 0))
      (func $deep (param i32 f32 f64) (result f64) (local f64)
        (local.set 3 (f64.mul (local.get 2) (f64.const 1.0001)))
        (if (result f64) (local.get 0)
          (then (f64.add (local.get 3) (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (f64.add (local.get 2) (f64.promote_f32 (local.get 1))))))
          (else (local.get 2))))
      (func (export "run") (param f32) (result f64)
        (global.set $d (i32.add (global.get $d) (i32.const 1100)))
        (call $deep (global.get $d) (local.get 0) (f64.const 7)))`,
    arg: 0.5,
    of: f32,
    host: () => ({}),
  },
  'a float that is thrown over': {
    text: `(import "e" "f" (func $f (param i32) (result i32))) ${GLOBALS}
      (func (export "run") (param f64) (result f64) ${LOOPS(`
        (local.set 0 (f64.add (local.get 0) (f64.convert_i32_s (call $f (local.get $k)))))
        (global.set $h (i32.trunc_f64_s (local.get 0)))`)} (local.get 0))`,
    arg: -3.25,
    of: f64,
    host: () => {
      let calls = 0;
      return {
        f: (k: number) => {
          if (++calls % 50 === 0) throw new Error('of f');
          return k;
        },
      };
    },
  },
  'too many for registers go by slots': {
    text: `(import "e" "many" (func $many (param i32 i32 i32 i32 i32 i32 i32) (result i32))) (import "e" "float" (func $float (param f64) (result f32)))
      (func (export "run") (param i32) (result f32) ${LOOPS(`
        (drop (call $many (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (local.get $k)))`)}
        (call $float (f64.const 0.1)))`,
    host: ({ log }) => ({
      many: (...args: number[]) => {
        log.push(args);
        return args.length;
      },
      float: (value: number) => value * 3,
    }),
  },
};

const MANNERS: readonly Manner[] = ['executed', 'called'];

describe.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
  it.each(MANNERS.flatMap((manner) => TIERS.map((tier) => ({ manner, tier }))))(
    '$manner: is the same as interpreted',
    async ({ tier, manner }) => {
      const before = tier.counts.entered;
      const seen = await played(scenario, tier, manner);
      expect(seen).toEqual(await played(scenario, undefined, manner));
      expect(seen.length).toBeGreaterThan(2);
      expect(tier.counts.entered).toBeGreaterThan(before);
    },
  );
});

it.each(TIERS)('hands the bits of a NaN to what is no function of JavaScript', async (tier) => {
  const type = { params: [f64(0).type], results: [f64(0).type] };
  const passes = Module.decode(
    await wat('(module (func (export "f") (param f64) (result f64) (local.get 0)))'),
  );
  const module = Module.decode(
    await wat(`(module (import "e" "f" (func $f (param f64) (result f64))) (import "e" "g" (func $g (param f64) (result f64)))
      (func (export "run") (param i64) (result i64) (i64.reinterpret_f64 (call $f (f64.reinterpret_i64 (local.get 0)))))
      (func (export "plain") (param f64) (result f64) (call $g (local.get 0))))`),
  );
  const store = new Store();
  usePolicy(store, always(tier));
  const passed = instantiate(store, passes, []).exports.get('f') as Func;
  const plain = Func.js(store, type, (x: number) => x + 1);
  for (const [f, g] of [
    [passed, plain],
    [plain, passed],
  ]) {
    const { exports } = instantiate(store, module, [f, g]);
    const bits = 0x7ff0_0000_dead_beefn;
    const got = (exports.get('run') as Func).call(bits);
    if (f !== plain) expect(got).toBe(bits);
    expect((exports.get('plain') as Func).call(2.5)).toBe(g === plain ? 3.5 : 2.5);
  }
});

it.each(TIERS)('takes numbers, and gives them, as the JS API does', async (tier) => {
  const bytes =
    await wat(`(module (func (export "f32") (param f32 f64) (result f32) (f32.add (local.get 0) (f32.demote_f64 (local.get 1))))
    (func (export "f64") (param f64 f32) (result f64) (f64.add (local.get 0) (f64.promote_f32 (local.get 1))))
    (func (export "all") (param i32 f32 i64 f64 i32 f32) (result f64) (f64.add (f64.promote_f32 (f32.add (local.get 1) (local.get 5)))
      (f64.add (local.get 3) (f64.convert_i64_s (i64.add (local.get 2) (i64.extend_i32_s (i32.add (local.get 0) (local.get 4))))))))
    (func (export "none") (param f64)))`);
  const store = new Store();
  usePolicy(store, always(tier));
  const ours = instantiate(store, Module.decode(bytes), []).exports;
  const theirs = new HOST.Instance(new HOST.Module(bytes), {}).exports;
  const odd = [
    Number.NaN,
    -0,
    1e40,
    2 ** -149,
    2 ** -150,
    16777217,
    -1e-320,
    Number.NEGATIVE_INFINITY,
    '1.5',
    undefined,
    null,
  ];
  const cases: [name: string, args: unknown[]][] = odd.flatMap((value): [string, unknown[]][] => [
    ['f32', [value, 0]],
    ['f32', [0, value]],
    ['f64', [value, -0]],
    ['f64', [-0, value]],
    ['all', [value, value, 5n, value, 2 ** 31, value]],
    ['none', [value]],
    ['none', []],
    ['f64', [value, 1, 'more']],
  ]);
  cases.push(['f64', [5n, 1]], ['f32', [1, Symbol('s')]], ['all', [1, 2, 3, 4, 5, 6]]);
  const ended = (call: () => unknown): unknown => {
    try {
      return call();
    } catch (error) {
      return (error as Error).constructor.name;
    }
  };
  for (const [name, args] of cases) {
    const func = ours.get(name) as Func;
    const expected = ended(() => (theirs[name] as (...args: unknown[]) => unknown)(...args));
    for (let k = 0; k < 3; k++)
      expect(
        ended(() => invoke(func, args, invoke, false)),
        `${name}(${args.map(String)})`,
      ).toBe(expected);
  }
});

it.each(TIERS)('throws through native frames to a handler in another instance', async (tier) => {
  const inner = Module.decode(
    await wat(`(module (import "e" "f" (func $f (param i32) (result i32)))
      (func $middle (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
      (func (export "run") (param i32) (result i32) (i32.add (call $middle (local.get 0)) (i32.const 1))))`),
  );
  const outer = Module.decode(
    await wat(`(module (import "e" "run" (func $run (param i32) (result i32)))
      (func (export "run") (param i32) (result i32)
        (block $caught (try_table (catch_all $caught) (return (call $run (local.get 0))))) (i32.const -1)))`),
  );
  const store = new Store();
  usePolicy(store, always(tier));
  const type = { params: [i32(0).type], results: [i32(0).type] };
  const odd = (k: number): number => {
    if (k % 2 !== 0) throw new Error('odd');
    return k;
  };
  const run = instantiate(store, inner, [Func.js(store, type, odd, 'f')]).exports.get('run') as Func;
  const { entered } = tier.counts;
  const caught = instantiate(store, outer, [run]).exports.get('run') as Func;
  expect([1, 2, 3, 4].map((k) => caught.call(k))).toEqual([-1, 4, -1, 6]);
  expect(() => run.call(5)).toThrow('odd');
  expect(tier.counts.entered).toBeGreaterThanOrEqual(entered + 5);
});

it('is left out of stack traces', async () => {
  const module = Module.decode(
    await wat(`(module (import "e" "f" (func $f (param i32) (result i32)))
      (func (export "trap") (result i32) unreachable)
      (func $inner (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
      (func (export "run") (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1))))`),
  );
  const [interpreted, native] = [undefined, TIERS[0]].map((tier) => {
    const store = new Store();
    if (tier !== undefined) usePolicy(store, always(tier));
    const type = { params: [i32(0).type], results: [i32(0).type] };
    function userFunction(): unknown {
      return (instance.exports.get('trap') as Func).call();
    }
    const instance: Instance = instantiate(store, module, [Func.js(store, type, userFunction, 'f')]);
    try {
      (instance.exports.get('run') as Func).call(1);
    } catch (error) {
      return (error as Error)
        .stack!.split('\n')
        .slice(0, 6)
        .map((line) => line.replace(/\(?\S*:\d+:\d+\)?/, ''));
    }
    return [];
  });
  expect(native).toEqual(interpreted);
  expect(native.join()).toContain('userFunction');
});
