/** Modules for tests of files that are stopped, and whose state is moved. */
import type { Program } from './testing-programs';

/** Modules that run long enough to be stopped, with values of all kinds in their frames. */
export const PAUSING_PROGRAMS: Readonly<Record<string, Program>> = {
  'a loop': {
    wat: `(func (export "sum") (param i32) (result i32) (local i32)
      (block (br_if 0 (i32.eqz (local.get 0))) (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))) (local.get 1))`,
    calls: [
      ['sum', 20],
      ['sum', 0],
    ],
  },
  'calls inside of calls, with operands that wait': {
    wat: `(func $leaf (param i64 f32) (result f64) (local f64)
        (loop $l (local.set 2 (f64.add (local.get 2) (f64.promote_f32 (local.get 1))))
          (br_if $l (i64.ne (local.tee 0 (i64.sub (local.get 0) (i64.const 1))) (i64.const 0)))) (local.get 2))
      (func $wide (param i32) (result i64) (local i64)
        (loop $l (local.set 1 (i64.add (i64.mul (local.get 1) (i64.const 3)) (i64.const 0x100000001)))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))
      (func (export "run") (param i32) (result f64)
        (f64.sub
          (f64.add (f64.const 1.5) (call $leaf (i64.const 3) (f32.const 0.1)))
          (f64.mul (f64.convert_i64_s (i64.add (i64.const 7) (call $wide (local.get 0))))
            (call $leaf (call $wide (i32.const 1)) (f32.const nan)))))
      (func (export "short") (param i32) (result f64)
        (f64.add (f64.convert_i64_s (i64.xor (call $wide (local.get 0)) (i64.const -1)))
          (call $leaf (i64.const 4) (f32.convert_i32_s (local.get 0)))))`,
    calls: [['short', 5]],
  },
  'recursion, in both branches of an if': {
    wat: `(func $walk (export "walk") (param i32 i64) (result i64)
        (if (result i64) (i32.and (local.get 0) (i32.const 1))
          (then (i64.add (call $walk (i32.sub (local.get 0) (i32.const 1)) (local.get 1)) (i64.const 3)))
          (else (if (result i64) (i32.eqz (local.get 0)) (then (local.get 1))
            (else (i64.mul (i64.const 5) (call $walk (i32.shr_u (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const -9)))))))))
      (func $fib (export "fib") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
    calls: [
      ['walk', 45, 100n],
      ['fib', 6],
    ],
  },
  'loops inside of loops, with calls between': {
    wat: `(memory (export "memory") 1) (global $n (mut i32) (i32.const 0)) (global $f (mut f64) (f64.const 2))
      (func $inner (param i32) (result i32) (local i32)
        (block $out (loop $a (br_if $out (i32.ge_u (local.get 1) (local.get 0)))
          (i32.store8 (i32.add (i32.mul (local.get 0) (i32.const 40)) (local.get 1)) (local.get 1))
          (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br $a)))
        (global.set $f (f64.mul (global.get $f) (f64.const 1.25))) (local.get 1))
      (func (export "run") (param i32) (result i32) (local i32 i32)
        (loop $x
          (local.set 1 (i32.add (local.get 1) (call $inner (local.get 0))))
          (local.set 2 (i32.const 3))
          (block $b (loop $y
            (br_if 0 (i32.and (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 3)))
            (local.set 1 (i32.sub (call $inner (local.get 2)) (i32.sub (i32.const 0) (local.get 1))))
            (br_table $y $y $b (i32.sub (local.tee 2 (i32.sub (local.get 2) (i32.const 1))) (i32.const 1)))))
          (global.set $n (i32.add (global.get $n) (local.get 1)))
          (br_if $x (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (global.get $n))`,
    calls: [
      ['run', 4],
      ['run', 2],
    ],
  },
  'calls of tables and references, and tables that change': {
    wat: `(type $op (func (param i32) (result i32))) (table $t (export "t") 4 8 funcref) (elem $t (i32.const 1) $twice $down) (elem $later func $up)
      (elem declare func $up)
      (func $twice (type $op) (local i32) (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 2)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))
      (func $up (type $op) (call $twice (i32.add (local.get 0) (i32.const 1))))
      (func $down (type $op) (call_indirect $t (type $op) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
      (func (export "run") (param i32) (result i32) (local funcref externref)
        (local.set 1 (ref.func $up))
        (table.set $t (i32.const 3) (local.get 1))
        (drop (table.grow $t (ref.null func) (i32.const 1)))
        (table.init $t $later (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $later)
        (i32.add (call_indirect $t (type $op) (local.get 0) (i32.const 3))
          (i32.add (call_indirect $t (type $op) (local.get 0) (i32.const 2)) (call_indirect $t (type $op) (i32.const 2) (i32.const 0)))))
      (func (export "null") (result i32) (drop (call $twice (i32.const 3))) (call_indirect $t (type $op) (i32.const 0) (i32.const 4)))`,
    calls: [['run', 3], ['null']],
  },
  'several results, and loops that take values': {
    wat: `(type $three (func (param i64) (result i32 i64 f32)))
      (func $three (type $three) (local i32) (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get 1) (i32.const 3)))) (i32.const 5) (i64.add (local.get 0) (i64.const 1)) (f32.const 2.5))
      (func (export "run") (param i64) (result f32 i64) (local f32 i64 i32)
        (call $three (local.get 0)) (local.set 1) (local.set 2) (local.set 3)
        (i64.extend_i32_s (local.get 3)) (f32.const 1)
        (loop $l (param i64 f32) (result i64 f32)
          (f32.add (local.get 1)) (local.set 1) (i64.add (local.get 2)) (local.get 1)
          (br_if $l (i32.gt_s (local.tee 3 (i32.sub (local.get 3) (i32.const 1))) (i32.const 0))))
        (local.set 1) (local.set 2) (local.get 1) (local.get 2))`,
    calls: [['run', -9n]],
  },
  'tail calls': {
    wat: `(type $f (func (param i32 f64) (result f64))) (table funcref (elem $odd))
      (func $even (export "even") (type $f) (if (result f64) (i32.eqz (local.get 0)) (then (local.get 1))
        (else (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (f64.add (local.get 1) (f64.const 0.5)) (i32.const 0)))))
      (func $odd (type $f) (return_call $even (i32.sub (local.get 0) (i32.const 1)) (f64.mul (local.get 1) (f64.const 2))))
      (func (export "run") (param i32) (result f64) (f64.neg (call $even (local.get 0) (f64.const 0))))`,
    calls: [['run', 8]],
  },
  'memory that grows, and work in bulk': {
    wat: `(memory 1 9) (data $d "some bytes that are copied") (data (i32.const 100) "\\ff\\00")
      (func (export "run") (param i32) (result i32) (local i32 i32)
        (loop $l
          (local.set 1 (memory.grow (i32.const 1)))
          (memory.fill (i32.mul (local.get 1) (i32.const 65536)) (local.get 0) (i32.const 20000))
          (memory.fill (i32.const 5000) (i32.const 255) (i32.const 300))
          (memory.copy (i32.const 7000) (i32.const 5200) (i32.const 9000))
          (memory.init $d (i32.const 65530) (i32.const 3) (i32.const 12))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (data.drop $d)
        (loop $m (local.set 2 (i32.add (i32.mul (local.get 2) (i32.const 31)) (i32.load16_u (i32.const 65535))))
          (br_if $m (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 20))))
        (local.get 2))`,
    calls: [['run', 3]],
  },
  'NaNs with bits of their own': {
    wat: `(func $keep (param f32 f64) (result f64) (local i32)
        (loop $l (br_if $l (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 4)))) (local.get 1))
      (func (export "run") (param i32) (result i64) (local f32 f64)
        (local.set 1 (f32.reinterpret_i32 (i32.const 0x7fa00001)))
        (local.set 2 (f64.reinterpret_i64 (i64.const 0xfff4000000000123)))
        (i64.add (i64.reinterpret_f64 (call $keep (local.get 1) (local.get 2)))
          (i64.add (i64.extend_i32_u (i32.reinterpret_f32 (local.get 1))) (i64.reinterpret_f64 (call $keep (local.get 1) (f64.const 1.5))))))`,
    calls: [['run', 3]],
  },
};
