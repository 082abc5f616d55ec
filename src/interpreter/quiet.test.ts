/** Quiet functions cost nothing and stop nobody; whoever stands at the entry of one all the same goes on from there. */
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { isQuiet, MOST_CALLS, MOST_QUIET_INSTRUCTIONS } from '../decoder/quiet';
import { safepointsOf } from '../decoder/safepoints';
import { leb, moduleOf, Random, section, wat } from '../decoder/testing';
import { Func, type Instance, i32, instantiate, type Value } from '../runtime';
import { Execution, type FrameState, Store } from '.';

/** A function of type [] -> []: its calls, in order, and how often a loop around them turns; 0 is no loop. */
interface Shape {
  readonly turns: number;
  readonly callees: readonly number[];
  /** Its last call is a tail call. */
  readonly tail: boolean;
}

/** Every function is exported under its index. */
function moduleWith(shapes: readonly Shape[]): Module {
  const bodies = shapes.map(({ turns, callees, tail }) => {
    const calls = callees.flatMap((callee, k) => [
      tail && turns === 0 && k === callees.length - 1 ? 0x12 : 0x10,
      ...leb(callee),
    ]);
    const again = [0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0x41, ...leb(turns), 0x49, 0x0d, 0];
    const code = turns === 0 ? calls : [0x03, 0x40, ...calls, ...again, 0x0b];
    const body = [1, 1, 0x7f, ...code, 0x0b];
    return [...leb(body.length), ...body];
  });
  const names = shapes.flatMap((_, k) => {
    const name = String(k);
    return [name.length, ...Array.from(name, (char) => char.charCodeAt(0)), 0, ...leb(k)];
  });
  return Module.decode(
    moduleOf(
      section('type', 1, 0x60, 0, 0),
      section('function', leb(shapes.length), new Array<number>(shapes.length).fill(0)),
      section('export', leb(shapes.length), names),
      section('code', leb(shapes.length), bodies.flat()),
    ),
  );
}

/** Entries of functions that are not quiet, and branches back, one by one. */
function countUnits(module: Module, shapes: readonly Shape[], funcidx: number): number {
  const { turns, callees } = shapes[funcidx];
  const round = callees.reduce((sum, callee) => sum + countUnits(module, shapes, callee), 0);
  return (isQuiet(module, funcidx) ? 0 : 1) + round * Math.max(turns, 1) + Math.max(turns - 1, 0);
}

/** Calls go to later functions, so that all comes to an end. */
function randomShapes(r: Random): Shape[] {
  const count = 2 + r.below(6);
  return Array.from({ length: count }, (_, k) => ({
    turns: r.below(3) > 0 ? 0 : 1 + r.below(4),
    callees: Array.from({ length: k + 1 < count ? r.below(4) : 0 }, () => k + 1 + r.below(count - k - 1)),
    tail: r.below(3) === 0,
  }));
}

describe('units of fuel', () => {
  it('are entries of the other functions and branches back, in call graphs at random', () => {
    let quiet = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const shapes = randomShapes(new Random(seed * 7919));
      const module = moduleWith(shapes);
      const expected = countUnits(module, shapes, 0);
      const { exports } = instantiate(new Store(), module, []);
      const whole = new Execution(exports.get('0') as Func, []);
      expect([seed, whole.run().kind, whole.fuelUsed]).toEqual([seed, 'done', expected]);

      const pieces = new Execution(exports.get('0') as Func, []);
      let stops = 0;
      while (pieces.run({ fuel: stops > 0 ? 1 : 0 }).kind === 'paused') {
        stops++;
        const frames = pieces.frames();
        const { kind, funcidx } = frames[frames.length - 1];
        expect(kind === 'entry' && isQuiet(module, funcidx)).toBe(false);
      }
      expect([seed, stops, pieces.fuelUsed]).toEqual([seed, expected, expected]);
      quiet += shapes.filter((_, k) => isQuiet(module, k)).length;
    }
    expect(quiet).toBeGreaterThan(100);
  });

  it('are the same at every call of the host', async () => {
    const used: number[] = [];
    let execution: Execution | undefined;
    const store = new Store();
    const tick = Func.host(store, { params: [], results: [] }, () => execution!.pause());
    const text = `(module (import "h" "tick" (func $tick)) (func $quiet (nop)) (func $loud (call $tick))
      (func (export "run") (call $quiet) (call $loud) (call $quiet) (call $loud) (call $loud)))`;
    const { exports } = instantiate(store, Module.decode(await wat(text)), [tick]);
    execution = new Execution(exports.get('run') as Func, []);
    while (execution.run().kind === 'paused') used.push(execution.fuelUsed);
    // Each request stops at the entry of the `$loud` behind it, which is not passed yet.
    expect(used).toEqual([2, 3]);
    expect(execution.fuelUsed).toBe(4);
  });
});

const TEXT = `(module (memory 1)
  (func $inner (param i32) (result i32) (i32.mul (local.get 0) (i32.const 10)))
  (func $quiet (export "quiet") (param i32) (result i32) (local i64)
    (i32.store (i32.const 0) (local.get 0))
    (i32.add (i32.const 1) (call $inner (local.get 0))))
  (func (export "run") (param i32) (result i32)
    (i32.const 1000)
    (loop (result i32) (call $quiet (local.get 0)))
    (i32.add))
  (func (export "filling") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0))))`;
const module = Module.decode(await wat(TEXT));
const INNER = 0;
const QUIET = 1;
const RUN = 2;

function begin(): Instance {
  return instantiate(new Store(), module, []);
}
const funcOf = (instance: Instance, name: string) => instance.exports.get(name) as Func;
const resultOf = (execution: Execution): number | undefined => {
  const outcome = execution.run({ fuel: 0 });
  return outcome.kind === 'done' ? outcome.results[0]?.lo : undefined;
};

it('a quiet function needs no fuel, and a request to pause comes too late for it', () => {
  const instance = begin();
  const execution = new Execution(funcOf(instance, 'quiet'), [i32(4)]);
  execution.pause();
  expect(resultOf(execution)).toBe(41);
  expect([execution.fuelUsed, execution.fuelOwed]).toEqual([0, 0]);
});

it('what it does in bulk is a debt', () => {
  const execution = new Execution(funcOf(begin(), 'filling'), [i32(65_536)]);
  expect(execution.run({ fuel: 5 }).kind).toBe('done');
  expect([execution.fuelUsed, execution.fuelOwed]).toEqual([16, 11]);
});

describe('frames that stand at the entry of a quiet function', () => {
  const frame = (
    instance: Instance,
    funcidx: number,
    kind: FrameState['kind'],
    values: readonly Value[],
  ): FrameState => {
    const { offset } = safepointsOf(module, funcidx).find((point) => point.kind === kind)!;
    return { instance, funcidx, kind, offset, targetLoop: -1, values };
  };
  const i64Zero: Value = { type: 0x7e, lo: 0, hi: 0, ref: null };

  it.each([
    ['the outermost', 'quiet', 71, 0, (i: Instance) => [frame(i, QUIET, 'entry', [i32(7), i64Zero])]],
    [
      'called by one that is not quiet',
      'run',
      1071,
      0,
      (i: Instance) => [
        frame(i, RUN, 'call', [i32(7), i32(1000)]),
        frame(i, QUIET, 'entry', [i32(7), i64Zero]),
      ],
    ],
    [
      'called by another quiet one',
      'run',
      1071,
      0,
      (i: Instance) => [
        frame(i, RUN, 'call', [i32(7), i32(1000)]),
        frame(i, QUIET, 'call', [i32(7), i64Zero, i32(1)]),
        frame(i, INNER, 'entry', [i32(7)]),
      ],
    ],
  ] as const)('%s', (_, name, result, used, framesOf) => {
    const instance = begin();
    const frames = framesOf(instance);
    const execution = Execution.restore(funcOf(instance, name), frames);
    expect(execution.atSafepoint).toBe(true);
    expect(execution.frames()).toEqual(frames);
    expect(resultOf(execution)).toBe(result);
    expect(execution.fuelUsed).toBe(used);
  });
});

describe('straight code', () => {
  /** `run` calls function 1 so often, which is so long: all of it nops, or calls of a third one that is as long. */
  function straight(calls: number, length: number, inner: number): Module {
    const repeated = (code: readonly number[], count: number) =>
      new Array(count).fill(code).flat() as number[];
    const bodies = [
      repeated([0x10, 1], calls),
      repeated(inner ? [0x10, 2] : [1], length),
      repeated([1], inner),
    ];
    return Module.decode(
      moduleOf(
        section('type', 1, 0x60, 0, 0),
        section('function', 3, 0, 0, 0),
        section('export', 1, 3, 0x72, 0x75, 0x6e, 0, 0),
        section(
          'code',
          3,
          bodies.flatMap((body) => [...leb(body.length + 2), 0, ...body, 0x0b]),
        ),
      ),
    );
  }

  it.each([
    [10_000, 10_000, 0],
    [20_000, 99, 0],
    [20_001, 99, 0],
    [100_000, 98, 0],
    [30_000, 20, 1],
    [30_000, 9, 9],
    [30_000, 99, 99],
    [30, 3000, 3000],
  ])(
    'never runs long without a safepoint: %i calls, %i instructions, each with %i',
    (calls, length, inner) => {
      const { exports } = instantiate(new Store(), straight(calls, length, inner), []);
      const execution = new Execution(exports.get('run') as Func, []);
      const instructions = calls * (1 + length * (1 + inner));
      const most = MOST_CALLS * MOST_QUIET_INSTRUCTIONS + 4 * calls;
      // Who has not ended has passed very many safepoints.
      const { kind } = execution.run({ fuel: 500_000 });
      expect(kind === 'paused' || instructions / execution.fuelUsed < most).toBe(true);
    },
  );
});
