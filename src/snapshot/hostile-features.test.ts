/**
 * Hostile snapshots of executions with vectors and exceptions: in locals, operands, globals, tables and payloads, in the middle of what a
 * handler guards, and in handlers that hold what they caught. TSWASM_SNAPSHOT_MUTATIONS sets how many are tried.
 */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { Execution, Store } from '../interpreter';
import { type Func, type Instance, i32, instantiatePaused } from '../runtime';
import { snapshot } from './capture';
import { decode } from './decode';
import type { ExceptionRecord, SnapshotDocument, TypedValue } from './document';
import type { Random } from './testing';
import { forgedOrMutated, forgeFrames, survive } from './testing-hostile';

const COUNT = Number(process.env.TSWASM_SNAPSHOT_MUTATIONS ?? 5000);

const TEXT = `(module
  (tag $plain) (tag $vector (param v128 i32)) (tag $holder (param exnref i64 externref))
  (memory 1)
  (global $v (mut v128) (v128.const i32x4 1 2 3 4))
  (global $held (mut exnref) (ref.null exn))
  (table $t 3 exnref)
  (func $pause (param i32) (result i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 0))
  (func $thrower (param v128 i32) (result v128) (local v128)
    (local.set 2 (i8x16.add (local.get 0) (i8x16.splat (call $pause (i32.const 2)))))
    (if (i32.eqz (local.get 1)) (then (throw $vector (local.get 2) (local.get 1))))
    (if (i32.eq (local.get 1) (i32.const 1)) (then (throw $plain)))
    (global.set $v (local.get 2))
    (local.get 2) (local.get 0)
    (drop (call $pause (i32.const 2)))
    (i32x4.mul))
  (func $hold (param exnref) (result exnref) (local exnref)
    (block $h (result exnref i64 externref exnref)
      (try_table (catch_ref $holder $h)
        (throw $holder (local.get 0) (i64.const 5) (ref.null extern)))
      (unreachable))
    (local.set 1) (drop) (drop) (drop)
    (drop (call $pause (i32.const 2)))
    (local.get 1))
  (func $guard (param i32) (result v128) (local exnref v128)
    (block $caught (result v128 i32 exnref)
      (block $all (result exnref)
        (try_table (result v128) (catch_ref $vector $caught) (catch_all_ref $all)
          (v128.const f64x2 1.5 -0.0)
          (call $thrower (global.get $v) (local.get 0))
          (v128.xor))
        (return))
      (local.set 1)
      (drop (call $pause (i32.const 3)))
      (global.set $held (call $hold (local.get 1)))
      (return (call $inner (local.get 1))))
    (local.set 1)
    (call $pause (i32.add (i32.const 2)))
    (table.set $t (i32.const 1) (local.get 1))
    (i32x4.splat) (v128.or))
  (func $inner (param exnref) (result v128)
    (block $done (try_table (catch $plain $done) (drop (call $pause (i32.const 2))) (throw_ref (local.get 0))))
    (v128.const i64x2 7 8))
  (func (export "run") (param i32) (result i32) (local $i i32) (local $sum v128)
    (loop $again
      (local.set $sum (i16x8.add (local.get $sum) (call $guard (i32.rem_u (local.get $i) (i32.const 3)))))
      (v128.store (i32.mul (local.get $i) (i32.const 17)) (local.get $sum))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get 0))))
    (i32x4.extract_lane 2 (local.get $sum))))`;
const module = Module.decode(await parse(TEXT));

const fresh = (): Instance =>
  instantiatePaused(new Store({ maxMemoryBytes: 1 << 18, maxFrames: 1000, maxSlots: 10000 }), module, []);

/** Pauses all along the way. */
function samples(): Uint8Array[] {
  const execution = new Execution(fresh().exports.get('run') as Func, [i32(7)]);
  const found: Uint8Array[] = [];
  while (execution.run({ fuel: 1 }).kind === 'paused') found.push(snapshot(execution));
  return found;
}

function forgeValue(r: Random, value: TypedValue): TypedValue {
  const { type } = value;
  if (r.oneIn(5)) return { type: r.pick(['i32', 'f32'] as const), lo: r.anyWord(), hi: 0 };
  if (r.oneIn(8)) return { type: 'v128', lo: 0, hi: 0, bytes: r.bytes(r.oneIn(4) ? r.below(20) : 16) };
  if (type === 'v128') return { ...value, bytes: r.bytes(16) };
  if (type === 'exnref' || r.oneIn(8)) return { type: 'exnref', lo: r.below(5) - 1, hi: r.oneIn(2) ? 0 : -1 };
  return { ...value, lo: r.anyWord(), hi: type === 'i64' ? r.anyWord() : 0 };
}

function forgeException(r: Random, record: ExceptionRecord): ExceptionRecord {
  switch (r.below(4)) {
    case 0:
      return { ...record, tag: r.below(5) };
    case 1:
      return { ...record, args: record.args.slice(r.below(2), record.args.length - r.below(2)) };
    default:
      return { ...record, args: record.args.map((value) => (r.oneIn(2) ? forgeValue(r, value) : value)) };
  }
}

/** A document that keeps the format's rules but lies about the execution. */
function forge(r: Random, document: SnapshotDocument): SnapshotDocument {
  const [root] = document.continuations;
  const frames = r.oneIn(3) ? root.activations : forgeFrames(r, root.activations, forgeValue);
  const { globals, exceptions } = document;
  return {
    ...document,
    continuations: [{ ...root, activations: frames }],
    globals: r.oneIn(3) ? globals.map((value) => forgeValue(r, value)) : globals,
    exceptions: r.oneIn(2)
      ? exceptions.flatMap((e) => (r.oneIn(8) ? [] : [r.oneIn(2) ? forgeException(r, e) : e]))
      : exceptions,
  };
}
const hostile = (r: Random, good: Uint8Array): Uint8Array => forgedOrMutated(r, good, forge);

describe('hostile snapshots with vectors and exceptions', () => {
  it(`survives ${COUNT} of them`, () => {
    const good = samples();
    const documents = good.map((bytes) => decode(bytes));
    expect(documents.filter(({ exceptions }) => exceptions.length > 2).length).toBeGreaterThan(5);
    const vectors = documents.filter(({ continuations: [{ activations }] }) =>
      activations.some(({ values }) => values.some(({ type }) => type === 'v128')),
    );
    expect(vectors.length).toBeGreaterThan(10);
    const outcomes = survive(COUNT, good, { fresh, hostile, pages: 1 });
    console.log(`hostile snapshots with vectors and exceptions: ${JSON.stringify(outcomes)}`);
    expect(outcomes.done).toBeGreaterThan(0);
    expect(outcomes.trapped).toBeGreaterThan(0);
    expect(outcomes.malformed).toBeGreaterThan(0);
    expect(outcomes.mismatch).toBeGreaterThan(0);
  }, 14_400_000);
});
