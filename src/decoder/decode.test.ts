import { describe, expect, it } from 'vitest';
import { Module } from './decode';
import type { Feature } from './features';
import { functionOf, leb, messageOf, moduleOf, name, section, wat } from './testing';
import { EXTERNREF, FUNCREF, I32, I64 } from './types';

const decodeError = (bytes: Uint8Array, off?: Feature): string | undefined =>
  messageOf(() => Module.decode(bytes, { features: off ? { [off]: false } : {} }));

describe('a module', () => {
  it('has everything the text says', async () => {
    const bytes = await wat(`(module $m
      (import "env" "f" (func $f (param i32 i64) (result i32)))
      (import "env" "g" (global $g i32))
      (import "env" "t" (table 1 2 externref))
      (func $main (param $x i32) (local $y i64) (drop (call $f (local.get $x) (local.get $y))))
      (func (export "two") (export "zwei"))
      (func)
      (table $u 3 funcref)
      (memory i64 1 5)
      (global (mut i64) (i64.const 7))
      (global i32 (i32.add (global.get $g) (i32.const 1)))
      (start 2)
      (elem (table $u) (i32.const 1) func $f $main)
      (elem func $main)
      (elem declare func $main)
      (elem externref (ref.null extern))
      (data (i64.const 3) "abc")
      (data "passive"))`);
    const module = Module.decode(bytes);
    expect(module.imports.map((i) => [i.module, i.name, i.type.kind])).toEqual([
      ['env', 'f', 'func'],
      ['env', 'g', 'global'],
      ['env', 't', 'table'],
    ]);
    expect(module.importedFuncs).toBe(1);
    expect(module.funcTypes.length).toBe(4);
    expect(module.funcType(0)).toEqual({ params: [I32, I64], results: [I32] });
    expect(module.exports).toEqual([
      { name: 'two', kind: 'func', index: 2 },
      { name: 'zwei', kind: 'func', index: 2 },
    ]);
    expect(module.tables).toEqual([
      { address: 'i32', min: 1, max: 2, element: EXTERNREF },
      { address: 'i32', min: 3, max: undefined, element: FUNCREF },
    ]);
    expect(module.memories).toEqual([{ address: 'i64', min: 1, max: 5, shared: false, pageBits: 16 }]);
    expect(module.globals.map((g) => [g.value, g.mutable])).toEqual([
      [I32, false],
      [I64, true],
      [I32, false],
    ]);
    expect(module.start).toBe(2);
    const { elements, datas } = module;
    expect(elements.map((e) => [e.mode, e.table, e.funcs && [...e.funcs], e.exprs?.length])).toEqual([
      ['active', 1, [0, 1], undefined],
      ['passive', 0, [1], undefined],
      ['declarative', 0, [1], undefined],
      ['passive', 0, undefined, 1],
    ]);
    expect(
      datas.map((d) => [d.mode, String.fromCharCode(...bytes.subarray(d.bytes.start, d.bytes.end))]),
    ).toEqual([
      ['active', 'abc'],
      ['passive', 'passive'],
    ]);
    expect(bytes.subarray(datas[0].offset!.start, datas[0].offset!.end)).toEqual(
      Uint8Array.of(0x42, 3, 0x0b),
    );
    expect(module.names.module).toBe('m');
    expect(module.names.locals.get(1)).toEqual(
      new Map([
        [0, 'x'],
        [1, 'y'],
      ]),
    );
    expect([0, 1, 2, 3].map((f) => module.funcName(f))).toEqual(['f', 'main', 'two', undefined]);
    expect([...bytes.subarray(module.codeStart[1], module.codeEnd[1])]).toEqual([0, 0x0b]);
  });

  it('names imports by module and name, and survives a broken name section', () => {
    const imported = section('import', 1, name('m'), name('f'), 0, 0);
    const types = section('type', 1, 0x60, 0, 0);
    expect(Module.decode(moduleOf(types, imported)).funcName(0)).toBe('m.f');
    const broken = section('custom', name('name'), 1, 7, 1, 0, 9, 0x61);
    expect(Module.decode(moduleOf(types, imported, broken)).funcName(0)).toBe('m.f');
  });

  it('gives equal types of two modules one identity', () => {
    const types = section('type', 2, [0x60, 1, 0x7f, 0], [0x60, 1, 0x7e, 0]);
    const swapped = section('type', 2, [0x60, 1, 0x7e, 0], [0x60, 1, 0x7f, 0]);
    const [a, b] = [Module.decode(moduleOf(types)).types, Module.decode(moduleOf(swapped)).types];
    expect([a[0].id, a[1].id]).toEqual([b[1].id, b[0].id]);
    expect(a[0].id).not.toBe(a[1].id);
  });

  it('keeps custom sections, wherever they are', () => {
    const [a, b] = [section('custom', name('a'), 1, 2, 3), section('custom', name('b'))];
    const module = Module.decode(moduleOf(a, section('type', 0), b));
    expect(module.customs).toEqual([
      { name: 'a', bytes: { start: 12, end: 15 } },
      { name: 'b', bytes: { start: 22, end: 22 } },
    ]);
  });
});

describe('limits', () => {
  it('hold for operands, however few bytes make them', () => {
    const results = 1000;
    const module = (calls: number) => {
      const code = [0, ...Array.from({ length: calls }, () => [0x10, 0]).flat(), 0x00, 0x0b];
      const type = [0x60, 0, ...leb(results), ...Array.from({ length: results }, () => 0x7f)];
      return moduleOf(
        section('type', 1, type),
        section('function', 1, 0),
        section('code', 1, leb(code.length), code),
      );
    };
    expect(decodeError(module(900))).toBeUndefined();
    expect(decodeError(module(100_000))).toMatch(
      /^number of operands \d+ exceeds the implementation limit 1000000/,
    );
  });

  it('do not let a count make anything large', () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for (const vector of ['type', 'import', 'function', 'global', 'element', 'code', 'data'] as const) {
      expect(decodeError(moduleOf(section(vector, huge))), vector).toMatch('length out of bounds');
    }
    const locals = functionOf().slice(0, -3);
    expect(decodeError(Uint8Array.from([...locals, 8, 1, ...huge, 0x7f, 0x0b]))).toMatch('');
  });

  it('are those of the JS API', () => {
    const code = (locals: number) => {
      const body = [1, ...leb(locals), 0x7f, 0x0b];
      const types = section('type', 1, 0x60, 2, 0x7f, 0x7f, 0);
      return moduleOf(types, section('function', 1, 0), section('code', 1, leb(body.length), body));
    };
    expect(decodeError(code(49_998))).toBeUndefined();
    expect(decodeError(code(49_999))).toMatch('too many locals');
    const groups = (declarations: number) => {
      const empty = Array.from({ length: declarations }, () => [0, 0x7f]).flat();
      const body = [...leb(declarations), ...empty, 0x0b];
      const code = section('code', 1, leb(body.length), body);
      return moduleOf(section('type', 1, 0x60, 0, 0), section('function', 1, 0), code);
    };
    expect(decodeError(groups(100_000))).toBeUndefined();
    expect(decodeError(groups(100_001))).toMatch('local declarations 100001 exceeds');
    const params = (count: number) =>
      moduleOf(section('type', 1, 0x60, leb(count), Array(count).fill(0x7f), 0));
    expect(decodeError(params(1000))).toBeUndefined();
    expect(decodeError(params(1001))).toMatch(
      'number of parameters 1001 exceeds the implementation limit 1000',
    );
    const memories = (count: number) => moduleOf(section('memory', leb(count), Array(2 * count).fill(0)));
    expect(decodeError(memories(100))).toBeUndefined();
    expect(decodeError(memories(101))).toMatch('number of memories');
  });

  it('of memories and tables are 64-bit numbers, compared exactly', () => {
    const max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const less = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    expect(decodeError(moduleOf(section('table', 1, 0x70, 5, less, max)))).toBeUndefined();
    expect(decodeError(moduleOf(section('table', 1, 0x70, 5, max, less)))).toMatch(
      'size minimum must not be',
    );
    expect(decodeError(moduleOf(section('memory', 1, 4, leb(0x10001))))).toBeUndefined();
    expect(decodeError(moduleOf(section('memory', 1, 0, leb(0x10001))))).toMatch(
      'memory size must be at most',
    );
    const bytePages = (bits: number) => moduleOf(section('memory', 1, 8, 3, bits));
    expect(Module.decode(bytePages(0)).memories[0].pageBits).toBe(0);
    expect(decodeError(bytePages(12))).toMatch('invalid custom page size');
  });
});

describe('features', () => {
  it('that are off are named', async () => {
    const zero = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
    const uses: [Feature, string | Uint8Array, before?: string][] = [
      ['mutableGlobals', '(module (global (export "g") (mut i32) (i32.const 0)))'],
      ['signExtension', '(module (func (drop (i32.extend8_s (i32.const 0)))))'],
      ['saturatingFloatToInt', '(module (func (drop (i32.trunc_sat_f32_s (f32.const 0)))))'],
      ['multiValue', '(module (type (func (result i32 i32))))'],
      ['multiValue', '(module (func (i32.const 0) (block (param i32) (drop))))'],
      ['bulkMemory', '(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))'],
      ['bulkMemory', '(module (data "x"))'],
      ['referenceTypes', '(module (func (param externref)))'],
      ['referenceTypes', '(module (table 1 funcref) (table 1 funcref))', 'multiple tables: '],
      ['extendedConst', '(module (global i32 (i32.add (i32.const 1) (i32.const 2))))'],
      ['tailCalls', '(module (func (return_call 0)))'],
      ['multiMemory', '(module (memory 1) (memory 1))', 'multiple memories: '],
      ['memory64', '(module (memory i64 1))', 'malformed limits flags: '],
      ['functionReferences', functionOf(0xd0, 0x70, 0xd4, 0x1a)],
      ['functionReferences', moduleOf(section('type', 2, 0x60, 0, 0, 0x60, 1, 0x63, 0, 0))],
      ['gc', moduleOf(section('type', 1, 0x4e, 1, 0x60, 0, 0))],
      ['exceptionHandling', functionOf(0x1f, 0x40, 0, 0x0b)],
      ['exceptionHandling', moduleOf(section('type', 1, 0x60, 0, 0), section('tag', 1, 0, 0))],
      ['legacyExceptions', functionOf(0x06, 0x40, 0x19, 0x0b)],
      ['customPageSizes', moduleOf(section('memory', 1, 8, 0, 0)), 'malformed limits flags: '],
      ['simd', moduleOf(section('type', 1, 0x60, 1, 0x7b, 0))],
      ['simd', functionOf(zero, 0x1a)],
      ['relaxedSimd', functionOf(zero, zero, 0xfd, 0x91, 0x02, 0x1a)],
      ['threads', functionOf(0xfe, 0x03, 0)],
    ];
    for (const [feature, source, before = ''] of uses) {
      const bytes = typeof source === 'string' ? await wat(source) : source;
      expect(decodeError(bytes), feature).toBeUndefined();
      expect(decodeError(bytes, feature), feature).toMatch(`${before}${feature} is disabled`);
    }
  });

  it('that are missing are named', () => {
    expect(decodeError(functionOf(0xfb, 0x1c))).toMatch('garbage collection is not supported');
    expect(decodeError(functionOf(0xfc, 0x13))).toMatch('wide arithmetic is not supported');
    expect(decodeError(moduleOf(section('type', 1, 0x5f, 0)))).toMatch('garbage collection is not supported');
    expect(decodeError(functionOf(0xfc, 0x7f))).toMatch('illegal opcode fc 7f');
    expect(decodeError(functionOf(0xfd, 0x9a, 0x01))).toMatch('illegal opcode fd 9a 01');
    expect(decodeError(functionOf(0xfd, 0x94, 0x02))).toMatch('illegal opcode fd 94 02');
    expect(decodeError(functionOf(0xff))).toMatch('illegal opcode ff');
  });
});
