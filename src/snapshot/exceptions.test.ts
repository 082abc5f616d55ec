/** Exceptions in snapshots: held in every place that can hold one, moved at every safepoint, and refused when they are no state. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { type Func, type Instance, instantiatePaused, toJs } from '../runtime';
import { snapshot } from './capture';
import { decode } from './decode';
import type { SnapshotDocument, TypedValue } from './document';
import { encode } from './encode';
import { restore } from './restore';

const compile = async (text: string): Promise<Module> => Module.decode(await parse(text));
const fresh = (module: Module): Instance => instantiatePaused(new Store(), module, []);
const start = (instance: Instance, ...args: number[]): Execution =>
  new Execution(instance.exports.get('go') as Func, args);

/** Runs to the end in one go, and again from a snapshot at every safepoint; gives the outcome and the snapshots. */
function moved(module: Module, ...args: number[]): { outcome: unknown; stops: SnapshotDocument[] } {
  const show = (outcome: ReturnType<Execution['run']>): unknown => {
    if (outcome.kind === 'done') return outcome.results.map(toJs);
    return outcome.kind === 'trapped' ? outcome.error.code : outcome.kind;
  };
  const expected = show(start(fresh(module), ...args).run());
  const stops: SnapshotDocument[] = [];
  let execution = start(fresh(module), ...args);
  let outcome = execution.run({ fuel: 0 });
  while (outcome.kind === 'paused') {
    const bytes = snapshot(execution);
    stops.push(decode(bytes));
    // What has been read is written the same again.
    expect(encode(stops[stops.length - 1])).toEqual(bytes);
    execution = restore(bytes, fresh(module));
    outcome = execution.run({ fuel: 1 });
  }
  expect(show(outcome)).toEqual(expected);
  return { outcome: expected, stops };
}

/** An exception in a global, another in a table, one that holds it, and one in a local; equal references stay equal. */
const HELD = `(module
  (tag $e (param i32)) (tag $holder (param exnref f64))
  (global $g (mut exnref) (ref.null exn))
  (table $t 3 exnref)
  (func $make (param i32) (result exnref)
    (block $h (result i32 exnref) (try_table (catch_ref $e $h) (throw $e (local.get 0))) (unreachable))
    (return) (unreachable))
  (func $hold (param exnref) (result exnref) (local exnref)
    (block $h (result exnref f64 exnref) (try_table (catch_ref $holder $h)
      (throw $holder (local.get 0) (f64.const 2.5))) (unreachable))
    (local.set 1) (drop) (drop) (local.get 1))
  (func $value (param exnref) (result i32)
    (block $e (result i32) (try_table (catch $e $e) (throw_ref (local.get 0))) (unreachable)))
  (func $inner (param exnref) (result exnref)
    (block $h (result exnref f64) (try_table (catch $holder $h) (throw_ref (local.get 0))) (unreachable))
    (drop))
  (func (export "go") (param i32) (result i32) (local $l exnref) (local $sum i32)
    (global.set $g (call $make (i32.const 1)))
    (table.set $t (i32.const 0) (call $hold (call $make (i32.const 20))))
    (table.set $t (i32.const 2) (global.get $g))
    (local.set $l (call $make (i32.const 300)))
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $value (global.get $g))))
      (local.set $sum (i32.add (local.get $sum) (call $value (call $inner (table.get $t (i32.const 0))))))
      (local.set $sum (i32.add (local.get $sum) (call $value (table.get $t (i32.const 2)))))
      (local.set $sum (i32.add (local.get $sum) (call $value (local.get $l))))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum)))`;

describe('exceptions', () => {
  it('are moved wherever they are held, in the order in which they are met', async () => {
    const { outcome, stops } = moved(await compile(HELD), 3);
    expect(outcome).toEqual([3 * (1 + 20 + 1 + 300)]);
    const last = stops[stops.length - 1];
    // The global's; of the table the holder; what that holds; the local's.
    expect(last.exceptions.map(({ tag, args }) => [tag, args.length, args[0].lo])).toEqual([
      [0, 1, 1],
      [1, 2, 2],
      [0, 1, 20],
      [0, 1, 300],
    ]);
    expect(last.globals[0]).toMatchObject({ type: 'exnref', lo: 0 });
    expect(last.tables[0]).toMatchObject({ type: 'exnref' });
  });

  it('go back to a loop by a catch clause, whose safepoint is the try_table', async () => {
    const module = await compile(`(module
      (tag $e (param i32))
      (func $f (param i32) (throw $e (i32.sub (local.get 0) (i32.const 1))))
      (func (export "go") (param i32) (result i32) (local $n i32)
        (local.get 0)
        (loop $l (param i32) (result i32)
          (local.set 0)
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (if (i32.eqz (local.get 0)) (then (return (local.get $n))))
          (try_table (catch $e $l) (call $f (local.get 0)))
          (unreachable))))`);
    const { outcome, stops } = moved(module, 4);
    expect(outcome).toEqual([5]);
    const frames = stops.map(({ continuations: [root] }) => root.activations[root.activations.length - 1]);
    expect(frames.map(({ site }) => site)).toEqual([
      'entry',
      ...['entry', 'loop', 'entry', 'loop', 'entry', 'loop', 'entry', 'loop'],
    ]);
    const back = frames.filter(({ site }) => site === 'loop');
    expect(new Set(back.map(({ offset }) => offset)).size).toBe(1);
    // The loop's parameter, which the exception has brought, on top of the locals.
    expect(back.map(({ values }) => values[values.length - 1].lo)).toEqual([3, 2, 1, 0]);
  });

  it('are kept by a legacy handler for its rethrow', async () => {
    const module = await compile(`(module
      (tag $e (param i32))
      (func $pause (loop (br_if 0 (i32.const 0))))
      (func (export "go") (param i32) (result i32)
        try (result i32)
          try (result i32)
            (throw $e (local.get 0))
          catch $e
            (call $pause)
            rethrow 0
          end
        catch $e
          (call $pause)
          (i32.const 1)
          i32.add
        end))`);
    const { outcome, stops } = moved(module, 41);
    expect(outcome).toEqual([42]);
    expect(stops.map(({ exceptions }) => exceptions.length)).toEqual([0, 1, 1]);
  });

  it('that leave an execution are the same after a move', async () => {
    const module = await compile(`(module (tag $e (param i64))
      (func $f (param i64) (throw $e (local.get 0))) (func (export "go") (param i32)
        (call $f (i64.extend_i32_s (local.get 0)))))`);
    expect(moved(module, 5).outcome).toBe('uncaughtException');
  });
});

describe('what is no exception of the module is refused', async () => {
  const module = await compile(HELD);
  const execution = start(fresh(module), 2);
  execution.run({ fuel: 14 });
  const good = decode(snapshot(execution));
  const withException = (id: number, change: object): SnapshotDocument => ({
    ...good,
    exceptions: good.exceptions.map((record, k) => (k === id ? { ...record, ...change } : record)),
  });
  const exn = (lo: number): TypedValue => ({ type: 'exnref', lo, hi: 0 });
  const f64: TypedValue = { type: 'f64', lo: 0, hi: 0 };
  const refused = (document: SnapshotDocument): string => {
    const instance = fresh(module);
    try {
      restore(document, instance);
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      // Nothing has changed.
      expect(instance.hasRun).toBe(false);
      expect(instance.unusable).toBe(undefined);
      return error.message;
    }
    return 'restored';
  };

  it('as it is, it is taken', () => {
    expect(good.exceptions.length).toBeGreaterThan(2);
    expect(refused(good)).toBe('restored');
  });
  it.each([
    ['a tag that there is not', withException(0, { tag: 2 }), 'there is no tag 2'],
    ['another tag', withException(0, { tag: 1 }), 'values of exception 0'],
    ['a value of another type', withException(0, { args: [{ type: 'i64', lo: 1, hi: 0 }] }), 'i64'],
    ['a value too many', withException(0, { args: [exn(1), f64, f64], tag: 1 }), 'values of exception 0'],
    ['an exception that is not there', withException(1, { args: [exn(9), f64] }), 'names nothing'],
    ['one that holds itself', withException(1, { args: [exn(1), f64] }), 'holds itself'],
  ])('%s', (_, document, message) => {
    expect(refused(document)).toMatch(message);
  });

  it('two that hold each other', () => {
    const document = withException(1, { args: [exn(2), f64] });
    const ring = document.exceptions.map((record, k) => (k === 2 ? { tag: 1, args: [exn(1), f64] } : record));
    expect(refused({ ...document, exceptions: ring })).toMatch('holds itself');
  });

  it('a long chain is no bomb', () => {
    const chain = Array.from({ length: 20_000 }, (_, k) => ({ tag: 1, args: [exn(k + 1), f64] }));
    const [exceptions] = [[...chain, { tag: 0, args: [{ type: 'i32', lo: 7, hi: 0 } as const] }]];
    const globals = [exn(0)];
    const [root] = good.continuations;
    const values = root.activations[0].values.map((value) => (value.type === 'exnref' ? exn(0) : value));
    const document = {
      ...good,
      exceptions,
      globals,
      continuations: [
        { ...root, activations: [{ ...root.activations[0], values }, ...root.activations.slice(1)] },
      ],
    };
    expect(refused(decode(encode(document)))).not.toMatch('RangeError');
  });
});

it('null stands for a local that nobody can read yet, and for no other', async () => {
  const module = await compile(`(module
    (type $t (func))
    (func $f (loop)) (elem declare func $f)
    (func (export "go") (param i32) (local (ref $t))
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.set 1 (ref.func $f))
      (loop (call_ref $t (local.get 1)))))`);
  const { stops } = moved(module, 2);
  const nulls = stops.map(({ continuations: [{ activations }] }) => activations[0].values[1].lo === -1);
  expect(nulls).toEqual([true, true, false]);
  const [root] = stops[2].continuations;
  const [outer, ...inner] = root.activations;
  const values = [
    { type: 'i32' as const, lo: 0, hi: 0 },
    { type: 'funcref' as const, lo: -1, hi: -1 },
  ];
  const broken = { ...stops[2], continuations: [{ ...root, activations: [{ ...outer, values }, ...inner] }] };
  expect(() => restore(broken, fresh(module))).toThrow('null where');
});
