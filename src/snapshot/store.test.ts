import { describe, expect, it } from 'vitest';
import { FUNCREF, type Module } from '../decoder';
import { RuntimeError, SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import {
  type Extern,
  Func,
  type HostCall,
  type Instance,
  i32,
  instantiatePaused,
  Memory,
  Table,
} from '../runtime';
import { compile } from '../testing';
import { decode } from './decode';
import type { Activation, SnapshotDocument } from './document';
import { encode } from './encode';
import { isStoreSnapshot, type RestoreStoreOptions, restoreStore, snapshotStore } from './store';
import { Random, refusal } from './testing';
import { xxh64 } from './xxh64';

const COUNT = Number(process.env.TSWASM_SNAPSHOT_MUTATIONS ?? 5000);

/** Owns the memory, the table of callbacks and a counter. */
const BASE = compile(`(module
  (import "host" "tick" (func $tick (param i32) (result i32)))
  (type $fold (func (param i64 i32) (result i64)))
  (memory (export "memory") 1 4)
  (table (export "table") 4 8 funcref)
  (global (export "count") (mut i32) (i32.const 0))
  (global (export "seed") i64 (i64.const 99))
  (elem (table 0) (i32.const 0) func $add)
  (data "passive")
  (func $add (export "add") (type $fold)
    (i64.add (local.get 0) (i64.extend_i32_u (call $tick (local.get 1)))))
  (func (export "each") (param $n i32) (param $with i32) (result i64) (local $sum i64)
    (loop $next
      (local.set $sum (call_indirect (type $fold) (local.get $sum) (local.get $n) (local.get $with)))
      (i64.store (i32.shl (local.get $n) (i32.const 3)) (local.get $sum))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "nothing")))`);
/** Uses all of that, puts a function of its own into the table, and grows the memory when it begins. */
const USER = compile(`(module
  (type $fold (func (param i64 i32) (result i64)))
  (import "base" "each" (func $each (param i32 i32) (result i64)))
  (import "base" "memory" (memory 1))
  (import "base" "table" (table 2 funcref))
  (import "base" "count" (global $count (mut i32)))
  (import "base" "seed" (global $seed i64))
  (import "host" "tick" (func $tick (param i32) (result i32)))
  (global $own (mut i64) (i64.const 5))
  (elem (table 0) (i32.const 1) func $mix)
  (func $mix (type $fold) (local $k i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (local.set $k (i32.const 3))
    (loop $again
      (local.set 0 (i64.rotl (i64.add (local.get 0) (global.get $own)) (i64.const 7)))
      (br_if $again (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (i64.xor (local.get 0) (i64.extend_i32_u (local.get 1))))
  (func (export "run") (param $n i32) (result i64)
    (drop (memory.grow (i32.const 1)))
    (global.set $own (global.get $seed))
    (i64.xor
      (call $each (local.get $n) (i32.const 1))
      (call $each (local.get $n) (i32.const 0)))
    (i64.add (i64.extend_i32_u (global.get $count)))))`);
/** Can only be linked when the memory has been grown; what it exports is another's. */
const LATE = compile(`(module
  (import "base" "memory" (memory 2))
  (import "user" "run" (func $run (param i32) (result i64)))
  (func (export "again") (param i32) (result i64)
    (i64.store (i32.const 70000) (i64.const 1))
    (i64.add (call $run (local.get 0)) (i64.load (i32.const 70000)))))`);
const MODULES = [BASE, USER, LATE];

const tick = (call: HostCall) => call.setI32(0, call.i32(0) * 3);
/** One for each store: two instances that import it are given one function. */
function hostOf(store: Store, callback: (call: HostCall) => void | Promise<void> = tick): Func {
  return Func.host(store, { params: [0x7f], results: [0x7f] }, callback, 'tick');
}
function importing(extern: Extern): RestoreStoreOptions {
  return { importFromHost: (item) => (item.module === 'host' ? extern : undefined) };
}
function exported<E extends Extern>(instance: Instance, name: string): E {
  return instance.exports.get(name) as E;
}
function linked(store = new Store(), host = hostOf(store)): Instance[] {
  const base = instantiatePaused(store, BASE, [host]);
  const given = ['each', 'memory', 'table', 'count', 'seed'].map((name) => exported<Extern>(base, name));
  return [base, instantiatePaused(store, USER, [...given, host])];
}
/** All three; the last is linked to the memory as it is after a first run. */
function all(): Instance[] {
  const [base, user] = linked();
  exported<Func>(user, 'run').callRaw([i32(2)]);
  const late = instantiatePaused(base.store, LATE, [exported(base, 'memory'), exported(user, 'run')]);
  return [base, user, late];
}
function paused(instances: readonly Instance[], fuel: number, name = 'run', n = 6): Execution {
  const execution = new Execution(exported(instances[instances.length - 1], name), [i32(n)]);
  expect(execution.run({ fuel }).kind).toBe('paused');
  return execution;
}
function moved(bytes: Uint8Array, modules: readonly Module[] = MODULES): ReturnType<typeof restoreStore> {
  const store = new Store();
  return restoreStore(bytes, store, modules, importing(hostOf(store)));
}

describe('a linked program', () => {
  it('goes on in a fresh store at every safepoint, with frames of several instances', () => {
    const unmoved = exported<Func>(all()[2], 'again').callRaw([i32(6)]);
    const depths = new Set<number>();
    let instances: readonly Instance[] = all();
    let execution = paused(instances, 0, 'again');
    let moves = 0;
    for (;;) {
      depths.add(new Set(execution.frames().map((frame) => frame.instance)).size);
      const bytes = snapshotStore(instances, execution);
      const next = moved(bytes);
      expect(snapshotStore(next.instances, next.execution)).toEqual(bytes);
      instances = next.instances;
      execution = next.execution!;
      moves++;
      const outcome = execution.run({ fuel: 1 });
      if (outcome.kind === 'done') {
        expect(outcome.results).toEqual(unmoved);
        break;
      }
    }
    expect(moves).toBeGreaterThan(30);
    expect([...depths].sort()).toEqual([1, 2, 3]);
    expect(exported<Memory>(instances[0], 'memory').pages).toBe(3);
  });

  it('shares in the new store what it shared in the old one', () => {
    const { instances } = moved(snapshotStore(all()));
    const [base, user, late] = instances;
    expect(user.memories[0]).toBe(base.memories[0]);
    expect(late.memories[0]).toBe(base.memories[0]);
    expect(user.tables[0]).toBe(base.tables[0]);
    expect(user.globals[0]).toBe(base.globals[0]);
    expect(late.funcAt(0)).toBe(user.funcAt(2 + 1));
    expect(base.tables[0].get(1)).toBe(user.funcAt(2));
    expect(user.funcAt(1)).toBe(base.funcAt(0));
  });

  it('travels at rest, and is called there', () => {
    const here = all();
    const { instances, execution } = moved(snapshotStore(here));
    expect(execution).toBeUndefined();
    const results = exported<Func>(instances[2], 'again').callRaw([i32(5)]);
    expect(results).toEqual(exported<Func>(here[2], 'again').callRaw([i32(5)]));
    expect(snapshotStore(instances)).toEqual(snapshotStore(here));
  });

  it('takes memories and tables of the host along', () => {
    const world = (store: Store) => ({
      memory: new Memory(store, { address: 'i32', min: 1, max: 3, shared: false, pageBits: 16 }),
      table: new Table(store, { min: 2, max: 5, element: FUNCREF, address: 'i32' }),
    });
    const module =
      compile(`(module (import "h" "memory" (memory 1 3)) (import "h" "table" (table 2 5 funcref))
      (import "h" "memory" (memory $again 1 3))
      (func $f (export "f") (param i32) (loop (i32.store $again (local.get 0) (local.get 0))
        (drop (memory.grow (i32.const 1)))
        (table.set (i32.const 1) (ref.func $f))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`);
    const store = new Store();
    const { memory, table } = world(store);
    const one = instantiatePaused(store, module, [memory, table, memory]);
    const two = instantiatePaused(store, module, [memory, table, memory]);
    exported<Func>(one, 'f').callRaw([i32(3)]);
    const execution = new Execution(exported(two, 'f'), [i32(9)]);
    execution.run({ fuel: 2 });
    const bytes = snapshotStore([one, two], execution);
    const there = new Store();
    const given = world(there);
    const options: RestoreStoreOptions = {
      importFromHost: (item) => (item.name === 'memory' ? given.memory : given.table),
    };
    const next = restoreStore(bytes, there, [module, module], options);
    expect(given.memory.bytes).toEqual(memory.bytes);
    expect(given.table.get(1)).toBe(next.instances[1].funcAt(0));
    expect(next.execution!.run().kind).toBe('done');
    const other = new Memory(there, memory.type);
    let n = 0;
    const twoMemories: RestoreStoreOptions = {
      importFromHost: (item) => (item.name === 'table' ? given.table : n++ === 0 ? given.memory : other),
    };
    expect(restoreStore(bytes, there, [module, module], twoMemories).instances.length).toBe(2);
    expect(n).toBe(1);
  });

  it('calls the host again for an answer that it waited for', async () => {
    const store = new Store();
    const host = hostOf(store, async (call) => tick(call));
    const instances = linked(store, host);
    let execution = new Execution(exported(instances[1], 'run'), [i32(4)]);
    while (execution.run().kind !== 'waiting');
    expect(execution.frames().length).toBe(3);
    const bytes = snapshotStore(instances, execution);
    execution = moved(bytes, [BASE, USER]).execution!;
    const outcome = execution.run();
    expect(outcome).toEqual({
      kind: 'done',
      results: exported<Func>(linked()[1], 'run').callRaw([i32(4)]),
    });
  });
});

describe('is refused', () => {
  it('when the instances are not what belongs together', () => {
    const [base, user, late] = all();
    expect(refusal(() => snapshotStore([]))[1]).toBe('a store without instances');
    expect(refusal(() => snapshotStore([base, base]))[1]).toBe('instance 1 is there twice');
    expect(refusal(() => snapshotStore([base, linked()[0]]))[1]).toBe('instance 1 is of another store');
    const order = 'an instance imports from one that is not before it in the list of instances';
    expect(refusal(() => snapshotStore([user, base]))).toEqual(['state', order]);
    expect(refusal(() => snapshotStore([base, late]))).toEqual(['state', order]);
    expect(refusal(() => snapshotStore([base]))).toEqual([
      'unsupported',
      'function mix belongs to another instance',
    ]);
  });

  it('when modules or imports are others', () => {
    const bytes = snapshotStore(all());
    expect(isStoreSnapshot(bytes)).toBe(true);
    expect(refusal(() => decode(bytes))[1]).toMatch(/^a snapshot of a store, not of one instance/);
    expect(refusal(() => moved(bytes, [BASE, USER]))[1]).toBe(
      'the snapshot has 3 instances, but there are 2 modules',
    );
    expect(refusal(() => moved(bytes, [USER, BASE, LATE]))[1]).toMatch(/^instance 0 belongs to module/);
    const store = new Store();
    const none = refusal(() => restoreStore(bytes, store, MODULES));
    expect(none).toEqual(['mismatch', 'nothing is given for import "host" "tick" of instance 0']);
    const wrong = importing(
      new Memory(store, { address: 'i32', min: 1, max: 1, shared: false, pageBits: 16 }),
    );
    const used = store.memories.used;
    expect(refusal(() => restoreStore(bytes, store, MODULES, wrong))[1]).toMatch(/^instance 0: incompatible/);
    const small = new Store({ maxMemoryBytes: 100_000 });
    const room = refusal(() => restoreStore(bytes, small, MODULES, importing(hostOf(small))));
    expect(room[0]).toBe('limit');
    expect([small.memories.used, small.tables.used, store.memories.used]).toEqual([0, 0, used]);
  });

  it('when the host gives one thing for two', () => {
    const module = compile('(module (import "h" "a" (memory 1)) (import "h" "b" (memory 1)))');
    const store = new Store();
    const make = () => new Memory(store, { address: 'i32', min: 1, max: 3, shared: false, pageBits: 16 });
    const bytes = snapshotStore([instantiatePaused(store, module, [make(), make()])]);
    const one = make();
    expect(refusal(() => restoreStore(bytes, store, [module], { importFromHost: () => one }))).toEqual([
      'mismatch',
      'import 1 of instance 0 is another thing in the snapshot',
    ]);
  });

  it.each<[string, (document: SnapshotDocument) => Partial<SnapshotDocument>, RegExp]>([
    ['a frame of no function', (d) => frame(d, 0, { func: 99 }), /^frame 0: function 99 is not in the store/],
    ['a frame of the host', (d) => frame(d, 0, { func: 0 }), /^frame 0: function 0 is the host's/],
    ['a frame of another function', (d) => frame(d, 0, { func: 2 }), /call safepoint/],
    ['a wrong offset', (d) => frame(d, 1, { offset: 3 }), /has no call safepoint/],
    ['too few values', (d) => frame(d, 1, { values: [] }), /0 values, but 1 live/],
    ['an entry that returns nothing', otherEntry, /does not return what its caller expects/],
    ['a reference to no function', (d) => firstElement(d, 77), /instance 0: table 0, element 0: function 77/],
    ['a memory that is another', (d) => ({ memories: [...d.memories, { sameAs: 0 }] }), /memories/],
    ['too many globals', (d) => ({ globals: [...d.globals, d.globals[0]] }), /^4 globals, but .* have 3/],
    [
      'a global of another type',
      (d) => ({ globals: [d.globals[1], ...d.globals.slice(1)] }),
      /^instance 0: g/,
    ],
    ['an immutable global', (d) => immutable(d), /^immutable global 1 has another value/],
    [
      'segments of nobody',
      (d) => ({ segments: { ...d.segments, dataDropped: new Uint8Array(9) } }),
      /^9 data/,
    ],
    ['no frames', () => ({ continuations: [] }), /without a root/],
  ])('%s', (_, change, message) => {
    const bytes = snapshotStore(...withExecution());
    expect(refusal(() => moved(rewrite(bytes, change)))[1]).toMatch(message);
  });
});

function withExecution(): [Instance[], Execution] {
  const instances = all();
  return [instances, paused(instances, 12, 'again')];
}
function frame(
  document: SnapshotDocument,
  k: number,
  change: Partial<Activation>,
): Partial<SnapshotDocument> {
  const [root] = document.continuations;
  const activations = root.activations.map((one, i) => (i === k ? { ...one, ...change } : one));
  return { continuations: [{ ...root, activations }] };
}
/** The invocation is said to be one of `nothing`. */
function otherEntry({ continuations: [root] }: SnapshotDocument): Partial<SnapshotDocument> {
  return { continuations: [{ ...root, entryFunc: 3 }] };
}
function firstElement(document: SnapshotDocument, func: number): Partial<SnapshotDocument> {
  const [table] = document.tables;
  if (table.sameAs !== undefined) throw new Error('no table');
  const elements = table.elements.slice();
  elements[0] = func;
  elements[1] = 0;
  return { tables: [{ ...table, elements }] };
}
function immutable({ globals }: SnapshotDocument): Partial<SnapshotDocument> {
  return { globals: globals.map((value, k) => (k === 1 ? { ...value, lo: 98 } : value)) };
}

/** The document within, changed, behind the same linkage. */
function rewrite(
  bytes: Uint8Array,
  change: (document: SnapshotDocument) => Partial<SnapshotDocument>,
): Uint8Array {
  const { head, inner } = split(bytes);
  const document = decode(inner);
  const after = encode({ ...document, ...change(document) });
  const out = new Uint8Array(head.length + after.length);
  out.set(head);
  out.set(after, head.length);
  return out;
}
function split(bytes: Uint8Array): { head: Uint8Array; inner: Uint8Array } {
  const size = bytes[8] < 128 ? bytes[8] : (bytes[8] & 127) | (bytes[9] << 7);
  const at = 8 + (bytes[8] < 128 ? 1 : 2) + size;
  return { head: bytes.subarray(0, at), inner: bytes.subarray(at) };
}

describe('hostile bytes', () => {
  it.each<[string, (bytes: number[]) => void, RegExp]>([
    ['of another version', (b) => b.splice(4, 1, 2), /^not a snapshot of a store of version 1/],
    ['cut in the linkage', (b) => b.splice(20), /linkage is longer than what follows/],
    ['with a short linkage', (b) => b.splice(8, 1, 5), /end of the linkage|does not use its whole length/],
    ['with too many instances', (b) => b.splice(9, 1, 100), /end of the linkage/],
    ['with another linkage', (b) => b.splice(19, 1, 1), /not of the linkage before it/],
  ])('%s', (_, damage, message) => {
    const bytes = Array.from(snapshotStore(...withExecution()));
    damage(bytes);
    expect(refusal(() => moved(Uint8Array.from(bytes)))[1]).toMatch(message);
  });

  it('is a clean error or a state that runs', { timeout: 300_000 + COUNT * 4 }, () => {
    const random = new Random(7);
    const samples = [3, 12, 20, 30].map((fuel) => {
      const instances = all();
      return snapshotStore(instances, paused(instances, fuel, 'again'));
    });
    const seen = { refused: 0, ran: 0 };
    for (let k = 0; k < COUNT; k++) seen[attempt(mutate(random, random.pick(samples)))]++;
    expect(seen.refused).toBeGreaterThan(COUNT / 10);
    expect(seen.ran).toBeGreaterThan(COUNT / 200);
  });
});

/** A few bytes changed; mostly the hash of the linkage is made right again, so that the deeper checks have work. */
function mutate(random: Random, sample: Uint8Array): Uint8Array {
  const bytes = sample.slice();
  for (let n = 1 + random.below(3); n > 0; n--) {
    bytes[random.below(bytes.length)] = random.oneIn(3)
      ? random.below(256)
      : random.pick([0, 1, 2, 3, 127, 128]);
  }
  if (random.oneIn(4)) return bytes;
  try {
    const { head, inner } = split(bytes);
    const hash = xxh64(head.subarray(bytes[8] < 128 ? 9 : 10));
    return rewriteHash(head, inner, hash);
  } catch (error) {
    if (error instanceof SnapshotError) return bytes;
    throw error;
  }
}
function rewriteHash(head: Uint8Array, inner: Uint8Array, hash: { lo: number; hi: number }): Uint8Array {
  const after = encode({ ...decode(inner), wasmHash: hash });
  const out = new Uint8Array(head.length + after.length);
  out.set(head);
  out.set(after, head.length);
  return out;
}
function attempt(bytes: Uint8Array): 'refused' | 'ran' {
  const store = new Store({ maxMemoryBytes: 1 << 19, maxFrames: 1000, maxSlots: 10_000 });
  let execution: Execution | undefined;
  try {
    ({ execution } = restoreStore(bytes, store, MODULES, importing(hostOf(store))));
  } catch (error) {
    if (error instanceof SnapshotError || error instanceof RuntimeError) {
      expect(store.memories.used).toBe(0);
      return 'refused';
    }
    throw error;
  }
  const outcome = execution?.run({ fuel: 2000 });
  if (outcome?.kind === 'done') expect(outcome.results.length).toBe(1);
  return 'ran';
}
