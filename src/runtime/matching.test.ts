/** What is wrong with imports is told whole: every one, what it must be, and what it is. */
import { expect, it } from 'vitest';
import { Module } from '../decoder';
import { wat } from '../decoder/testing';
import { F64, Func, Global, I32, I64, i64, instantiate, LinkError, Memory, Store } from '../index';
import { Wasi } from '../wasi';
import { WebAssembly } from '../webassembly';

const bytes = (await wat(`(module
  (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
  (import "env" "log" (func (param i32 i64)))
  (import "env" "memory" (memory 2 4))
  (import "env" "count" (global (mut i64)))
  (import "env\\1b" "table" (table 1 funcref)))`)) as Uint8Array<ArrayBuffer>;

function messageOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(LinkError);
    return (error as Error).message.split('\n');
  }
  throw new Error('nothing was thrown');
}

it('of an instance', () => {
  const store = new Store();
  const module = Module.decode(bytes);
  const close = Func.host(store, { params: [I32], results: [I32] }, () => {});
  expect(messageOf(() => instantiate(store, module, [close]))).toEqual([
    'unknown import: "env" "log": expected func [i32 i64] -> []',
    'unknown import: "env" "memory": expected memory 2 to 4',
    'unknown import: "env" "count": expected global mut i64',
    'unknown import: "env\\u{1b}" "table": expected table 1 funcref',
  ]);
  const log = Func.host(store, { params: [F64], results: [] }, () => {});
  const memory = new Memory(store, { address: 'i32', min: 1, max: undefined, shared: false, pageBits: 16 });
  const count = new Global(store, { value: I64, mutable: false }, i64(1, 0));
  const given = [close, log, memory, count, memory];
  expect(messageOf(() => instantiate(store, module, given))).toEqual([
    'incompatible import type: "env" "log" has another function type: expected func [i32 i64] -> [], not func [f64] -> []',
    'incompatible import type: "env" "memory" has other limits: expected memory 2 to 4, not memory 1',
    'incompatible import type: "env" "count" is not mutable: expected global mut i64, not global i64',
    'incompatible import type: "env\\u{1b}" "table" is a memory, not a table: expected table 1 funcref, not memory 1',
  ]);
});

it('of a WASI program', () => {
  const store = new Store();
  const wasi = new Wasi({ host: { realtime: () => 0n, monotonic: () => 0n, random: () => {} } as never });
  expect(messageOf(() => wasi.imports(store, Module.decode(bytes), Func.host))).toEqual([
    'unknown import: "env" "log": expected func [i32 i64] -> []',
    'unknown import: "env" "memory": expected memory 2 to 4',
    'unknown import: "env" "count": expected global mut i64',
    'unknown import: "env\\u{1b}" "table": expected table 1 funcref',
  ]);
});

it('of the drop-in', () => {
  const module = new WebAssembly.Module(bytes);
  const wasi_snapshot_preview1 = { fd_close: () => 0 };
  const get = () => {
    throw new Error('no getter runs after the first failure');
  };
  const env = Object.defineProperty({}, 'count', { get });
  expect(messageOf(() => new WebAssembly.Instance(module, { wasi_snapshot_preview1, env }))).toEqual([
    'import #1 "env" "log" must be a function: expected func [i32 i64] -> []',
    'import #2 "env" "memory" is missing: expected memory 2 to 4',
    'import #4 "env\\u{1b}" "table" is missing: expected table 1 funcref',
  ]);
  expect(() => new WebAssembly.Instance(module, {})).toThrow(
    /"fd_close": the module is no object\n.*"log" is mi/,
  );
});

it('a component is called one', () => {
  const component = Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  expect(() => Module.decode(component)).toThrow(/this is a component, not a module/);
  expect(() => Module.decode(Uint8Array.from([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]))).toThrow(
    /^unknown binary version \(at offset 0x4\)$/,
  );
});
