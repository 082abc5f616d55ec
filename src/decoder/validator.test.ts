import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { Module } from './decode';
import { functionOf, messageOf, verdictByRules, wat } from './testing';

/** Both walks must agree; the offset of the error is not always that of interest. */
function verdict(bytes: Uint8Array): string | undefined {
  const message = messageOf(() => Module.decode(bytes));
  expect(verdictByRules(bytes)).toBe(message);
  return message;
}

async function check(
  cases: Readonly<Record<string, string>>,
  assemble: (text: string) => Uint8Array | Promise<Uint8Array> = wat,
): Promise<void> {
  for (const [text, message] of Object.entries(cases)) {
    const found = verdict(await assemble(`(module (memory 1) ${text})`));
    if (message === '') expect(found, text).toBeUndefined();
    else expect(found, text).toMatch(message);
  }
}

describe('operands', () => {
  it("are of the instruction's types", () =>
    check({
      '(func (drop (i32.add (i32.const 1) (i32.const 2))))': '',
      '(func (i32.add (i32.const 1) (i64.const 2)) drop)': 'requires [i32] but stack has [i64]',
      '(func (i32.add (i32.const 1)) drop)': 'requires [i32] but stack has []',
      '(func (i32.const 1))': 'block requires [] but stack has [i32]',
      '(func (result i32))': 'requires [i32] but stack has []',
      '(func (local i32) (local.set 0 (f32.const 1)))': 'requires [i32] but stack has [f32]',
      '(func (block (drop)))': 'stack has []',
      '(func (i32.const 0) (block (i32.eqz) (drop)) (drop))': 'stack has []',
    }));

  it('are anything after a jump', () =>
    check({
      '(func (result i32) unreachable)': '',
      '(func (result i32) unreachable i32.add)': '',
      '(func (result i32) (br 0 (i32.const 1)) i64.add drop)': '',
      '(func unreachable (i64.const 0) i32.add drop)': 'requires [i32] but stack has [i64]',
      '(func unreachable select drop)': '',
      '(func unreachable (f32.const 0) (i32.const 0) select drop)': '',
      '(func (block unreachable) drop)': 'stack has []',
    }));

  it('of select are numbers of one type, or as said', () =>
    check({
      '(func (select (i32.const 1) (i64.const 1) (i32.const 1)) drop)': 'type mismatch',
      '(func (select (ref.null func) (ref.null func) (i32.const 1)) drop)': 'requires numeric or vector type',
      '(func (select (result funcref) (ref.null func) (ref.null func) (i32.const 1)) drop)': '',
    }));
});

describe('control', () => {
  it('passes values through blocks and labels', () =>
    check({
      '(func (result i32 i64) (block (result i32 i64) (i32.const 1) (i64.const 2)))': '',
      '(func (result i32) (i32.const 1) (loop (param i32) (result i32) (br_if 0 (i32.const 0))))': '',
      '(func (if (result i32) (i32.const 1) (then (i32.const 1))) drop)': 'type mismatch',
      '(func (i32.const 7) (if (param i32) (result i32) (i32.const 1) (then)) drop)': '',
      '(func (result i32) (block (result i32) (br_table 0 1 (i32.const 1) (i32.const 0))))': '',
      '(func (result i32) (block (br_table 0 1 (i32.const 1) (i32.const 0))) (i32.const 1))':
        'br_table labels',
      '(func (i32.const 1) (loop (param i32) (drop) (br_if 0 (i32.const 1))))':
        'requires [i32] but stack has []',
      '(func (i32.const 1) (loop (param i32) (drop) (br 0)))': 'requires [i32] but stack has []',
      '(func (br 1))': 'unknown label 1',
    }));

  it('knows labels anew in each table', () =>
    check({
      '(func (block (block (br_table 2 1 0 2 (i32.const 0)))) (br_table 0 0 (i32.const 0)))': '',
      '(func (block (block (br_table 2 1 0 2 (i32.const 0)))) (br_table 1 0 (i32.const 0)))':
        'unknown label 1',
      '(func (result i32) (block (result i64) (i64.const 1) (br_table 0 0 1 (i32.const 0))) (drop) (i32.const 1))':
        'type mismatch',
    }));

  it('leaves values as they are, unless they are of other types', () =>
    check({
      '(func (result i32 i64) (i32.const 1) (i64.const 2) (br_if 0 (i32.const 1)))': '',
      '(func (result i32 i64) (unreachable) (br_if 0 (i32.const 1)))': '',
      '(func (result i32 i64) (unreachable) (i64.const 2) (br_if 0 (i32.const 1)))': '',
      '(func (result i32 i64) (i64.const 2) (i64.const 2) (br_if 0 (i32.const 1)))': 'type mismatch',
      '(func (i32.const 1) (i64.const 2) (block (param i32 i64) (drop) (drop)))': '',
      '(func (i32.const 1) (i64.const 2) (block (param i64 i64) (drop) (drop)))': 'type mismatch',
      '(func (i32.const 1) (block (i64.const 2) (block (param i32 i64) (drop) (drop))))': 'type mismatch',
      '(func (i32.const 1) (block (param i32) (result i32 i32) (i32.const 2)) (drop) (drop))': '',
      '(func (i32.const 1) (block (param i32) (result i32 i32)) (drop) (drop))': 'type mismatch',
      '(func (block (result i32) (i32.const 1) (i32.const 2)) (drop))': 'block requires [i32] but stack has',
    }));

  it("calls functions of the table's and the module's types", () =>
    check({
      '(func (param i32) (result i64) (i64.const 1)) (func (drop (call 0 (i32.const 1))))': '',
      '(func (param i32)) (func (call 0 (i64.const 1)))': 'requires [i32] but stack has [i64]',
      '(func (call 3))': 'unknown function 3',
      '(type (func)) (func (call_indirect (type 0) (i32.const 0)))': 'unknown table 0',
      '(type (func)) (table 1 externref) (func (call_indirect (type 0) (i32.const 0)))':
        'table of function type',
      '(func (result i32) (return_call 0))': '',
      '(func (result i32) (i32.const 0)) (func (return_call 0))': 'type mismatch: current function requires',
    }));

  it('takes and gives many values at once, and looks at each when it must', () => {
    const types = (type: string) => Array.from({ length: 40 }, () => type).join(' ');
    const [i32s, refs] = [types('i32'), types('funcref')];
    const functions = `(type $t (func)) (func $many (result ${i32s}) (unreachable)) (func $sink (param ${i32s}))
      (func $refs (result ${refs}) (unreachable)) (func $exact (result ${types('(ref $t)')}) (unreachable))`;
    const body = (code: string) => `${functions} (func ${code})`;
    const cases = {
      [body('(call $many) (call $sink)')]: '',
      [body('(call $many) (drop) (i32.const 1) (call $sink)')]: '',
      [body('(call $many) (drop) (i64.const 1) (call $sink)')]: 'requires [i32] but stack has [i64]',
      [body('(call $many)')]: `block requires [] but stack has [${types('i32').slice(0, 39)}]`,
      [body('(call $many) (select (i32.const 1)) (drop) (call $sink)')]: 'requires [i32] but stack has []',
      [body(`(call $many) (block (param ${i32s}) (result ${i32s})) (call $sink)`)]: '',
      [body(`(call $many) (block (call $sink))`)]: 'requires [i32] but stack has []',
      [body(`(block (result ${i32s}) (call $many) (br_if 0 (i32.const 0))) (call $sink)`)]: '',
      [body(`(block (result ${i32s}) (call $many) (i32.const 7) (br_if 0 (i32.const 0))) (call $sink)`)]:
        'block requires',
      [body(`(block (result ${i32s}) (unreachable) (i32.const 7) (br_if 0 (i32.const 0))) (call $sink)`)]: '',
      [body(`(block (result ${refs}) (call $exact) (br_if 0 (i32.const 0))) (unreachable)`)]: '',
      [body(`(block (result ${refs}) (call $exact) (br_if 0 (i32.const 0)) (br 0)) (unreachable)`)]: '',
      [body(`(block (result ${types('(ref $t)')}) (call $refs)) (unreachable)`)]: 'type mismatch',
      [body(`(block (result ${refs}) (block (result ${types('(ref $t)')}) (call $exact)
        (br_table 0 1 0 (i32.const 0)))) (unreachable)`)]: '',
      [body(`(block (result ${types('(ref $t)')}) (block (result ${refs}) (call $refs)
        (br_table 0 1 0 (i32.const 0))) (unreachable)) (unreachable)`)]: 'type mismatch',
      [`${functions} (func (result ${i32s}) (return_call $many))`]: '',
      [`${functions} (func (result ${i32s} i32) (return_call $many))`]: 'current function requires',
      [`${functions} (func (result ${refs}) (return_call $exact))`]: '',
    };
    return check(cases, parse);
  });

  it('gives what is asked for where a block is not reached to its end', () =>
    check({
      '(func (result i32) (block (result i32) (unreachable)))': '',
      '(func (result i64) (block (result i32) (return (i64.const 1))) (drop) (i64.const 1))': '',
      '(func (result i64) (block (result i32) (return (i32.const 1))) (drop) (i64.const 1))': 'type mismatch',
      '(func (result i32) (if (result i32) (i32.const 1) (then (unreachable))))': 'type mismatch',
      '(func (block (result i32) (unreachable) (i64.const 1)) (drop))': 'type mismatch',
      '(func (i32.const 1) (block (result i32) (return)) (drop) (drop))': '',
    }));

  it('ends where the body says', () => {
    expect(verdict(functionOf(0x0b))).toMatch('section size mismatch');
    expect(verdict(functionOf(0x02, 0x40))).toMatch('unexpected end of section or function');
    expect(verdict(functionOf(0x05))).toMatch('END opcode expected');
  });
});

describe('indices and immediates', () => {
  it('are checked, with the offset of the instruction', () =>
    check({
      '(func (local.get 1) drop)': 'unknown local 1',
      '(func (global.get 1) drop)': 'unknown global 1',
      '(global i32 (i32.const 0)) (func (global.set 0 (i32.const 1)))': 'immutable global',
      '(func (drop (table.get 0 (i32.const 0))))': 'unknown table 0',
      '(func (data.drop 0))': 'data count section required',
      '(data "a") (func (data.drop 1))': 'unknown data segment 1',
      '(func (elem.drop 0))': 'unknown elem segment 0',
      '(func (drop (ref.func 0)))': 'undeclared function reference 0',
      '(func (drop (ref.func 0))) (elem declare func 0)': '',
      '(func (drop (i32.load align=8 (i32.const 0))))': 'alignment must not be larger than natural',
      '(func (drop (i32.load 1 (i32.const 0))))': 'unknown memory 1',
      '(memory i64 1) (func (drop (i32.load 1 offset=0x1ffffffff (i64.const 0))))': '',
      '(memory i64 1) (func (memory.copy 0 1 (i32.const 0) (i64.const 0) (i32.const 0)))': '',
      '(memory i64 1) (func (memory.copy 0 1 (i32.const 0) (i64.const 0) (i64.const 0)))': 'type mismatch',
    }));

  it('of constants are as long as their type allows, whatever their last byte', () => {
    for (const [op, most] of [
      [0x41, 5],
      [0x42, 10],
    ] as const) {
      for (let length = 1; length <= most + 1; length++) {
        for (let last = 0; last < 0x100; last += length < most ? 37 : 1) {
          const bytes = functionOf(op, Array(length - 1).fill(0x80), last, 0x1a);
          // Both walks must agree on one that goes on, too.
          const found = verdict(bytes);
          if (last >= 0x80) continue;
          const isExact = last === 0 || last === 0x7f || (most === 5 && (last < 8 || last >= 0x78));
          const isGood = length < most || (length === most && isExact);
          expect(found === undefined, `${op}: ${length} bytes, ${last}`).toBe(isGood);
        }
      }
    }
  });

  it('of an i32 memory are 32-bit offsets', () => {
    const load = (...offset: number[]) => functionOf(0x41, 0, 0x28, 2, offset, 0x1a);
    expect(verdict(load(0xff, 0xff, 0xff, 0xff, 0x0f))).toBeUndefined();
    expect(verdict(load(0x80, 0x80, 0x80, 0x80, 0x10))).toMatch('offset out of range');
    expect(verdict(functionOf(0x41, 0, 0x28, 0x80, 0x01, 0, 0x1a))).toMatch('malformed memop flags');
  });
});

describe('constant expressions', () => {
  it('are constant, and use what comes before', () =>
    check({
      '(global i32 (i32.ctz (i32.const 0)))': 'constant expression required',
      '(global i32 (global.get 1)) (global i32 (i32.const 0))': 'unknown global 1',
      '(global (mut i32) (i32.const 0)) (global i32 (global.get 0))': 'constant expression required',
      '(global i32 (i32.const 1)) (global i32 (i32.mul (global.get 0) (i32.const 2)))': '',
      '(global i32 (i64.const 1))': 'requires [i32] but stack has [i64]',
      '(global funcref (ref.func 0)) (func (drop (ref.func 0)))': '',
      '(data (i64.const 0) "")': 'type mismatch',
    }));
});

describe('modules', () => {
  it('have one start function without parameters, and exports of different names', () =>
    check({
      '(func (param i32)) (start 0)': 'start function must not have parameters or results',
      '(func (export "a")) (func (export "b"))': '',
      '(func (export "a")) (export "a" (memory 0))': 'duplicate export name "a"',
      '(export "a" (func 0))': 'unknown function 0',
      '(table 1 externref) (func) (elem (i32.const 0) func 0)': 'does not match table',
    }));
});

it('takes no longer for deep nesting and wide types', async () => {
  const deep = functionOf(Array(20_000).fill([0x02, 0x40]).flat(), Array(20_000).fill(0x0b));
  expect(verdict(deep)).toBeUndefined();
  const results = Array(1000).fill('i32').join(' ');
  const wide = Array(50).fill('(block (type 0)').join(' ');
  const text = `(module (type (func (result ${results}))) (func (type 0) ${wide} unreachable ${')'.repeat(50)}))`;
  expect(verdict(await wat(text))).toBeUndefined();
});
