/**
 * Hostile snapshots of real executions: whatever is done to the bytes, a restore is refused with a typed error and leaves the instance as
 * it was, or gives a state of the module that runs, ends or traps like any other. TSWASM_SNAPSHOT_MUTATIONS sets how many are tried.
 */
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { Module } from '../decoder';
import { RuntimeError, SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { Func, type Instance, i32, instantiatePaused } from '../runtime';
import { snapshot } from './capture';
import { decode } from './decode';
import type { Activation, SnapshotDocument, TypedValue } from './document';
import { encode } from './encode';
import { restore } from './restore';
import { Random } from './testing';

const COUNT = Number(process.env.TSWASM_SNAPSHOT_MUTATIONS ?? 5000);

const parser = await wabt();
const parsed = parser.parseWat(
  'hostile.wat',
  `(module
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
      return))`,
  {},
);
parsed.resolveNames();
const module = Module.decode(parsed.toBinary({}).buffer);

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

/** A few bytes changed, most of them behind Meta's hash, so that the deeper checks have work. */
function mutate(r: Random, bytes: Uint8Array): Uint8Array {
  const out = Array.from(bytes);
  for (let n = 1 + r.below(3); n > 0; n--) {
    const at = r.oneIn(20) ? r.below(out.length) : 26 + r.below(Math.max(1, out.length - 26));
    const byte = r.pick([0, 1, 2, 3, 4, 5, 0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f, 0x80, 0xff, r.below(256)]);
    const way = r.below(8);
    if (way === 0) out.splice(at, 1);
    else if (way === 1) out.splice(at, 0, byte);
    else out[at] = r.oneIn(2) ? byte : ((out[at] ?? 0) + r.pick([1, -1, 2, 8, 64])) & 255;
  }
  return Uint8Array.from(out, (value) => value ?? 0);
}

/** A document that keeps the format's rules but lies about the execution. */
function forge(r: Random, document: SnapshotDocument): SnapshotDocument {
  const [root] = document.continuations;
  const activations = [...root.activations];
  for (let n = 1 + r.below(2); n > 0; n--) {
    const i = r.below(activations.length);
    activations[i] = forgeFrame(r, activations[i]);
    if (r.oneIn(10)) activations.splice(i, 0, activations[r.below(activations.length)]);
    if (r.oneIn(10) && activations.length > 1) activations.splice(i, 1);
  }
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
function forgeFrame(r: Random, frame: Activation): Activation {
  const offsets = frame.offset + r.pick([-3, -2, -1, 1, 2, 3, 7]);
  switch (r.below(7)) {
    case 0:
      return { ...frame, offset: Math.max(0, offsets) };
    case 1:
      return { ...frame, func: r.below(5) };
    case 2:
      return { ...frame, site: r.pick(['loop', 'entry', 'call'] as const), targetLoop: -1 };
    case 3:
      return { ...frame, targetLoop: frame.site === 'loop' ? r.below(frame.offset) : -1 };
    case 4:
      return { ...frame, values: frame.values.slice(r.below(2), frame.values.length - r.below(2)) };
    default:
      return { ...frame, values: frame.values.map((value) => (r.oneIn(2) ? forgeValue(r, value) : value)) };
  }
}
function forgeValue(r: Random, value: TypedValue): TypedValue {
  if (r.oneIn(4)) return { type: r.pick(['i32', 'f32'] as const), lo: r.anyWord(), hi: 0 };
  if (value.type === 'externref') return { ...value, lo: r.below(5), hi: 0 };
  const wide = value.type === 'i64' || value.type === 'f64';
  return { ...value, lo: r.anyWord(), hi: wide ? r.anyWord() : 0 };
}

/** The bytes of a forged document; those of a changed snapshot when the writer already refuses the forgery. */
function hostile(r: Random, good: Uint8Array): Uint8Array {
  if (r.oneIn(2)) return mutate(r, good);
  try {
    return encode(forge(r, decode(good)));
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return mutate(r, good);
  }
}

describe('hostile snapshots of real executions', () => {
  it(`survives ${COUNT} of them`, () => {
    const good = samples();
    expect(good.length).toBeGreaterThan(10);
    const outcomes: Record<string, number> = {};
    const count = (what: string) => {
      outcomes[what] = (outcomes[what] ?? 0) + 1;
    };
    for (let seed = 0; seed < COUNT; seed++) {
      const r = new Random(seed * 104729);
      const bytes = hostile(r, r.pick(good));
      const instance = fresh();
      let execution: Execution;
      try {
        execution = restore(bytes, instance, { bindExternRef: (name) => ({ name }) });
      } catch (error) {
        if (!(error instanceof SnapshotError) && !(error instanceof RuntimeError)) throw error;
        count(error instanceof SnapshotError ? error.kind : 'exhausted');
        if (instance.unusable !== undefined || instance.hasRun || instance.memories[0].pages !== 1) {
          throw new Error(`seed ${seed}: the refused instance has changed`, { cause: error });
        }
        continue;
      }
      // What has been accepted can be written again, and runs.
      snapshot(execution, { nameExternRef: (ref) => (ref as { name: { lo: number; hi: number } }).name });
      count(execution.run({ fuel: 500 }).kind);
    }
    console.log(`hostile snapshots: ${JSON.stringify(outcomes)}`);
    expect(outcomes.done).toBeGreaterThan(0);
    expect(outcomes.malformed).toBeGreaterThan(0);
    expect(outcomes.mismatch).toBeGreaterThan(0);
  }, 3_600_000);
});
