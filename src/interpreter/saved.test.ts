import { afterEach, describe, expect, it, vi } from 'vitest';
import { Func, i32, instantiate } from '../runtime/index';
import { compile } from '../testing';
import { Execution, Store } from './index';
import { stack } from './registers';
import { clearStack } from './saved';

/** Adds up 1 to n on the way back from n calls inside each other. */
const SUM = `(module (func $sum (export "sum") (param i32) (result i32)
  (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
    (else (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1))))))))`;
const DEPTH = 2000;
const TOTAL = (DEPTH * (DEPTH + 1)) / 2;

function summing(depth = DEPTH): Execution {
  const func = instantiate(new Store(), compile(SUM), []).exports.get('sum');
  if (!(func instanceof Func)) throw new Error('no sum');
  return new Execution(func, [i32(depth)]);
}

/** Runs to the end with so much fuel at a time; `between` is called at each stop. The result. */
function inPieces(execution: Execution, fuel: number, between: (stop: number) => void): number {
  let outcome = execution.run({ fuel });
  for (let stop = 0; outcome.kind === 'paused'; stop++) {
    between(stop);
    outcome = execution.run({ fuel });
  }
  if (outcome.kind !== 'done') throw new Error(`it is ${outcome.kind}`);
  return outcome.results[0].lo;
}

/** How often slots have been copied off the machine's stack or put back since it was called. Nobody's frames lie there then. */
function copies(): () => number {
  clearStack();
  const { ints } = stack();
  const slice = vi.spyOn(ints, 'slice');
  const set = vi.spyOn(ints, 'set');
  return () => slice.mock.calls.length + set.mock.calls.length;
}

describe('the frames of a stopped execution', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('stay where they are as long as nobody else runs', () => {
    const copied = copies();
    let stops = 0;
    expect(inPieces(summing(), 100, () => stops++)).toBe(TOTAL);
    expect(stops).toBeGreaterThan(15);
    expect(copied()).toBe(0);
  });

  it('are copied off when others run, once, and put back', () => {
    const copied = copies();
    const others: number[] = [];
    const between = (stop: number): void => {
      if (stop === 10 || stop === 12) others.push(inPieces(summing(50), 1000, () => undefined));
    };
    expect(inPieces(summing(), 100, between)).toBe(TOTAL);
    expect(others).toEqual([1275, 1275]);
    expect(copied()).toBe(4);
  });

  it('of two executions that take turns are those of each', () => {
    const first = summing();
    const second = summing(1000);
    const sums: number[] = [];
    const total = inPieces(first, 100, (stop) => {
      if (stop === 5)
        sums.push(inPieces(second, 70, () => expect(first.frames().length).toBeGreaterThan(400)));
    });
    expect([total, ...sums]).toEqual([TOTAL, 500_500]);
  });

  it('can be read while they stay, and go on', () => {
    const execution = summing();
    const depths: number[] = [];
    const read = (): unknown => depths.push(execution.frames().length);
    expect(inPieces(execution, 500, read)).toBe(TOTAL);
    expect(depths).toEqual([501, 1001, 1501, 2001]);
  });

  it("of one that is given up are in nobody else's way", () => {
    summing().run({ fuel: 700 });
    expect(inPieces(summing(10), 3, () => undefined)).toBe(55);
  });
});
