/** Long cold functions are made late: what runs, when it runs, and everything else when a frame is put there. */
import { afterEach, expect, it, vi } from 'vitest';
import { safepointsOf } from '../decoder/safepoints';
import { type Func, type Instance, instantiate } from '../runtime';
import { compile } from '../testing';
import { Assembler } from './assemble';
import { codeOf } from './code';
import { makeCode } from './driver';
import { setFreshFactories } from './factories';
import { Execution, Store } from './index';

afterEach(() => setFreshFactories(undefined));

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

const instance = (): Instance => instantiate(new Store(), MODULE, []);
const run = (instance: Instance) => instance.exports.get('run') as Func;
function expected(k: number): number {
  if (k >= ARMS) return -1;
  const sevens = Math.max(7, Math.ceil(k / 7) * 7);
  return [Math.max(1, k), 9 + k, sevens, k % 3 === 0 ? Math.max(1, k) : k, k][k % DEEDS.length];
}

it.each([
  ['becomes hot', () => undefined],
  ['never becomes hot', undefined],
])('where code %s, gives what the function gives, each arm in code of its own and all in one', (_, fresh) => {
  setFreshFactories(fresh);
  const one = run(instance());
  for (let k = 0; k <= ARMS; k++) {
    expect([run(instance()).call(k), one.call(k), one.call(k)], `arm ${k}`).toEqual(
      Array(3).fill(expected(k)),
    );
  }
});

it('makes what runs, and the rest when a place in it is asked for', () => {
  const func = run(instance());
  expect(func.call(ARMS - 4)).toBe(expected(ARMS - 4));
  const code = makeCode(codeOf(func));
  const points = safepointsOf(MODULE, 0);
  const calls = points.filter(({ kind }) => kind === 'call').map(({ offset }) => offset);
  expect([[...code.calls].length, calls.length]).toEqual([1, 48]);
  // A frame may stand at each loop from the start, whose code need not be made for that.
  const loops = points.filter(({ kind }) => kind === 'loop').map(({ targetLoop }) => targetLoop);
  for (const offset of loops) expect(typeof code.loopAt(offset)).toBe('function');
  expect([...code.loops].map(([offset]) => offset).sort()).toEqual([...new Set(loops)].sort());
  expect([code.loopAt(loops[0] + 1), [...code.calls].length]).toEqual([undefined, 1]);
  for (const offset of calls) expect(typeof code.callAt(offset)?.next).toBe('function');
  expect([...code.calls].length).toBe(calls.length);
});

it('takes frames from elsewhere in code that has never run', () => {
  let moves = 0;
  for (let k = 0; k < ARMS; k += 7) {
    const execution = new Execution(run(instance()), [k]);
    if (execution.run({ fuel: 4 }).kind === 'done') continue;
    const there = instance();
    const frames = execution.frames().map((frame) => ({ ...frame, instance: there }));
    const elsewhere = Execution.restore(run(there), frames).run();
    expect(elsewhere.kind === 'done' && elsewhere.results[0].lo, `arm ${k}`).toBe(expected(k));
    moves++;
  }
  // Of the five deeds, one never stops, and one only if it calls.
  expect(moves).toBeGreaterThan(ARMS / 7 / 2);
});

it('is made at once where somebody may want to stop', () => {
  const func = run(instance());
  new Execution(func, [ARMS]).run({ deadline: () => false });
  expect([...makeCode(codeOf(func)).calls].length).toBe(48);
});

/** Sums 3 * k over all numbers k below n, by an arm for each remainder; then what `$deep` gives, which calls itself between its arms. */
const WAYS = 24;
const summand = (k: number) =>
  `(if (i32.eq (i32.rem_u (local.get 1) (i32.const ${WAYS})) (i32.const ${k}))
    (then (local.set 2 (i32.add (local.get 2) (i32.mul (local.get 1) (i32.const 3))))))`;
const SUMS = compile(`(module
  (func (export "run") (param i32) (result i32) (local i32 i32)
    (loop $l ${Array.from({ length: WAYS }, (_, k) => summand(k)).join('\n')}
      (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))))
    (local.get 2))
  (func $deep (export "deep") (param i32) (result i32) (local i32 i32)
    (if (i32.gt_s (local.get 0) (i32.const 1))
      (then (local.set 2 (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (local.set 1 (local.get 0))
    ${Array.from({ length: WAYS }, (_, k) => summand(k)).join('\n')} (local.get 2)))`);
const sum = (n: number) => ((3 * n * (n - 1)) / 2) | 0;

it('what runs again and again is chained once, and no more closures are made', () => {
  const { exports } = instantiate(new Store(), SUMS, []);
  const func = exports.get('run') as Func;
  const make = vi.spyOn(Assembler.prototype, 'make');
  expect(func.call(2)).toBe(sum(2));
  const few = make.mock.calls.length;
  const { code } = codeOf(func);
  const { entry } = code!;
  expect(func.call(20_000)).toBe(sum(20_000));
  const all = make.mock.calls.length;
  expect([codeOf(func).code, code!.entry === entry, codeOf(func).entry]).toEqual([code, false, code!.entry]);
  expect(func.call(30_000)).toBe(sum(30_000));
  expect(make.mock.calls.length).toBe(all);
  make.mockRestore();
  const whole = vi.spyOn(Assembler.prototype, 'make');
  new Execution(instantiate(new Store(), SUMS, []).exports.get('run') as Func, [2]).run({
    deadline: () => false,
  });
  const once = whole.mock.calls.length;
  whole.mockRestore();
  expect(few).toBeLessThan(0.6 * once);
  // Late, then chained, perhaps again with arms that came behind.
  expect(all).toBeLessThan(4 * once);
});

it('frames that stand in code that is chained meanwhile go on', () => {
  const { exports } = instantiate(new Store(), SUMS, []);
  const func = exports.get('deep') as Func;
  for (const n of [3, 40, 5000, 5001]) expect(func.call(n), `${n}`).toBe(sum(n + 1));
});

it('is not chained while somebody may want to stop', () => {
  const { exports } = instantiate(new Store(), SUMS, []);
  const func = exports.get('run') as Func;
  func.call(WAYS);
  const { entry } = codeOf(func).code!;
  const outcome = new Execution(func, [20_000]).run({ deadline: () => false });
  expect(outcome.kind === 'done' && outcome.results[0].lo).toBe(sum(20_000));
  expect(codeOf(func).code!.entry).toBe(entry);
  func.call(20_000);
  expect(codeOf(func).code!.entry).not.toBe(entry);
});
