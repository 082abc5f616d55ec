import { describe, expect, it } from 'vitest';
import { FUNCREF, I32, type Module } from '../decoder';
import { safepointsOf } from '../decoder/safepoints';
import { Execution, Store } from '../interpreter';
import {
  type Extern,
  Func,
  Global,
  type Instance,
  i32,
  i64,
  instantiatePaused,
  Memory,
  Table,
  type Value,
} from '../runtime';
import { compile } from '../testing';
import { type CaptureOptions, capture, postmortem, snapshot } from './capture';
import { decode } from './decode';
import type { SnapshotDocument } from './document';
import { encode } from './encode';
import { type RestoreOptions, restore } from './restore';
import { refusal } from './testing';
import { u64, u64FromNumber } from './u64';
import { verify } from './verify';

type MakeImports = (store: Store) => Extern[];
const noImports: MakeImports = () => [];
function fresh(module: Module, makeImports = noImports, store = new Store()): Instance {
  return instantiatePaused(store, module, makeImports(store));
}
function start(instance: Instance, name: string, ...args: Value[]): Execution {
  return new Execution(instance.exports.get(name) as Func, args);
}

/** Runs to the end, moving into a fresh instance at every `step`-th safepoint. Gives the results and the number of moves. */
function migrate(
  module: Module,
  execution: Execution,
  step: number,
  makeImports = noImports,
  options: CaptureOptions & RestoreOptions = {},
): { results: readonly Value[]; moves: number; last: Execution } {
  for (let moves = 0; ; moves++) {
    const outcome = execution.run({ fuel: step });
    if (outcome.kind === 'done') return { results: outcome.results, moves, last: execution };
    if (outcome.kind !== 'paused') throw new Error(`the execution is ${outcome.kind}`);
    const bytes = snapshot(execution, options);
    verify(decode(bytes), module);
    execution = restore(bytes, fresh(module, makeImports), options);
    // A restored execution is the same state: the same bytes again.
    expect(snapshot(execution, options)).toEqual(bytes);
  }
}

const fib = compile(`(module
  (func $fib (export "fib") (param i32) (result i64)
    (if (result i64) (i32.lt_s (local.get 0) (i32.const 2))
      (then (i64.extend_i32_u (local.get 0)))
      (else (i64.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`);

/** Values of every type live across a back edge, a call and a call through a table; memory, globals and the table change. */
const everything = compile(`(module
  (type $op (func (param i32) (result i32)))
  (memory 1 4)
  (table $t 4 8 funcref)
  (table $e 1 4 externref)
  (global $sum (mut i64) (i64.const 0))
  (global $f (mut f32) (f32.const nan:0x200001))
  (global $ref (mut funcref) (ref.null func))
  (global $ext (mut externref) (ref.null extern))
  (global $fixed i32 (i32.const 11))
  (elem (table $t) (i32.const 0) func $add $twice)
  (elem $passive func $add)
  (data (i32.const 8) "\\01\\02\\03")
  (data $later "xyz")
  (func $add (type $op) (local i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get 1) (i32.const 3))))
    (i32.add (local.get 0) (local.get 1)))
  (func $twice (type $op)
    (call_indirect $t (type $op) (local.get 0) (i32.const 0))
    (call_indirect $t (type $op) (local.get 0) (i32.const 0))
    i32.add)
  (func (export "run") (param $x externref) (result i64 i32 f32 f64)
    (local $i i32) (local $d f64)
    (f64.const -0)
    (f32.const nan:0x7)
    (i64.const -3)
    (local.get $x)
    (ref.func $twice)
    (loop $l (param funcref) (result funcref)
      (global.set $ref)
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (global.set $sum (i64.add (global.get $sum)
        (i64.extend_i32_s (call_indirect $t (type $op) (local.get $i) (i32.const 1)))))
      (i64.store (i32.mul (local.get $i) (i32.const 1000)) (global.get $sum))
      (local.set $d (f64.add (local.get $d) (f64.const 0.1)))
      (if (i32.eq (local.get $i) (i32.const 3)) (then
        (drop (memory.grow (i32.const 1)))
        (drop (table.grow $t (ref.func $add) (i32.const 2)))
        (memory.init $later (i32.const 70000) (i32.const 0) (i32.const 3))
        (data.drop $later)
        (elem.drop $passive)
        (memory.fill (i32.const 66000) (i32.const 255) (i32.const 500))
        (table.set $e (i32.const 0) (local.get $x))
        (global.set $ext (local.get $x))))
      (global.get $ref)
      (br_if $l (i32.lt_u (local.get $i) (i32.const 6))))
    drop
    drop
    drop
    (global.set $f)
    drop
    (global.get $sum)
    (i32.add (i32.load8_u (i32.const 70001)) (table.size $t))
    (global.get $f)
    (local.get $d))
  (elem declare func $twice $add))`);

describe('snapshot and restore', () => {
  it('moves a recursion at every safepoint', () => {
    const { results, moves } = migrate(fib, start(fresh(fib), 'fib', i32(9)), 1);
    expect(results[0]).toMatchObject({ lo: 34, hi: 0 });
    expect(moves).toBeGreaterThan(100);
  });

  it('moves values of every type, memory, tables, globals and segments', () => {
    const thing = { name: 'of the host' };
    const options = { nameExternRef: () => u64(77, 5), bindExternRef: () => thing };
    const argument = { type: 0, lo: 0, hi: 0, ref: thing } as Value;
    const make = () =>
      start(fresh(everything), 'run', { ...argument, type: everything.funcType(2).params[0] });
    const outcome = make().run();
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    for (const step of [1, 2, 7]) {
      const { results, moves } = migrate(everything, make(), step, noImports, options);
      expect(results).toEqual(outcome.results);
      expect(moves).toBeGreaterThan(5);
    }
  });

  it('gives equal bytes for equal executions, however they got there', () => {
    const straight = start(fresh(fib), 'fib', i32(12));
    straight.run({ fuel: 100 });
    const halting = start(fresh(fib), 'fib', i32(12));
    for (let i = 0; i < 100; i++) halting.run({ fuel: 1 });
    expect(snapshot(halting)).toEqual(snapshot(straight));
  });

  it('moves a pending host call: the new host is asked again', async () => {
    const module = compile(`(module
      (import "env" "ask" (func $ask (param i32 f64) (result i64)))
      (func (export "run") (result i64) (i64.const 1) (i64.add (call $ask (i32.const 4) (f64.const 0.5)))))`);
    const asked: number[][] = [];
    const imports: MakeImports = (store) => [
      Func.host(
        store,
        module.funcType(0),
        (call) => {
          asked.push([call.i32(0), call.f64(1)]);
          return Promise.resolve().then(() => call.setI64(0, 41, 0));
        },
        'ask',
      ),
    ];
    const first = start(fresh(module, imports), 'run');
    expect(first.run().kind).toBe('waiting');
    const bytes = snapshot(first);
    const document = decode(bytes);
    expect(document.pendingCall?.func).toBe(0);
    expect(document.pendingCall?.args).toMatchObject([{ lo: 4 }, { hi: 0x3fe00000 }]);
    verify(document, module);
    const second = restore(bytes, fresh(module, imports));
    for (;;) {
      const outcome = second.run();
      if (outcome.kind === 'waiting') await outcome.promise;
      else {
        expect(outcome).toMatchObject({ kind: 'done', results: [{ lo: 42, hi: 0 }] });
        break;
      }
    }
    expect(asked).toEqual([
      [4, 0.5],
      [4, 0.5],
    ]);
  });

  it('hands the host its own state', () => {
    const paused = start(fresh(fib), 'fib', i32(5));
    paused.run({ fuel: 3 });
    const bytes = snapshot(paused, { hostState: Uint8Array.of(1, 2, 3), timestampMs: u64FromNumber(5) });
    let loaded: Uint8Array | undefined;
    restore(bytes, fresh(fib), {
      loadHostState: (state) => {
        loaded = state;
      },
    });
    expect(loaded).toEqual(Uint8Array.of(1, 2, 3));
    expect(refusal(() => restore(bytes, fresh(fib)))).toEqual([
      'unsupported',
      expect.stringContaining('host state'),
    ]);
  });

  it('writes a postmortem, which cannot be resumed', () => {
    const instance = fresh(everything);
    const bytes = postmortem(instance);
    expect(decode(bytes)).toMatchObject({ postmortem: true, continuations: [] });
    expect(refusal(() => restore(bytes, fresh(everything)))).toEqual([
      'unsupported',
      expect.stringContaining('postmortem'),
    ]);
  });
});

const sharing = compile(`(module
  (import "m" "a" (memory $a 1 4)) (import "m" "b" (memory $b 1 4))
  (import "m" "s" (table $s 1 10 funcref)) (import "m" "t" (table $t 1 10 funcref))
  (import "m" "g" (global $g (mut i32))) (import "m" "c" (global $c i32))
  (func $f (export "run") (result i32)
    (i32.store $a (i32.const 4) (i32.const 5))
    (table.set $s (i32.const 0) (ref.func $f))
    (global.set $g (i32.const 9))
    (loop $l (br_if $l (i32.lt_u (i32.load $b (i32.const 4)) (i32.const 0))))
    (block (loop $l (br_if 1 (i32.const 1)) (br $l)))
    (call $rest))
  (func $rest (result i32) (loop (nop)) (i32.add (i32.load $b (i32.const 4)) (i32.add (global.get $g) (global.get $c))))
  (elem declare func $f))`);
const memoryType = { address: 'i32', min: 1, max: 4, shared: false, pageBits: 16 } as const;
const tableType = { address: 'i32', min: 1, max: 10, element: FUNCREF } as const;
function sharingImports(shared: boolean, constant = 1, pages = 1): MakeImports {
  return (store) => {
    const memory = new Memory(store, { ...memoryType, min: pages });
    const table = new Table(store, tableType);
    const others = shared ? [memory, table] : [new Memory(store, memoryType), new Table(store, tableType)];
    return [
      memory,
      others[0],
      table,
      others[1],
      new Global(store, { value: I32, mutable: true }, i32(0)),
      new Global(store, { value: I32, mutable: false }, i32(constant)),
    ] as Extern[];
  };
}
function pausedSharing(shared: boolean): Uint8Array {
  const paused = start(fresh(sharing, sharingImports(shared)), 'run');
  paused.run({ fuel: 1 });
  return snapshot(paused);
}

describe('the entry of a quiet function, where other makers of snapshots may stop', () => {
  const module = compile(`(module
    (func $inner (param i32) (result i32) (i32.mul (local.get 0) (i32.const 10)))
    (func $outer (param i32) (result i32) (local i64) (i32.add (i32.const 1) (call $inner (local.get 0))))
    (func (export "run") (param i32) (result i32) (loop (result i32) (call $outer (local.get 0)))))`);
  const zero: Value = { type: 0x7e, lo: 0, hi: 0, ref: null };
  const stacks: [string, [kind: 'call' | 'entry', ...values: Value[]][]][] = [
    ['of the first call', [['entry', i32(5)]]],
    [
      'of the second',
      [
        ['call', i32(5)],
        ['entry', i32(5), zero],
      ],
    ],
    [
      'of the third',
      [
        ['call', i32(5)],
        ['call', i32(5), zero, i32(1)],
        ['entry', i32(5)],
      ],
    ],
  ];
  for (const [name, stack] of stacks) {
    it(`${name}: is accepted, written again alike, and left`, () => {
      const instance = fresh(module);
      const frames = stack.map(([kind, ...values], k) => {
        const funcidx = 2 - k;
        const { offset } = safepointsOf(module, funcidx).find((point) => point.kind === kind)!;
        return { instance, funcidx, kind, offset, targetLoop: -1, values };
      });
      const bytes = snapshot(Execution.restore(instance.exports.get('run') as Func, frames));
      const again = restore(bytes, fresh(module));
      expect(snapshot(again)).toEqual(bytes);
      expect(again.run({ fuel: 1 })).toMatchObject({ kind: 'done', results: [{ lo: 51 }] });
      // The entry of `run`, which is not quiet, is passed by the first one only.
      expect(again.fuelUsed).toBe(stack.length === 1 ? 1 : 0);
    });
  }
});

describe('sharing and the instance', () => {
  it('stores a memory that two imports name once, and restores it so', () => {
    const bytes = pausedSharing(true);
    const document = decode(bytes);
    expect(document.memories[1]).toEqual({ sameAs: 0 });
    expect(document.tables[1]).toEqual({ sameAs: 0 });
    const outcome = restore(bytes, fresh(sharing, sharingImports(true))).run();
    expect(outcome).toMatchObject({ kind: 'done', results: [{ lo: 15 }] });
  });

  it('refuses an instance that shares differently', () => {
    const complaint = ['mismatch', expect.stringContaining('memory 1 is')];
    expect(refusal(() => restore(pausedSharing(true), fresh(sharing, sharingImports(false))))).toEqual(
      complaint,
    );
    expect(refusal(() => restore(pausedSharing(false), fresh(sharing, sharingImports(true))))).toEqual(
      complaint,
    );
  });

  it('refuses one whose memory is larger, or whose constants differ', () => {
    const bytes = pausedSharing(true);
    expect(refusal(() => restore(bytes, fresh(sharing, sharingImports(true, 1, 2))))[1]).toContain(
      'memory 0 is smaller',
    );
    expect(refusal(() => restore(bytes, fresh(sharing, sharingImports(true, 2))))[1]).toContain(
      'immutable global 1',
    );
  });

  it('refuses an instance that has run', () => {
    const bytes = pausedSharing(true);
    const instance = fresh(sharing, sharingImports(true));
    const execution = restore(bytes, instance);
    expect(refusal(() => restore(bytes, instance))).toEqual(['state', expect.stringContaining('has run')]);
    expect(execution.run().kind).toBe('done');
  });

  it('refuses when the host has set limits, and changes nothing', () => {
    const paused = start(fresh(everything), 'run', {
      type: everything.funcType(2).params[0],
      lo: 0,
      hi: 0,
      ref: null,
    });
    while (decode(snapshotOfPause(paused)).tables.length > 0 && paused.run({ fuel: 20 }).kind === 'paused') {
      if ((paused.frames()[0].instance.memories[0].pages ?? 0) > 1) break;
    }
    const bytes = snapshot(paused);
    for (const limits of [{ maxMemoryBytes: 65536 }, { maxTableElements: 5 }]) {
      const instance = fresh(everything, noImports, new Store(limits));
      expect(refusal(() => restore(bytes, instance))[0]).toBe('limit');
      expect(instance.unusable).toBeUndefined();
      expect(instance.memories[0].pages).toBe(1);
    }
  });

  it('leaves an instance unusable when the restore fails half way', () => {
    const paused = start(fresh(fib), 'fib', i32(5));
    paused.run({ fuel: 3 });
    const bytes = snapshot(paused, { hostState: Uint8Array.of(1) });
    const instance = fresh(fib);
    const broken = new Error('cannot read this');
    expect(() =>
      restore(bytes, instance, {
        loadHostState: () => {
          throw broken;
        },
      }),
    ).toThrow(broken);
    expect(refusal(() => restore(bytes, instance, { loadHostState: () => {} }))[0]).toBe('state');
    expect(instance.unusable).toContain('cannot be used');
    // Not even functions that the restore has lowered already.
    expect(() => (instance.exports.get('fib') as Func).call(1)).toThrow('cannot be used');
  });
});

function snapshotOfPause(execution: Execution): Uint8Array {
  if (execution.state !== 'paused') execution.run({ fuel: 1 });
  return snapshot(execution);
}

describe('hostile snapshots of a real execution', () => {
  it('a changed value or place is refused, or is a state that runs', () => {
    const paused = start(fresh(fib), 'fib', i32(6));
    paused.run({ fuel: 9 });
    const document = capture(paused);
    const [root] = document.continuations;
    const last = root.activations.length - 1;
    const changed = (more: object): SnapshotDocument => ({
      ...document,
      continuations: [
        { ...root, activations: root.activations.map((f, i) => (i === last ? { ...f, ...more } : f)) },
      ],
    });
    expect(restore(encode(changed({})), fresh(fib)).run()).toMatchObject({
      kind: 'done',
      results: [{ lo: 8 }],
    });
    expect(refusal(() => restore(encode(changed({ offset: 2 })), fresh(fib)))[0]).toBe('mismatch');
    expect(refusal(() => restore(encode(changed({ values: [] })), fresh(fib)))[0]).toBe('mismatch');
    expect(restore(encode(changed({ values: [{ type: 'i32', lo: 1, hi: 0 }] })), fresh(fib)).run().kind).toBe(
      'done',
    );
  });

  it('more frames than the host permits are refused before anything changes', () => {
    const paused = start(fresh(fib), 'fib', i32(30));
    paused.run({ fuel: 30 });
    const bytes = snapshot(paused);
    const instance = fresh(fib, noImports, new Store({ maxFrames: 10 }));
    expect(() => restore(bytes, instance)).toThrow('call stack exhausted');
    expect(instance.unusable).toBeUndefined();
    expect(instance.hasRun).toBe(false);
    expect((instance.exports.get('fib') as Func).callRaw([i32(2)])).toMatchObject([i64(1, 0)]);
  });
});
