import { describe, expect, it } from 'vitest';
import { parseNumber } from './numbers';
import { readScript } from './read';
import { parseSexprs, ScriptError } from './sexpr';
import { matches, type Pattern, type Value } from './values';

describe('s-expressions', () => {
  it('skip comments, nested comments and annotations', () => {
    const nodes = parseSexprs('(a (; x (; y ;) ) ;) b ;; )\n (@note ; ] "(" (deep ;) ) (;;) c)');
    expect(nodes).toHaveLength(1);
    expect(nodes[0].kind === 'list' && nodes[0].items.map((n) => n.kind === 'atom' && n.text)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('keep strings as raw bytes', () => {
    const [node] = parseSexprs('"a\\00\\ff\\u{e9}\\n\\"é"');
    expect(node.kind === 'string' && [...node.bytes]).toEqual([97, 0, 255, 0xc3, 0xa9, 10, 34, 0xc3, 0xa9]);
  });

  it.each(['(', ')', '"', '(; ', '(@x ('])('reject %s', (text) => {
    expect(() => parseSexprs(text)).toThrow(ScriptError);
  });
});

describe('numbers', () => {
  it.each([
    ['-1', 'i32', 0xffffffffn],
    ['0x8000_0000', 'i32', 0x80000000n],
    ['-0x8000000000000000', 'i64', 0x8000000000000000n],
    ['-128', 'i8', 0x80n],
    ['1.5', 'f32', 0x3fc00000n],
    ['-0x0p0', 'f32', 0x80000000n],
    ['nan', 'f32', 0x7fc00000n],
    ['-nan:0x200001', 'f32', 0xffa00001n],
    ['inf', 'f64', 0x7ff0000000000000n],
    // Would be 0x3f800002 if rounded to f64 first.
    ['1.00000017881393432617187499', 'f32', 0x3f800001n],
    ['1.00000017881393432617187501', 'f32', 0x3f800002n],
    ['0x1.fffffefffffff8000000p127', 'f32', 0x7f7fffffn],
    ['0x1p-149', 'f32', 1n],
    ['0x0.8p-149', 'f32', 0n],
    ['0x0.800001p-149', 'f32', 1n],
    ['0x1.fffffep-127', 'f32', 0x00800000n],
    ['4.9e-324', 'f64', 1n],
    ['1e10', 'f64', 0x4202a05f20000000n],
  ] as const)('%s as %s', (text, type, bits) => {
    expect(parseNumber(text, type)).toBe(bits);
  });

  it('round like the host', () => {
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < 2000; i++) {
      const text = `${(Math.random() * 10 ** (Math.random() * 600 - 300)).toPrecision(1 + (i % 20))}`;
      view.setFloat64(0, Number(text));
      expect(parseNumber(text, 'f64'), text).toBe(view.getBigUint64(0));
    }
  });

  it.each(['0x1p128', '4294967296', '1e400', 'x'])('reject %s', (text) => {
    expect(() =>
      parseNumber(text, text.includes('p') ? 'f32' : text === '4294967296' ? 'i32' : 'f64'),
    ).toThrow();
  });
});

describe('patterns', () => {
  const f32 = (bits: bigint): Value => ({ type: 'f32', bits });
  const nan = (lane: 'nan:canonical' | 'nan:arithmetic'): Pattern => ({ kind: 'num', type: 'f32', lane });
  it('tell NaNs apart', () => {
    expect(matches(nan('nan:canonical'), f32(0xffc00000n))).toBe(true);
    expect(matches(nan('nan:canonical'), f32(0x7fc00001n))).toBe(false);
    expect(matches(nan('nan:arithmetic'), f32(0x7fc00001n))).toBe(true);
    expect(matches(nan('nan:arithmetic'), f32(0x7fa00000n))).toBe(false);
    expect(matches(nan('nan:arithmetic'), f32(0x7f800000n))).toBe(false);
  });
});

describe('commands', () => {
  it('of every kind', () => {
    const script = readScript(`
      (module $m (func (export "f")))
      (module definition $D binary "\\00asm" "\\01\\00\\00\\00")
      (module instance $I $D)
      (register "reg" $I)
      (invoke $I "f" (i32.const 1) (ref.null func) (ref.extern 7) (v128.const i32x4 1 2 3 4))
      (assert_return (get $I "g") (either (f32.const nan:canonical) (f32.const 1)) (ref.null) (ref.func))
      (assert_trap (invoke "f") "unreachable")
      (assert_trap (module (func $s unreachable) (start $s)) "unreachable")
      (assert_unlinkable (module instance $I $D) "unknown import")
      (assert_malformed (module quote "(module \\"x" ")") "unclosed string")
      (assert_invalid_custom (module) "custom")
      (assert_exception (invoke "f"))
      (thread $T (shared (module $M)) (invoke "f"))
      (wait $T)
    `);
    expect(script.map((c) => c.kind)).toEqual([
      'module',
      'module',
      'instance',
      'register',
      'action',
      'assert_return',
      'assert_trap',
      'assert_uninstantiable',
      'assert_unlinkable',
      'assert_malformed',
      'assert_invalid_custom',
      'assert_exception',
      'unsupported',
      'unsupported',
    ]);
    expect(script.map((c) => c.line)).toEqual(script.map((_, i) => i + 2));
    const invoke = script[4];
    expect(invoke.kind === 'action' && invoke.action).toEqual({
      kind: 'invoke',
      instance: '$I',
      name: 'f',
      args: [
        { type: 'i32', bits: 1n },
        { type: 'ref', kind: 'null', heap: 'func' },
        { type: 'ref', kind: 'extern', host: 7, heap: 'extern' },
        { type: 'v128', bits: 0x00000004_00000003_00000002_00000001n },
      ],
    });
  });

  it('a file of bare fields is one module', () => {
    expect(readScript('(func) (memory 0)')).toMatchObject([{ kind: 'module', module: { form: 'text' } }]);
  });
});
