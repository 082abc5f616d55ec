/** The five programs that travel (issue 3, acceptance 1). Each exports `run`, with one parameter that says how much there is to do. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { WireValue } from './wire';

export interface TravelProgram {
  readonly name: string;
  readonly text: string;
  readonly args: readonly WireValue[];
}

/** N queens: recursion, with a loop in every frame. */
const QUEENS = `(module
  (func $place (param $all i32) (param $columns i32) (param $left i32) (param $right i32) (result i32)
    (local $free i32) (local $bit i32) (local $count i32)
    (if (i32.eq (local.get $columns) (local.get $all)) (then (return (i32.const 1))))
    (local.set $free (i32.and (local.get $all)
      (i32.xor (i32.const -1) (i32.or (local.get $columns) (i32.or (local.get $left) (local.get $right))))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $free)))
        (local.set $bit (i32.and (local.get $free) (i32.sub (i32.const 0) (local.get $free))))
        (local.set $free (i32.xor (local.get $free) (local.get $bit)))
        (local.set $count (i32.add (local.get $count)
          (call $place (local.get $all)
            (i32.or (local.get $columns) (local.get $bit))
            (i32.shl (i32.or (local.get $left) (local.get $bit)) (i32.const 1))
            (i32.shr_u (i32.or (local.get $right) (local.get $bit)) (i32.const 1)))))
        (br $next)))
    (local.get $count))
  (func (export "run") (param $n i32) (result i32)
    (call $place (i32.sub (i32.shl (i32.const 1) (local.get $n)) (i32.const 1))
      (i32.const 0) (i32.const 0) (i32.const 0))))`;

/**
 * Two nested loops, with values of every type below the inner one on the operand stack (the floats are NaNs with payloads), and
 * parameters of the loop on top of them.
 */
const STACK = `(module
  (import "host" "object" (func $object (param i32) (result externref)))
  (import "host" "name" (func $name (param externref) (result i32)))
  (type $unary (func (param i64) (result i64)))
  (table $table 4 funcref)
  (elem declare func $double $flip)
  (global $hash (mut i64) (i64.const 0x9e3779b97f4a7c15))
  (func $double (type $unary) (i64.shl (local.get 0) (i64.const 1)))
  (func $flip (type $unary) (i64.xor (local.get 0) (i64.const -1)))
  (func $stir (param i64)
    (global.set $hash (i64.mul (i64.const 0x100000001b3)
      (i64.xor (i64.rotl (global.get $hash) (i64.const 7)) (local.get 0)))))
  (func $take (param $i i32) (param $l i64) (param $f f32) (param $d f64) (param $c funcref) (param $x externref)
    (call $stir (i64.extend_i32_u (local.get $i)))
    (call $stir (local.get $l))
    (call $stir (i64.extend_i32_u (i32.reinterpret_f32 (local.get $f))))
    (call $stir (i64.reinterpret_f64 (local.get $d)))
    (table.set $table (i32.const 1) (local.get $c))
    (call $stir (call_indirect $table (type $unary) (global.get $hash) (i32.const 1)))
    (call $stir (i64.extend_i32_s (call $name (local.get $x)))))
  (func (export "run") (param $n i32)
      (result i32 i64 f32 f64 funcref externref)
    (local $round i32) (local $k i32)
    (local.set $round (local.get $n))
    (loop $outer
      (i32.mul (local.get $round) (i32.const 0x01000193))
      (i64.mul (i64.extend_i32_u (local.get $round)) (i64.const 0x0123456789abcdef))
      (f32.reinterpret_i32 (i32.or (i32.const 0x7f800001) (i32.shl (local.get $round) (i32.const 3))))
      (f64.reinterpret_i64 (i64.or (i64.const 0xfff0000000000001)
        (i64.shl (i64.extend_i32_u (local.get $round)) (i64.const 5))))
      (if (result funcref) (i32.and (local.get $round) (i32.const 1))
        (then (ref.func $double)) (else (ref.func $flip)))
      (call $object (i32.add (local.get $round) (i32.const 1000)))
      (local.set $k (i32.const 12))
      (i64.const 1)
      (f64.const 0.5)
      (loop $inner (param i64 f64) (result i64 f64)
        (f64.mul (f64.const 1.25))
        (call $half)
        (local.set $k (i32.sub (local.get $k) (i32.const 1)))
        (br_if $inner (local.get $k)))
      (call $stir (i64.reinterpret_f64))
      (call $stir)
      (call $take)
      (local.set $round (i32.sub (local.get $round) (i32.const 1)))
      (br_if $outer (local.get $round)))
    (i32.wrap_i64 (global.get $hash))
    (global.get $hash)
    (f32.reinterpret_i32 (i32.const 0x7fa00001))
    (f64.reinterpret_i64 (i64.const 0x7ff4000000000001))
    (table.get $table (i32.const 1))
    (call $object (i32.const 77)))
  (func $half (param i64 f64) (result i64 f64)
    (i64.add (i64.mul (local.get 0) (i64.const 6364136223846793005)) (i64.const 1442695040888963407))
    (local.get 1)))`;

/** A heap sort whose order is a callback from a table; one of the orders has a loop of its own. */
const SORT = `(module
  (memory 1)
  (type $order (func (param i32 i32) (result i32)))
  (table funcref (elem $by_value $by_digits))
  (func $at (param $k i32) (result i32) (i32.load (i32.shl (local.get $k) (i32.const 2))))
  (func $put (param $k i32) (param $value i32) (i32.store (i32.shl (local.get $k) (i32.const 2)) (local.get $value)))
  (func $digits (param $value i32) (result i32) (local $sum i32)
    (loop $more
      (local.set $sum (i32.add (local.get $sum) (i32.rem_u (local.get $value) (i32.const 10))))
      (br_if $more (local.tee $value (i32.div_u (local.get $value) (i32.const 10)))))
    (local.get $sum))
  (func $by_value (type $order) (i32.lt_u (local.get 0) (local.get 1)))
  (func $by_digits (type $order) (local $a i32) (local $b i32)
    (local.set $a (call $digits (local.get 0)))
    (local.set $b (call $digits (local.get 1)))
    (if (result i32) (i32.eq (local.get $a) (local.get $b))
      (then (i32.lt_u (local.get 0) (local.get 1)))
      (else (i32.lt_u (local.get $a) (local.get $b)))))
  (func $sift (param $root i32) (param $end i32) (param $order i32) (local $child i32) (local $value i32)
    (local.set $value (call $at (local.get $root)))
    (block $done
      (loop $down
        (local.set $child (i32.add (i32.shl (local.get $root) (i32.const 1)) (i32.const 1)))
        (br_if $done (i32.ge_u (local.get $child) (local.get $end)))
        (if (i32.lt_u (i32.add (local.get $child) (i32.const 1)) (local.get $end))
          (then (local.set $child (i32.add (local.get $child)
            (call_indirect (type $order) (call $at (local.get $child))
              (call $at (i32.add (local.get $child) (i32.const 1))) (local.get $order))))))
        (br_if $done (i32.eqz (call_indirect (type $order)
          (local.get $value) (call $at (local.get $child)) (local.get $order))))
        (call $put (local.get $root) (call $at (local.get $child)))
        (local.set $root (local.get $child))
        (br $down)))
    (call $put (local.get $root) (local.get $value)))
  (func $sort (param $n i32) (param $order i32) (local $k i32) (local $top i32)
    (local.set $k (i32.shr_u (local.get $n) (i32.const 1)))
    (loop $heap
      (local.set $k (i32.sub (local.get $k) (i32.const 1)))
      (call $sift (local.get $k) (local.get $n) (local.get $order))
      (br_if $heap (local.get $k)))
    (local.set $k (i32.sub (local.get $n) (i32.const 1)))
    (loop $take
      (local.set $top (call $at (i32.const 0)))
      (call $put (i32.const 0) (call $at (local.get $k)))
      (call $put (local.get $k) (local.get $top))
      (call $sift (i32.const 0) (local.get $k) (local.get $order))
      (br_if $take (local.tee $k (i32.sub (local.get $k) (i32.const 1))))))
  (func $checksum (param $n i32) (result i32) (local $k i32) (local $sum i32)
    (loop $each
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $at (local.get $k))))
      (br_if $each (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func (export "run") (param $n i32) (result i32 i32) (local $k i32) (local $value i32)
    (local.set $value (i32.const 12345))
    (loop $fill
      (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 1664525)) (i32.const 1013904223)))
      (call $put (local.get $k) (i32.shr_u (local.get $value) (i32.const 8)))
      (br_if $fill (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $n))))
    (call $sort (local.get $n) (i32.const 0))
    (call $checksum (local.get $n))
    (call $sort (local.get $n) (i32.const 1))
    (call $checksum (local.get $n))))`;

/** Calls of the host that answer later, with something on the stack meanwhile, and a loop between them. */
const LATER = `(module
  (import "host" "later" (func $later (param i32) (result i32)))
  (func $between (param $x i64) (param $times i32) (result i64)
    (loop $again
      (local.set $x (i64.rotl (i64.mul (local.get $x) (i64.const 0x9e3779b97f4a7c15)) (i64.const 23)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $x))
  (func $ask (param $k i32) (result i64)
    (i64.extend_i32_u (i32.xor (i32.shl (local.get $k) (i32.const 3)) (call $later (local.get $k)))))
  (func (export "run") (param $n i32) (result i64) (local $sum i64)
    (loop $each
      (local.set $sum (i64.add
        (call $between (local.get $sum) (i32.and (i32.mul (local.get $n) (i32.const 7)) (i32.const 15))
          (i32.add (i32.const 1)))
        (call $ask (local.get $n))))
      (br_if $each (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`;

/** Vectors in parameters, locals, a global, and on the operand stack below loops and calls. */
const VECTORS = `(module
  (global $sum (mut v128) (v128.const i32x4 1 2 3 4))
  (func $mix (param $v v128) (param $n i32) (param $w v128) (result v128) (local $k i32)
    (local.set $k (i32.const 5))
    (loop $l (local.set $v (i8x16.add_sat_s (i32x4.mul (local.get $v) (local.get $w)) (i16x8.splat (local.get $n))))
      (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (v128.xor (local.get $v) (f64x2.sqrt (f64x2.convert_low_i32x4_u (local.get $w)))))
  (func (export "run") (param $n i32) (result i64)
    (loop $each
      (v128.const i64x2 0x0123456789abcdef 0xfedcba9876543210)
      (i32x4.splat (local.get $n))
      (call $mix (local.get $n) (global.get $sum))
      (loop $twice (param v128 v128) (result v128)
        (i8x16.shuffle 1 17 3 19 5 21 7 23 9 25 11 27 13 29 15 31)
        (v128.const i32x4 -1 2 -3 4)
        (i32x4.add)
        (global.set $sum (i32x4.add (global.get $sum) (call $mix (global.get $sum) (local.get $n) (global.get $sum))))
        (global.get $sum)
        (br_if $twice (i32.eqz (i32.and (v128.any_true (global.get $sum)) (i32.const 1))))
        (i64x2.sub))
      (global.set $sum (v128.xor (global.get $sum)))
      (br_if $each (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.xor (i64x2.extract_lane 0 (global.get $sum)) (i64x2.extract_lane 1 (global.get $sum)))))`;

const SIZES: readonly (readonly [name: string, text: string, size: number])[] = [
  ['a recursive computation', QUEENS, 8],
  ['values of every type on the operand stack', STACK, 400],
  ['a callback through a table', SORT, 200],
  ['waiting for the host', LATER, 600],
  ['vectors in frames and globals', VECTORS, 150],
];
export const PROGRAMS: readonly TravelProgram[] = SIZES.map(([name, text, size]) => ({
  name,
  text,
  args: [['i32', size, 0]],
}));

/** WebAssembly text to bytes. */
export async function assemble(text: string): Promise<Uint8Array> {
  return parse(text);
}
