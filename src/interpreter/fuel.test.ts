/** Fuel: work in bulk is charged in proportion, as a debt that the next safepoint finds, exactly, however the execution is stopped. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Func, i32, instantiate } from '../runtime';
import { compile } from '../testing';
import { Execution, Store } from '.';

const LOCALS = 5000;
/** As a quiet function may have. */
const QUIET_LOCALS = 700;
const text = `(module
  (import "h" "tick" (func $tick))
  (memory 1 200) (table 1 100000 funcref)
  (func $quiet (param i32) (result i32) ${'(local i64)'.repeat(QUIET_LOCALS)} (local.get 0))
  (func $loud (param i32) (result i32) ${'(local i64)'.repeat(LOCALS)} (loop (nop)) (local.get 0))
  (func (export "grow") (param $turns i32) (param $pages i32) (loop $l (drop (memory.grow (local.get $pages)))
    (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
  (func (export "fill") (param $turns i32) (param $bytes i32) (loop $l
    (memory.fill (i32.const 0) (i32.const 7) (local.get $bytes))
    (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
  (func (export "table") (param $turns i32) (param $count i32) (loop $l
    (drop (table.grow (ref.null func) (local.get $count)))
    (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
  (func (export "frames") (param $turns i32) (param $value i32) (loop $l (drop (call $loud (local.get $value)))
    (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
  (func (export "quiet frames") (param $turns i32) (param $value i32) (loop $l (drop (call $quiet (local.get $value)))
    (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
  (func (export "nothing") (param $turns i32) (param i32) (loop $l (drop (memory.grow (i32.const 1000)))
    (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))))`;
const module = compile(text);

/** Safepoints that `turns` turns of a loop pass: the entry, and each branch back. */
const plain = (turns: number) => turns;

function begin(name: string, turns: number, size: number): Execution {
  const store = new Store();
  const tick = Func.host(store, { params: [], results: [] }, () => {});
  const { exports } = instantiate(store, module, [tick]);
  return new Execution(exports.get(name) as Func, [i32(turns), i32(size)]);
}
function used(name: string, turns: number, size: number): number {
  const execution = begin(name, turns, size);
  expect(execution.run().kind).toBe('done');
  return execution.fuelUsed;
}

describe('what is charged', () => {
  it.each([
    ['memory.grow', 'grow', 10, 1, 10 * 16],
    ['memory.fill', 'fill', 10, 65_536, 10 * 16],
    ['a small memory.fill', 'fill', 10, 4095, 0],
    ['table.grow', 'table', 10, 2560, 10 * 10],
    ['a large frame', 'frames', 10, 1, 10 * (1 + Math.floor((LOCALS + 2) / 512))],
    ['a large frame of a quiet function', 'quiet frames', 10, 1, 10 * Math.floor((QUIET_LOCALS + 2) / 512)],
    ['growth that fails', 'nothing', 10, 1, 0],
  ])('%s', (_, name, turns, size, extra) => {
    expect(used(name, turns, size)).toBe(plain(turns) + extra);
  });
});

describe('however it is stopped', () => {
  const names = ['grow', 'fill', 'table', 'frames', 'quiet frames'];
  it('the same is used, and no more than was given and is owed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 8192 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 20 }),
        (name, turns, size, budgets) => {
          const amount = name === 'grow' ? size % 8 : size;
          const execution = begin(name, turns, amount);
          let given = 0;
          for (let k = 0; ; k++) {
            const fuel = budgets[k % budgets.length] + (k >= budgets.length ? 1 : 0);
            const before = execution.fuelUsed;
            const outcome = execution.run({ fuel });
            given += fuel;
            if (outcome.kind === 'done') break;
            expect(outcome).toEqual({ kind: 'paused', reason: 'fuel' });
            // A run of nothing passes the safepoint at which it stands.
            expect(execution.fuelPaid).toBeLessThanOrEqual(given + k);
            expect(execution.fuelUsed).toBeGreaterThanOrEqual(before);
          }
          expect(execution.fuelUsed).toBe(used(name, turns, amount));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('what is owed is paid before anything runs', () => {
    const execution = begin('fill', 3, 65_536);
    expect(execution.run({ fuel: 1 }).kind).toBe('paused');
    expect([execution.fuelUsed, execution.fuelOwed]).toEqual([17, 16]);
    expect(execution.run({ fuel: 10 }).kind).toBe('paused');
    expect([execution.fuelUsed, execution.fuelOwed]).toEqual([17, 6]);
    expect(execution.run({ fuel: 6 }).kind).toBe('paused');
    expect(execution.fuelOwed).toBe(16);
  });
});

it('is exact inside host functions, of the execution that has called and of those around it', () => {
  const calls = compile(`(module (import "h" "look" (func $look (param i32)))
    (func (export "run") (param $n i32) (loop $l (call $look (local.get $n))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`);
  const store = new Store();
  const seen: number[][] = [];
  const running: Execution[] = [];
  const make = (turns: number): Execution => {
    running.push(new Execution(exports.get('run') as Func, [i32(turns)]));
    return running[running.length - 1];
  };
  const look = Func.host(store, { params: [i32(0).type], results: [] }, (call) => {
    seen.push(running.map(({ fuelUsed, fuelPaid }) => (fuelUsed === fuelPaid ? fuelUsed : Number.NaN)));
    if (running.length > 1 || call.i32(0) !== 2) return;
    expect(make(3).run().kind).toBe('done');
    running.pop();
  });
  const { exports } = instantiate(store, calls, [look]);
  const outer = make(4);
  expect(outer.run({ fuel: 3 }).kind).toBe('paused');
  expect(outer.run({ fuel: 9 }).kind).toBe('done');
  // The entry, and each branch back.
  expect(seen).toEqual([[1], [2], [3], [3, 1], [3, 2], [3, 3], [4]]);
  expect(outer.fuelUsed).toBe(4);
});
