/** Modules for tests of files: together they use what modules are made of. */
import { wat } from '../../../decoder/testing';

export type Call = readonly [name: string, ...args: (number | bigint)[]];

export interface Program {
  readonly wat: string;
  readonly calls: readonly Call[];
}

/** Instructions `i64.*` of two operands, each exported by its name. */
const OPS_64 = 'add sub mul div_s div_u rem_s rem_u shl shr_s shr_u rotl rotr xor'.split(' ');

export const PROGRAMS: Readonly<Record<string, Program>> = {
  'calls, recursion and its end': {
    wat: `(func $fib (export "fib") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func $endless (export "endless") (param i64) (call $endless (i64.add (local.get 0) (i64.const 1))))`,
    calls: [
      ['fib', 10],
      ['endless', 3n],
      ['fib', 9],
    ],
  },
  'jumps out of blocks, loops and tables of branches': {
    wat: `(func (export "run") (param i32) (result i32) (local i32 i32)
      (block $end (loop $again
        (br_if $end (i32.eqz (local.get 0)))
        (block $x (block $y (block $z
          (block $in (loop $inner
            (br_if $end (i32.gt_u (local.get 1) (i32.const 100000)))
            (local.set 2 (i32.add (local.get 2) (i32.const 1)))
            (br_if $in (i32.and (local.get 2) (i32.const 1)))
            (if (i32.and (local.get 2) (i32.const 2)) (then
              (br_table $y $in $inner $x $z $y $y $y $again (i32.and (local.get 2) (i32.const 31)))))
            (br_if $inner (i32.and (local.get 2) (i32.const 12)))))
          (br_table $x $y $z (i32.rem_u (local.get 0) (i32.const 4))))
          (local.set 1 (i32.add (local.get 1) (i32.const 100))))
          (local.set 1 (i32.mul (local.get 1) (i32.const 3)))
          (br_if $x (i32.and (local.get 1) (i32.const 8)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $again))
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $again)))
      (i32.add (i32.mul (local.get 1) (i32.const 1000)) (local.get 2)))`,
    calls: [0, 1, 2, 3, 7, 20, 33].map((n) => ['run', n] as const),
  },
  'memory at its end, unaligned, and growing': {
    wat: `(memory (export "memory") 1 3) (data (i32.const 65530) "\\01\\02\\03\\04\\85\\06") (data $p "abc\\00\\ff\\22\\5c")
      (func (export "load") (param i32) (result i32) (i32.load offset=2 (local.get 0)))
      (func (export "load8") (param i32) (result i32) (i32.load8_s (local.get 0)))
      (func (export "load16") (param i32) (result i32) (i32.load16_u offset=1 (local.get 0)))
      (func (export "load64") (param i32) (result i64) (i64.load offset=4 (local.get 0)))
      (func (export "far") (param i32) (result i32) (i32.load8_u offset=0xfffffff0 (local.get 0)))
      (func (export "store64") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
      (func (export "floats") (param i32 f32 f64) (result f64)
        (f32.store offset=1 (local.get 0) (local.get 1)) (f64.store offset=6 (local.get 0) (local.get 2))
        (f64.add (f64.promote_f32 (f32.load offset=1 (local.get 0))) (f64.load offset=6 (local.get 0))))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size") (result i32) (memory.size))
      (func (export "init") (param i32 i32 i32) (memory.init $p (local.get 0) (local.get 1) (local.get 2)))
      (func (export "drop") (data.drop $p))
      (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
      (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))`,
    calls: [
      ['load', 65528],
      ['load', 65530],
      ['load', 65531],
      ['load', -2],
      ['load8', 65534],
      ['load8', 65536],
      ['load16', 65533],
      ['load16', 65534],
      ['load64', 65524],
      ['load64', 65525],
      ['far', 0],
      ['far', 15],
      ['floats', 3, 1.25, -7.5],
      ['floats', 2, Number.POSITIVE_INFINITY, 1],
      ['store64', 1, -5n],
      ['load64', -3],
      ['load64', 65529],
      ['init', 10, 0, 7],
      ['load', 10],
      ['load', 11],
      ['init', 10, 3, 5],
      ['copy', 11, 10, 7],
      ['load', 12],
      ['load', 13],
      ['copy', 9, 10, 7],
      ['load', 8],
      ['fill', 65535, 7, 1],
      ['fill', 65535, 7, 2],
      ['grow', 1],
      ['size'],
      ['load', 65531],
      ['load64', 65529],
      ['fill', 65535, 9, 9],
      ['load64', 65532],
      ['grow', 2],
      ['grow', 0],
      ['drop'],
      ['init', 0, 0, 1],
      ['init', 0, 0, 0],
    ],
  },
  'pages of one byte': {
    wat: `(memory 13 (pagesize 1))
      (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))`,
    calls: [
      ['store', 5, 0x123456789an],
      ['store', 6, 1n],
      ['load', 9],
      ['load', 10],
      ['grow', 1],
      ['load', 10],
      ['load', 11],
      ['load', 8],
    ],
  },
  'tables and references': {
    wat: `(type $b (func (param i32 i32) (result i32))) (table $t (export "t") 4 8 funcref) (table $e 2 externref)
      (elem (table $t) (i32.const 0) func $add $sub) (elem $p func $sub $other $add) (elem declare func $add)
      (func $add (type $b) (i32.add (local.get 0) (local.get 1)))
      (func $sub (type $b) (i32.sub (local.get 0) (local.get 1)))
      (func $other (param i64) (result i32) (i32.const 9))
      (func (export "call") (param i32 i32 i32) (result i32) (call_indirect $t (type $b) (local.get 1) (local.get 2) (local.get 0)))
      (func (export "init") (param i32 i32 i32) (table.init $t $p (local.get 0) (local.get 1) (local.get 2)))
      (func (export "copy") (param i32 i32 i32) (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
      (func (export "fill") (param i32 i32) (table.fill $t (local.get 0) (ref.func $add) (local.get 1)))
      (func (export "grow") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
      (func (export "size") (result i32) (table.size $t))
      (func (export "null") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0))))
      (func (export "extern") (param i32) (result i32) (table.set $e (local.get 0) (table.get $e (i32.const 1))) (i32.const 1))
      (func (export "drop") (elem.drop $p))`,
    calls: [
      ['call', 0, 7, 5],
      ['call', 1, 7, 5],
      ['call', 2, 7, 5],
      ['call', 4, 7, 5],
      ['call', -1, 7, 5],
      ['init', 2, 0, 2],
      ['call', 2, 7, 5],
      ['call', 3, 7, 5],
      ['init', 3, 0, 2],
      ['init', 0, 2, 2],
      ['copy', 1, 0, 3],
      ['call', 2, 9, 5],
      ['call', 3, 9, 5],
      ['copy', 2, 0, 3],
      ['grow', 3],
      ['size'],
      ['grow', 2],
      ['null', 6],
      ['null', 7],
      ['fill', 5, 2],
      ['call', 6, 1, 2],
      ['fill', 5, 3],
      ['extern', 1],
      ['extern', 2],
      ['drop'],
      ['init', 0, 0, 1],
    ],
  },
  'numbers of 64 bits': {
    wat: OPS_64.map(
      (op) => `(func (export "${op}") (param i64 i64) (result i64) (i64.${op} (local.get 0) (local.get 1)))`,
    ).join(''),
    calls: OPS_64.flatMap((op) =>
      [
        [7n, -3n],
        [-(2n ** 63n), -1n],
        [0x123456789abcdefn, 0xfedcba98n],
        [5n, 0n],
        [-1n, 63n],
        [2n ** 40n + 5n, 2n ** 33n + 1n],
        [-7n, 10n],
        [-(2n ** 52n) - 1n, -3n * 2n ** 31n],
        [2n ** 53n + 3n, 2n ** 20n + 7n],
        [(2n ** 32n + 3n) * (2n ** 31n - 1n) - 1n, 2n ** 32n + 3n],
        [-2n, 2n ** 62n + 1n],
      ].map(([a, b]) => [op, a, b] as const),
    ),
  },
  'floats to the last bit': {
    wat: `(func (export "tenth") (result f64) (f64.const 0.1)) (func (export "tiny") (result f64) (f64.const 5e-324))
      (func (export "huge") (result f64) (f64.const 1.7976931348623157e308)) (func (export "pi") (result f32) (f32.const 3.14159265))
      (func (export "mul") (param f32 f32) (result f32) (f32.mul (local.get 0) (local.get 1)))
      (func (export "min") (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
      (func (export "max") (param f64 f64) (result f64) (f64.max (local.get 0) (local.get 1)))
      (func (export "nearest") (param f64) (result f64) (f64.nearest (local.get 0)))
      (func (export "trunc") (param f64) (result f64) (f64.trunc (local.get 0)))
      (func (export "sqrt") (param f32) (result f32) (f32.sqrt (local.get 0)))
      (func (export "copysign") (param f64 f64) (result f64) (f64.copysign (local.get 0) (local.get 1)))
      (func (export "int") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
      (func (export "sat") (param f64) (result i64) (i64.trunc_sat_f64_u (local.get 0)))
      (func (export "from") (param i64) (result f32) (f32.convert_i64_u (local.get 0)))
      (func (export "bits") (param f32) (result i32) (i32.reinterpret_f32 (local.get 0)))
      (func (export "clz") (param i32) (result i32) (i32.add (i32.clz (local.get 0)) (i32.mul (i32.const 100) (i32.popcnt (i32.mul (local.get 0) (i32.const 0x9e3779b1))))))`,
    calls: [
      ['tenth'],
      ['tiny'],
      ['huge'],
      ['pi'],
      ['mul', 1.1, 3.3],
      ['mul', 1e30, 1e30],
      ['min', 0, -0],
      ['min', 1, Number.NaN],
      ['max', -0, 0],
      ['max', 3, 2],
      ['nearest', 2.5],
      ['nearest', -0.3],
      ['nearest', 3.5],
      ['trunc', -1.7],
      ['sqrt', 2],
      ['copysign', 3, -0],
      ['int', -1.9],
      ['int', 2 ** 31],
      ['int', Number.NaN],
      ['sat', 1e30],
      ['sat', -1],
      ['sat', 1e12],
      ['from', -1n],
      ['from', 0x7fffff4000000001n],
      ['bits', -0],
      ['bits', 1.5],
      ['clz', 0],
      ['clz', 1],
      ['clz', -1],
      ['clz', 77777],
    ],
  },
  'NaNs that move through memory, locals and calls': {
    wat: `(memory 1) (global $d (mut f64) (f64.const 0))
      (func $same (param f64 i32) (result f64) (if (local.get 1) (then (return (call $same (local.get 0) (i32.sub (local.get 1) (i32.const 1)))))) (local.get 0))
      (func (export "run") (param i64) (result i64)
        (i64.store (i32.const 3) (local.get 0)) (global.set $d (f64.load (i32.const 3)))
        (f64.store (i32.const 16) (f64.neg (f64.neg (global.get $d)))) (i64.load (i32.const 16)))`,
    calls: [
      ['run', 0x7ff4000000000001n],
      ['run', -1n],
      ['run', 0x3ff8000000000000n],
    ],
  },
  'several results and tail calls': {
    wat: `(func $two (param i32) (result i32 i64 f64) (local.get 0) (i64.const -9) (f64.const 2.5))
      (func $count (export "count") (param i32 i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (local.get 1)))) (return_call $other (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 3))))
      (func $other (param i32 i32) (result i32) (return_call_indirect (param i32 i32) (result i32) (local.get 0) (local.get 1) (i32.const 0)))
      (table funcref (elem $count))
      (func (export "swap") (param i32 f32) (result f32 i32) (local.get 1) (local.get 0))
      (func (export "sum") (param i32) (result f64) (local i64 f64)
        (call $two (local.get 0)) (local.set 2) (local.set 1) (f64.convert_i32_s) (f64.add (local.get 2)) (f64.add (f64.convert_i64_s (local.get 1))))`,
    calls: [
      ['count', 10, 0],
      ['count', 20000, 1],
      ['swap', 7, 1.5],
      ['sum', 4],
    ],
  },
  'globals, start and imports': {
    wat: `(import "env" "log" (func $log (param i32 i64 f32) (result f64))) (import "env" "base" (global $base i32))
      (global $n (mut i32) (i32.add (global.get $base) (i32.const 5))) (global $w (mut i64) (i64.const 0x100000002))
      (func $start (global.set $n (i32.add (global.get $n) (i32.const 1)))) (start $start)
      (func (export "n") (result i32) (global.get $n)) (func (export "w") (result i64) (global.set $w (i64.mul (global.get $w) (i64.const 3))) (global.get $w))
      (func (export "log") (param i32) (result f64) (call $log (local.get 0) (i64.const -7) (f32.const 0.1)))
      (func (export "unreachable") unreachable)
      (func (export "divide") (param i32 i32) (result i32) (i32.add (i32.div_s (local.get 0) (local.get 1)) (i32.rem_u (local.get 0) (local.get 1))))`,
    calls: [
      ['n'],
      ['w'],
      ['w'],
      ['log', 4],
      ['unreachable'],
      ['divide', 7, 2],
      ['divide', 7, 0],
      ['divide', -(2 ** 31), -1],
    ],
  },
};

/** A memory of pages, in the binary format, and the same of pages of one byte. */
const PAGES = [5, 3, 1, 0, 13];
const BYTES = [5, 4, 1, 8, 13, 0];

/** The text parser knows no page sizes. */
export function bytesOf(text: string): Uint8Array {
  const bytes = wat(`(module ${text.replace(' (pagesize 1)', '')})`);
  if (!text.includes('pagesize')) return bytes;
  const at = bytes.findIndex((_, k) => PAGES.every((byte, n) => bytes[k + n] === byte));
  return Uint8Array.from([...bytes.subarray(0, at), ...BYTES, ...bytes.subarray(at + PAGES.length)]);
}
