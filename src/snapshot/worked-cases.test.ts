/**
 * What the reference implementation's worked cases are about, in our own words: page sizes, limits, and the sections of a file. With
 * TSWASM_WASM3_CHECKOUT, a checkout of wasm3, the pause points of its WASI programs are checked, too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { safepointsOf } from '../decoder/safepoints';
import { SnapshotError } from '../errors';
import { Execution, Store } from '../interpreter';
import { lower } from '../lowering';
import { offsetsOf, safepointsOfBody } from '../lowering/testing';
import { Func, type Instance, instantiatePaused, type StoreLimits } from '../runtime';
import { wat } from '../testing';
import { snapshot } from './capture';
import { expandMemory } from './chunks';
import { decode } from './decode';
import { isStored, type SnapshotDocument } from './document';
import { restore } from './restore';

const binary = (text: string): Uint8Array => wat(text, { names: false });
const compile = (wat: string): Module => Module.decode(binary(wat));
const fresh = (module: Module, limits: Partial<StoreLimits> = {}): Instance =>
  instantiatePaused(new Store(limits), module, []);
const call = (instance: Instance, name: string) => new Execution(instance.exports.get(name) as Func, []);

function pausedIn(instance: Instance, name: string, fuel: number): SnapshotDocument {
  const execution = call(instance, name);
  expect(execution.run({ fuel })).toMatchObject({ kind: 'paused' });
  return decode(snapshot(execution));
}

describe('page sizes', () => {
  // wabt does not know page sizes: its memory section (one memory of at least five pages) gets one by hand.
  const bytes = [
    ...binary(`(module
      (memory 5)
      (global $turns (mut i32) (i32.const 0))
      (data (i32.const 1) "xyz")
      (func (export "go")
        (loop (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
          (i32.store8 (i32.const 4) (global.get $turns))
          (br_if 0 (i32.lt_u (global.get $turns) (i32.const 50))))))`),
  ];
  const at = bytes.findIndex((_, k) => [5, 3, 1, 0, 5].every((byte, n) => bytes[k + n] === byte));
  bytes.splice(at, 5, 5, 4, 1, 8, 5, 0);
  const module = Module.decode(Uint8Array.from(bytes));

  it('are told, so that nobody takes a page for another', () => {
    const document = pausedIn(fresh(module), 'go', 7);
    const [memory] = document.memories;
    if (!isStored(memory)) throw new Error('shared');
    expect([memory.pageBits, memory.pages]).toEqual([0, 5]);
    expect([...expandMemory(memory)]).toEqual([0, 120, 121, 122, 7]);
    const other = { ...document, memories: [{ ...memory, pageBits: 16, chunks: [] }] };
    expect(() => restore(other, fresh(module))).toThrow('pages of 2^16 bytes');
    const instance = fresh(module);
    expect(restore(document, instance).run().kind).toBe('done');
    expect([...instance.memories[0].bytes]).toEqual([0, 120, 121, 122, 50]);
  });
});

describe('limits of the host', () => {
  const module = compile(`(module (memory 1) (table 3 funcref)
    (func (export "grow")
      (drop (memory.grow (i32.const 2))) (drop (table.grow (ref.null func) (i32.const 4))))
    (func (export "spin") (loop (br 0))))`);
  const grown = () => {
    const instance = fresh(module);
    expect(call(instance, 'grow').run().kind).toBe('done');
    return pausedIn(instance, 'spin', 9);
  };
  const exact = { maxMemoryBytes: 3 * 65536, maxTableElements: 7 };

  it('are those of where it goes on, and just suffice', () => {
    const document = grown();
    const instance = fresh(module, exact);
    expect(restore(document, instance).run({ fuel: 3 }).kind).toBe('paused');
    expect([instance.memories[0].pages, instance.tables[0].length]).toEqual([3, 7]);
  });

  for (const name of ['maxMemoryBytes', 'maxTableElements'] as const) {
    it(`refuse one too many: ${name}`, () => {
      const instance = fresh(module, { ...exact, [name]: exact[name] - 1 });
      expect(() => restore(grown(), instance)).toThrow(SnapshotError);
      // And nothing has changed.
      expect([instance.memories[0].pages, instance.tables[0].length, instance.hasRun]).toEqual([1, 3, false]);
    });
  }
});

describe('the sections of a file', () => {
  it('are those of what the module has, in ascending order', () => {
    const module = compile(`(module (memory 1 1) (table 0 0 funcref)
      (global $n (mut i32) (i32.const 0)) (global $end i32 (i32.const 900))
      (data (i32.const 0) "begin")
      (func (export "go") (local $unused f64)
        (loop (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (br_if 0 (i32.lt_u (global.get $n) (global.get $end))))))`);
    const execution = call(fresh(module), 'go');
    execution.run({ fuel: 400 });
    const bytes = snapshot(execution);
    const ids: number[] = [];
    for (let at = 8; at < bytes.length; ) {
      ids.push(bytes[at++]);
      let size = 0;
      for (let shift = 0; ; shift += 7) {
        size |= (bytes[at] & 0x7f) << shift;
        if (bytes[at++] < 0x80) break;
      }
      at += size;
    }
    expect(ids).toEqual([0, 1, 2, 3, 4, 6]);
    const document = decode(bytes);
    expect(document.globals.map(({ lo }) => lo)).toEqual([400, 900]);
    expect(document.continuations[0].activations[0].values.map(({ type }) => type)).toEqual(['f64']);
    const instance = fresh(module);
    expect(restore(bytes, instance).run().kind).toBe('done');
    expect(instance.globals[0].get().lo).toBe(900);
  });
});

const checkout = process.env.TSWASM_WASM3_CHECKOUT;
const programs = checkout === undefined ? [] : wasmFiles(path.join(checkout, 'test/wasi'));
if (checkout === undefined)
  console.log("TSWASM_WASM3_CHECKOUT is not set: wasm3's WASI programs are NOT checked");

function wasmFiles(directory: string): string[] {
  if (!existsSync(directory)) throw new Error(`${directory}: no checkout of wasm3`);
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => path.join(directory, name))
    .sort();
}

/** Every call of WASI fails with ENOSYS, and clocks stand still: the programs go some way all the same. */
function wasiInstance(module: Module): Instance {
  const store = new Store();
  const imports = module.imports.map(({ type, name }) => {
    if (type.kind !== 'func') throw new Error(`${name}: not a function`);
    return Func.host(
      store,
      type.type,
      (guest) => {
        type.type.results.forEach((result, k) => {
          guest.setValue(k, { type: result, lo: 52, hi: 0, ref: null });
        });
      },
      name,
    );
  });
  return instantiatePaused(store, module, imports);
}

describe.skipIf(checkout === undefined)("wasm3's WASI programs", () => {
  for (const file of programs) {
    it(`${path.basename(file)} pauses where the list of pause points says`, () => {
      const module = Module.decode(readFileSync(file));
      for (let k = module.importedFuncs; k < module.funcTypes.length; k++) {
        const points = safepointsOf(module, k);
        const lowered = safepointsOfBody(lower(module, k));
        const calls = points.filter(({ kind }) => kind === 'call').map(({ offset }) => offset);
        const loops = points.filter(({ kind }) => kind === 'loop').map(({ targetLoop }) => targetLoop);
        expect([k, offsetsOf(lowered, 'call')]).toEqual([k, calls]);
        expect([k, offsetsOf(lowered, 'loop')]).toEqual([k, [...new Set(loops)].sort((a, b) => a - b)]);
      }
      const start = module.exports.find(({ name }) => name === '_start' || name === 'run')!.name;
      const execution = call(wasiInstance(module), start);
      for (let k = 0; k < 20 && execution.run({ fuel: 97 }).kind === 'paused'; k++) {
        const bytes = snapshot(execution);
        expect(snapshot(restore(bytes, wasiInstance(module)))).toEqual(bytes);
      }
    });
  }
});
