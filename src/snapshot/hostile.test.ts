/**
 * Hostile snapshots of real executions: whatever is done to the bytes, a restore is refused with a typed error and leaves the instance as
 * it was, or gives a state of the module that runs, ends or traps like any other. TSWASM_SNAPSHOT_MUTATIONS sets how many are tried.
 */
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { Execution, Store } from '../interpreter';
import { Func, type Instance, i32, instantiatePaused } from '../runtime';
import { wat } from '../testing';
import { snapshot } from './capture';
import type { SnapshotDocument, TypedValue } from './document';
import type { Random } from './testing';
import { forgedOrMutated, forgeFrames, survive } from './testing-hostile';

const COUNT = Number(process.env.TSWASM_SNAPSHOT_MUTATIONS ?? 5000);

const parsed = wat(`(module
    (type $op (func (param i64 i32) (result i64)))
    (import "env" "host" (func $host (param i32) (result i32)))
    (memory 1 2)
    (table $t 3 5 funcref)
    (table $e 1 externref)
    (global $g (mut f64) (f64.const 1))
    (global $r (mut externref) (ref.null extern))
    (elem (table $t) (i32.const 0) func $leaf $deep)
    (data (i32.const 30) "hostile")
    (data $d "passive")
    (func $leaf (type $op)
      (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (i64.add (local.get 0) (i64.const 7)))
    (func $deep (type $op)
      (if (result i64) (local.get 1)
        (then (i64.mul (i64.const 3) (call_indirect $t (type $op) (local.get 0)
          (i32.sub (local.get 1) (i32.const 1)) (i32.const 1))))
        (else (call_indirect $t (type $op) (local.get 0) (i32.const 3) (i32.const 0)))))
    (func (export "run") (param i32) (result i64) (local $i i32)
      (f64.const 2.5)
      (i64.const 0)
      (loop $outer (param i64) (result i64)
        (local.get 0)
        (call $deep)
        (i32.store (i32.mul (local.get $i) (i32.const 500)) (call $host (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $outer (i32.lt_u (local.get $i) (i32.const 5))))
      (memory.init $d (i32.const 100) (i32.const 0) (i32.const 4))
      (global.set $r (table.get $e (i32.const 0)))
      (i64.xor (i64.reinterpret_f64 (global.get $g)))
      (global.set $g (f64.const 0))
      (i64.xor (i64.load (i32.const 1000)))
      (local.set $i (memory.grow (i32.const 1)))
      return))`);
const module = Module.decode(parsed);

function fresh(): Instance {
  const store = new Store({ maxMemoryBytes: 1 << 18, maxFrames: 1000, maxSlots: 10000 });
  const type = { params: [0x7f], results: [0x7f] };
  return instantiatePaused(store, module, [
    Func.host(store, type, (call) => call.setI32(0, call.i32(0) * 3), 'host'),
  ]);
}

/** Pauses all along the way. */
function samples(): Uint8Array[] {
  const execution = new Execution(fresh().exports.get('run') as Func, [i32(4)]);
  const found: Uint8Array[] = [];
  while (execution.run({ fuel: 3 }).kind === 'paused') found.push(snapshot(execution));
  return found;
}

/** A document that keeps the format's rules but lies about the execution. */
function forge(r: Random, document: SnapshotDocument): SnapshotDocument {
  const [root] = document.continuations;
  const activations = forgeFrames(r, root.activations, forgeValue);
  const elements = Int32Array.of(r.below(6) - 1, 0, r.below(6) - 1, 0, 1, 0).map((word, k, all) =>
    all[k & ~1] < 0 ? -1 : word,
  );
  return {
    ...document,
    continuations: [{ ...root, entryFunc: r.oneIn(9) ? r.below(6) : root.entryFunc, activations }],
    globals: r.oneIn(4) ? document.globals.map((value) => forgeValue(r, value)) : document.globals,
    tables: r.oneIn(4)
      ? [{ sameAs: undefined, type: 'funcref', elements }, document.tables[1]]
      : document.tables,
  };
}
function forgeValue(r: Random, value: TypedValue): TypedValue {
  if (r.oneIn(4)) return { type: r.pick(['i32', 'f32'] as const), lo: r.anyWord(), hi: 0 };
  if (value.type === 'externref') return { ...value, lo: r.below(5), hi: 0 };
  const wide = value.type === 'i64' || value.type === 'f64';
  return { ...value, lo: r.anyWord(), hi: wide ? r.anyWord() : 0 };
}

const hostile = (r: Random, good: Uint8Array): Uint8Array => forgedOrMutated(r, good, forge);

describe('hostile snapshots of real executions', () => {
  it(`survives ${COUNT} of them`, () => {
    const good = samples();
    expect(good.length).toBeGreaterThan(10);
    const outcomes = survive(COUNT, good, { fresh, hostile, pages: 1 });
    console.log(`hostile snapshots: ${JSON.stringify(outcomes)}`);
    expect(outcomes.done).toBeGreaterThan(0);
    expect(outcomes.malformed).toBeGreaterThan(0);
    expect(outcomes.mismatch).toBeGreaterThan(0);
  }, 3_600_000);
});
