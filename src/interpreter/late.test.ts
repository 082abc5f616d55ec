/** Long cold functions are made late: what runs, when it runs, and everything else when a frame is put there. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { safepointsOf } from '../decoder/safepoints';
import { type Func, type Instance, instantiate } from '../runtime';
import { compile } from '../testing';
import { codeOf } from './code';
import { makeCode } from './driver';
import { setFreshFactories } from './factories';
import { Execution, Store } from './index';

beforeAll(() => setFreshFactories(() => undefined));
afterAll(() => setFreshFactories(undefined));

const ARMS = 120;
/** What an arm does: a loop, a call, a loop in a loop, a table, an exception that is caught behind. */
const DEEDS: readonly ((k: number) => string)[] = [
  (k) => `(loop $l (br_if $l (i32.lt_s (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const ${k}))))
    (return (local.get 1))`,
  (k) => `(return (i32.add (call $spin (i32.const 9)) (i32.const ${k})))`,
  (
    k,
  ) => `(loop $o (loop $l (br_if $l (i32.rem_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 7))))
      (br_if $o (i32.lt_s (local.get 1) (i32.const ${k})))) (return (local.get 1))`,
  (k) => `(block $a (block $b (br_table $a $b (i32.const ${k % 3}))) (return (i32.const ${k})))
    (return (call $spin (i32.const ${k})))`,
  (k) =>
    `(block $h (result i32) (try_table (catch $t $h) (throw $t (i32.const ${k}))) (unreachable)) (return)`,
];
const arm = (k: number) =>
  `(if (i32.eq (local.get 0) (i32.const ${k})) (then ${DEEDS[k % DEEDS.length](k)}))`;
const MODULE = compile(`(module
  (tag $t (param i32))
  (func $run (export "run") (param i32) (result i32) (local i32)
    ${Array.from({ length: ARMS }, (_, k) => arm(k)).join('\n')} (i32.const -1))
  (func $spin (param i32) (result i32) (local i32)
    (loop (br_if 0 (i32.lt_s (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))) (local.get 1)))`);

const fresh = (): Instance => instantiate(new Store(), MODULE, []);
const run = (instance: Instance) => instance.exports.get('run') as Func;
function expected(k: number): number {
  if (k >= ARMS) return -1;
  const sevens = Math.max(7, Math.ceil(k / 7) * 7);
  return [Math.max(1, k), 9 + k, sevens, k % 3 === 0 ? Math.max(1, k) : k, k][k % DEEDS.length];
}

it('gives what the function gives, each arm in code of its own and all in one', () => {
  const one = run(fresh());
  for (let k = 0; k <= ARMS; k++) {
    expect([run(fresh()).call(k), one.call(k), one.call(k)], `arm ${k}`).toEqual(Array(3).fill(expected(k)));
  }
});

it('makes what runs, and the rest when a place in it is asked for', () => {
  const instance = fresh();
  expect(run(instance).call(ARMS - 4)).toBe(expected(ARMS - 4));
  const code = makeCode(codeOf(run(instance)));
  const points = safepointsOf(MODULE, 0);
  const calls = points.filter(({ kind }) => kind === 'call').map(({ offset }) => offset);
  expect([code.calls.size, calls.length]).toEqual([1, 48]);
  // A frame may stand at each loop from the start.
  const loops = points.filter(({ kind }) => kind === 'loop').map(({ targetLoop }) => targetLoop);
  expect([...code.loops.keys()].sort()).toEqual([...new Set(loops)].sort());
  for (const offset of calls) expect(typeof code.callAt(offset)?.next).toBe('function');
  expect(code.calls.size).toBe(calls.length);
});

it('takes frames from elsewhere in code that has never run', () => {
  let moves = 0;
  for (let k = 0; k < ARMS; k += 7) {
    const execution = new Execution(run(fresh()), [k]);
    if (execution.run({ fuel: 4 }).kind === 'done') continue;
    const there = fresh();
    const frames = execution.frames().map((frame) => ({ ...frame, instance: there }));
    const elsewhere = Execution.restore(run(there), frames).run();
    expect(elsewhere.kind === 'done' && elsewhere.results[0].lo, `arm ${k}`).toBe(expected(k));
    moves++;
  }
  // Of the five deeds, one never stops, and one only if it calls.
  expect(moves).toBeGreaterThan(ARMS / 7 / 2);
});

it('is made at once where somebody may want to stop', () => {
  const instance = fresh();
  new Execution(run(instance), [ARMS]).run({ deadline: () => false });
  expect(makeCode(codeOf(run(instance))).calls.size).toBe(48);
});
