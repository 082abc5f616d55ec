import { describe, expect, it } from 'vitest';
import { compile } from '../testing';
import { type LoopRegion, localsOf, type Safepoint, safepointsOf, walkSafepoints } from './safepoints';
import { typesOf } from './typelist';
import { valTypeName } from './types';

/** `kind +offset [-> loop] : types`, the way the draft's examples write frames. */
function line({ kind, offset, targetLoop, operands }: Safepoint): string {
  const loop = kind === 'loop' ? ` -> +${targetLoop}` : '';
  return `${kind} +${offset}${loop} : ${typesOf(operands).map(valTypeName).join(' ')}`.trim();
}
function lines(wat: string, funcidx = 0): string[] {
  return safepointsOf(compile(wat), funcidx).map(line);
}

describe('safepoints of a function', () => {
  it('has an entry, just past the local declarations', () => {
    const module = compile('(module (func (param f64) (local i32 i64 i64)))');
    expect(safepointsOf(module, 0).map(line)).toEqual(['entry +5 :']);
    expect(localsOf(module, 0).map(valTypeName)).toEqual(['f64', 'i32', 'i64', 'i64']);
    expect(lines('(module (func))')).toEqual(['entry +1 :']);
  });

  it('drops what a loop pushed, and a condition, from a back edge', () => {
    expect(
      lines(`(module (func (param i32)
        i64.const 1
        (loop $l (param i64)
          f32.const 0
          f64.const 0
          drop
          (br_if $l (i64.const 2) (local.get 0))
          drop drop drop)))`),
    ).toEqual(['entry +1 :', 'loop +24 -> +3 : i64']);
  });

  it('has one back edge for each loop that a br_table names, whatever else it names', () => {
    expect(
      lines(`(module (func (param i32)
        f64.const 0
        (block $out
          i64.const 0
          (loop $a
            f32.const 0
            (loop $b
              (br_table $b $a $out $b $a (local.get 0)))
            drop)
          drop)
        drop))`),
    ).toEqual(['entry +1 :', 'loop +25 -> +21 : f64 i64 f32', 'loop +25 -> +14 : f64 i64']);
  });

  it('keeps the stack below the operands of a call', () => {
    const wat = `(module
      (type $t (func (param i32 f32) (result i64)))
      (import "" "f" (func $f (type $t)))
      (table 1 funcref)
      (func (result i64)
        f64.const 0
        (block (param f64) (result f64)
          (call $f (i32.const 1) (f32.const 2))
          (call_indirect (type $t) (i32.const 1) (f32.const 2) (i32.const 0))
          drop drop)
        drop
        i64.const 0))`;
    expect(lines(wat, 1)).toEqual(['entry +1 :', 'call +19 : f64', 'call +30 : f64 i64']);
    const results = safepointsOf(compile(wat), 1).map((point) => point.results.map(valTypeName));
    expect(results).toEqual([[], ['i64'], ['i64']]);
  });

  it('has none at a tail call', () => {
    expect(lines('(module (func $f (return_call $f)) (table 1 funcref))')).toEqual(['entry +1 :']);
  });

  it('has none in code that cannot be reached, and those after it', () => {
    expect(
      lines(`(module (func $f (param i32) (result i32)
        (block
          (block (br_if 0 (local.get 0)) (return (i32.const 1)) (drop (call $f))
            (loop $x (if (i32.const 1) (then (br $x)) (else (br $x)))))
          (drop (call $f (i32.const 0)))
          unreachable
          (block (result i64) (drop (call $f (i32.const 0))) (i64.const 1))
          drop)
        (if (result i32) (local.get 0)
          (then unreachable (loop $l (br $l)))
          (else (call $f (i32.const 3))))
        ))`),
    ).toEqual(['entry +1 :', 'call +31 :']);
    expect(
      lines(`(module (func $f (param i32)
        (block $left (br_if $left (local.get 0)) (loop $l (br $l)) (call $f (i32.const 0)))
        (call $f (i32.const 1))
        (block (block (return) (br 1)) (call $f (i32.const 2)))
        (call $f (i32.const 3))))`),
    ).toEqual(['entry +1 :', 'loop +9 -> +7 :', 'call +19 :']);
  });

  it('knows every instruction without a signature', () => {
    expect(
      lines(
        `(module
        (memory 1 1) (table $t 1 funcref) (table $e 1 externref) (data "") (elem funcref (ref.null func))
        (global $g (mut f64) (f64.const 0))
        (func $v)
        (func (param externref) (local i64)
          (local.get 0)
          (select (i64.const 0) (i64.const 1) (i32.const 0))
          (select (result funcref) (ref.func $v) (ref.null func) (i32.const 0))
          (global.get $g)
          (table.get $e (i32.const 0))
          (table.size $t)
          (table.grow $t (ref.null func) (i32.const 1))
          (memory.size)
          (memory.grow (i32.const 0))
          (ref.is_null (ref.func $v))
          (local.tee 1 (i64.const 5))
          (global.set $g (f64.const 0))
          (table.set $e (i32.const 0) (local.get 0))
          (table.fill $e (i32.const 0) (local.get 0) (i32.const 1))
          (table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))
          (table.init $t 0 (i32.const 0) (i32.const 0) (i32.const 0))
          (elem.drop 0)
          (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))
          (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
          (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))
          (data.drop 0)
          (f32.load offset=700 (i32.const 0))
          (i64.store (i32.const 8) (i64.const -1))
          (i32.trunc_sat_f64_s (f64.const 1))
          (call $v)
          unreachable)
        (elem declare func $v))`,
        1,
      )[1].replace(/\+\d+/, ''),
    ).toBe('call  : externref i64 funcref f64 externref i32 i32 i32 i32 i32 i64 f32 i32');
  });

  it('knows 64-bit addresses and several memories', () => {
    expect(
      lines(`(module (memory $a 1) (memory $b i64 1) (table $t 1 funcref)
        (func $f
          (memory.size $a) (memory.size $b) (memory.grow $b (i64.const 0)) (i32.load $b offset=9 (i64.const 0))
          (memory.copy $a $b (i32.const 0) (i64.const 0) (i32.const 0))
          (call $f) unreachable))`)[1].replace(/\+\d+/, ''),
    ).toBe('call  : i32 i64 i64 i32');
  });

  it('tells where loops are', () => {
    const regions: LoopRegion[] = [];
    const module = compile('(module (func (loop) (loop (loop (br 1))) (block (loop))))');
    walkSafepoints(module, 0, { loop: (region) => regions.push(region) });
    expect(regions).toEqual([
      { start: 1, end: 3 },
      { start: 6, end: 10 },
      { start: 4, end: 11 },
    ]);
  });
});
