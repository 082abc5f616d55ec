;; Vectors that wait: trees of instructions on lanes, vectors that are built lane by lane, and what comes between. Expected as V8 gives it.

(module
  (memory 1)
  (data (i32.const 0) "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\f0\f1\f2\f3\f4\f5\f6\f7\f8\f9\fa\fb\fc\fd\fe\ff")

  ;; A tree, in the second operand of which a load stands: the first must be read before what is loaded gets its slots.
  (func (export "sum of products") (param i32) (result v128)
    (i32x4.add
      (i32x4.mul (v128.load16x4_s (local.get 0)) (v128.load16x4_u offset=8 (local.get 0)))
      (i32x4.add
        (i32x4.mul (v128.load (local.get 0)) (v128.load offset=16 (local.get 0)))
        (i32x4.mul (v128.load offset=4 (local.get 0)) (v128.const i32x4 77 77 77 77)))))

  ;; A constant in a local is known until the local changes, or control flow joins.
  (func (export "constants") (param v128 i32) (result v128) (local $k v128)
    (local.set $k (v128.const i32x4 3 3 3 3))
    (local.set 0 (i32x4.mul (local.get 0) (local.get $k)))
    (if (local.get 1) (then (local.set $k (v128.const i32x4 5 5 5 5))))
    (local.set 0 (i32x4.add (local.get 0) (local.get $k)))
    (local.set $k (i32x4.splat (local.get 1)))
    (i32x4.sub (local.get 0) (local.get $k)))
  (func (export "a constant in a loop") (param i32) (result v128) (local $k v128) (local $sum v128)
    (local.set $k (v128.const i32x4 1 1 1 1))
    (loop $l
      (local.set $sum (i32x4.add (local.get $sum) (local.get $k)))
      (local.set $k (v128.const i32x4 10 10 10 10))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))

  ;; A tree waits while a local that it reads is set.
  (func (export "a local that changes") (param v128) (result v128)
    (i32x4.add (i32x4.mul (local.get 0) (local.get 0)) (v128.const i32x4 1 1 1 1))
    (local.set 0 (i32x4.shl (local.get 0) (i32.const 4)))
    (v128.xor (local.get 0)))
  (func (export "shifts") (param v128 i32) (result v128)
    (i8x16.add
      (i8x16.shl (i8x16.shr_u (v128.not (local.get 0)) (i32.const 11)) (i32.const -7))
      (i16x8.shr_s (i16x8.shl (i8x16.neg (local.get 0)) (local.get 1)) (i32.const 19))))
  (func (export "masks") (param v128 v128) (result v128)
    (v128.xor (i32x4.lt_u (i32x4.abs (local.get 0)) (local.get 1))
      (v128.andnot (i8x16.gt_s (local.get 0) (v128.const i32x4 0 0 0 0)) (i16x8.eq (local.get 0) (i16x8.min_u (local.get 1) (local.get 0))))))

  ;; Lanes gathered from memory and widened, as clang does it.
  (func $gather (export "gather") (param i32 v128) (result v128)
    (i32x4.mul
      (i8x16.shuffle 16 1 2 3 17 5 6 7 18 9 10 11 19 13 14 15
        (local.get 1)
        (v128.load8_lane 3 (i32.const 31) (v128.load8_lane offset=6 2 (local.get 0)
          (v128.load8_lane offset=3 1 (local.get 0) (v128.load8_splat (local.get 0))))))
      (v128.const i32x4 3 3 3 3)))
  (func (export "gather halves") (param i32 v128) (result v128)
    (i8x16.shuffle 16 17 2 3 18 19 6 7 20 21 10 11 22 23 14 15
      (local.get 1)
      (v128.load16_lane 3 (i32.const 30) (v128.load16_lane offset=6 2 (local.get 0)
        (v128.load16_lane offset=3 1 (local.get 0) (v128.load16_splat (local.get 0)))))))
  (func (export "gather with another order") (param i32 v128) (result v128)
    (i8x16.shuffle 19 1 2 3 17 5 6 7 18 9 10 11 16 13 14 15
      (local.get 1)
      (v128.load8_lane 3 (i32.const 31) (v128.load8_lane offset=6 2 (local.get 0)
        (v128.load8_lane offset=3 1 (local.get 0) (v128.load8_splat (local.get 0)))))))
  (func (export "built") (param i32) (result v128)
    (i16x8.replace_lane 5 (i16x8.replace_lane 2 (i16x8.replace_lane 1 (i16x8.splat (local.get 0))
      (i32.const 0x12345)) (i32.mul (local.get 0) (i32.const 3))) (i32.const -2)))
  (func (export "built of floats") (param f32 f32) (result v128)
    (f32x4.replace_lane 3 (f32x4.replace_lane 2 (f32x4.replace_lane 1 (f32x4.splat (local.get 0))
      (local.get 1)) (f32.neg (local.get 0))) (f32.add (local.get 0) (local.get 0))))
  (func (export "built upon a constant") (param i32) (result v128)
    (i8x16.replace_lane 15 (i8x16.replace_lane 4 (v128.const i32x4 -1 -2 -3 -4) (local.get 0)) (local.get 0)))
  (func (export "built in a local that it reads") (param v128) (result v128)
    (local.set 0 (i32x4.replace_lane 3 (i32x4.replace_lane 1 (i32x4.splat (i32.const 9)) (i32x4.extract_lane 0 (local.get 0)))
      (i32x4.extract_lane 2 (local.get 0))))
    (local.get 0))
  (func (export "built downwards") (param i32) (result v128)
    (i32x4.replace_lane 0 (i32x4.replace_lane 1 (i32x4.replace_lane 2 (i32x4.replace_lane 3 (i32x4.splat (i32.const 7))
      (local.get 0)) (i32.add (local.get 0) (i32.const 1))) (i32.add (local.get 0) (i32.const 2))) (i32.add (local.get 0) (i32.const 3))))
  ;; What is stored between is not what is loaded before.
  (func (export "a load before a store") (param i32) (result v128)
    (v128.load16x4_s (local.get 0))
    (v128.load8_lane 1 (i32.const 0) (v128.load8_splat (i32.const 3)))
    (i64.store (i32.const 0) (i64.const -1))
    (v128.xor)
    (i64.store (i32.const 0) (i64.const 0x0706050403020100)))
  ;; Ten vectors at once, each read by an instruction above the others.
  (func (export "many") (param v128) (result v128)
    (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4))
    (i32x4.add (local.get 0) (v128.const i32x4 5 6 7 8))
    (i32x4.mul (v128.load (i32.const 0)) (v128.load (i32.const 4)))
    (i32x4.mul (v128.load (i32.const 8)) (v128.load (i32.const 12)))
    (i32x4.mul (v128.load (i32.const 1)) (v128.load (i32.const 2)))
    (i64x2.sub)
    (v128.or (i32x4.extend_high_i16x8_s (i32x4.add (local.get 0) (local.get 0))))
    (i32x4.sub)
    (f32x4.abs)
    (i32x4.add)
    (i32x4.mul))
  (func (export "lanes of trees") (param v128) (result i32)
    (i32.add (i32x4.extract_lane 2 (i32x4.add (i32x4.shl (local.get 0) (i32.const 1)) (v128.const i32x4 1 1 1 1)))
      (i16x8.bitmask (i16x8.add (local.get 0) (i16x8.sub (local.get 0) (v128.const i16x8 1 1 1 1 1 1 1 1))))))
  (func (export "selected") (param v128 i32) (result v128)
    (select (i32x4.add (local.get 0) (v128.const i32x4 1 1 1 1)) (i32x4.mul (i32x4.add (local.get 0) (local.get 0)) (local.get 0)) (local.get 1)))
  ;; A constant that comes first.
  (func (export "from a constant") (param v128) (result v128)
    (i32x4.add (i8x16.sub_sat_u (v128.const i32x4 0x20202020 0x20202020 0x20202020 0x20202020) (local.get 0))
      (i32x4.sub (v128.const i32x4 1 1 1 1) (v128.const i32x4 5 5 5 5))))
  ;; Arithmetic that reads memory as it goes: when it did not wait, and in the order of the traps.
  (func (export "memory that changes") (result v128)
    (v128.load (i32.const 64))
    (v128.store (i32.const 64) (v128.const f32x4 9 9 9 9))
    (f32x4.add (v128.const f32x4 2 2 2 2)))
  (func (export "an address that changes") (param i32) (result v128)
    (v128.load (local.get 0))
    (local.set 0 (i32.const 65535))
    (f64x2.add (v128.const f64x2 2 2)))
  (func (export "a sum traps first") (param i32 i32) (result v128)
    (f32x4.add (v128.load (local.get 0)) (i32x4.splat (i32.div_u (i32.const 1) (local.get 1)))))
  (func (export "a sum traps last") (param i32 i32) (result v128)
    (f32x4.add (i32x4.splat (i32.div_u (i32.const 1) (local.get 1))) (v128.load (local.get 0))))
  (func (export "a product of loads") (param i32 i32) (result v128)
    (f32x4.mul (v128.load (local.get 0)) (f32x4.sub (v128.load (local.get 1)) (v128.const f32x4 1 1 1 1))))
  (func (export "traps last") (param i32) (result i32)
    (i32x4.extract_lane 3
      (i32x4.add (v128.load16x4_s (i32.const 0)) (i32x4.add (v128.load16x4_s (local.get 0)) (v128.load16x4_u (i32.const 8))))))
  (func (export "gather beyond") (param i32) (result i32)
    (i32x4.extract_lane 1 (call $gather (local.get 0) (v128.const i32x4 0 0 0 0))))
  (func (export "dropped") (param i32)
    (drop (i32x4.add (v128.load16x4_s (local.get 0)) (v128.load (i32.const 0)))))
  ;; Zeros are known where lanes are extended by a shuffle, and halves of what is widened are read by several lanes.
  (func (export "extended by shuffles") (param v128) (result v128) (local $zero v128)
    (local.set $zero (v128.const i32x4 0 0 0 0))
    (i32x4.add
      (i32x4.mul
        (i8x16.shuffle 16 1 2 3 17 5 6 7 18 9 10 11 19 13 14 15 (local.get $zero) (local.get 0))
        (i8x16.shuffle 12 16 16 16 13 16 16 16 14 16 16 16 15 16 16 16 (local.get 0) (local.get $zero)))
      (i16x8.mul
        (i8x16.shuffle 8 17 9 19 10 21 11 23 12 25 13 27 14 29 15 31 (local.get 0) (v128.const i32x4 0 0 0 0))
        (i64x2.extend_high_i32x4_u (local.get 0)))))
  (func (export "no extensions") (param v128) (result v128) (local $zero v128)
    (v128.xor
      (v128.xor
        (i8x16.shuffle 1 16 16 16 2 16 16 16 3 16 16 16 4 16 16 16 (local.get 0) (local.get $zero))
        (i8x16.shuffle 0 16 1 16 2 16 3 16 4 16 5 16 6 16 8 16 (local.get 0) (v128.const i32x4 0 0 0 0)))
      (v128.xor
        (i8x16.shuffle 3 2 1 0 7 6 5 4 31 31 31 31 0 4 8 12 (local.get 0) (v128.const i32x4 0 0 0 0))
        (i8x16.shuffle 0 17 2 18 4 19 6 20 8 21 10 22 12 23 14 31 (v128.const i32x4 0 0 0 0) (local.get 0)))))
  (func (export "zeros of zeros") (result v128)
    (v128.not (i8x16.shuffle 0 17 2 18 4 19 6 20 8 21 10 22 12 23 14 31 (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0))))
  ;; The result goes where the operands stand.
  (func (export "widened in its own place") (param v128 v128) (result v128)
    (local.set 0 (i32x4.add (i32x4.extend_low_i16x8_s (local.get 0)) (i32x4.extmul_high_i16x8_u (local.get 0) (local.get 1))))
    (local.set 0 (i16x8.sub (i16x8.extend_low_i8x16_s (local.get 0)) (i16x8.extend_high_i8x16_u (local.get 0))))
    (local.set 1 (i32x4.sub (i64x2.extend_low_i32x4_s (local.get 0)) (i64x2.extmul_high_i32x4_s (local.get 0) (local.get 1))))
    (v128.xor (i16x8.mul (i16x8.extmul_low_i8x16_s (local.get 0) (local.get 1)) (i16x8.extmul_high_i8x16_u (local.get 1) (local.get 0)))
      (i32x4.extmul_low_i16x8_s (local.get 1) (local.get 1))))
  (func (export "widened twice") (param v128) (result v128)
    (i32x4.sub (i32x4.extend_high_i16x8_s (i16x8.extend_low_i8x16_s (local.get 0)))
      (i64x2.extend_low_i32x4_u (i32x4.extend_low_i16x8_u (local.get 0)))))

  ;; Constants that are written late, or never.
  (global $g (mut v128) (v128.const i32x4 0 0 0 0))
  (func (export "a constant as the result") (result v128) (local $a v128)
    (local.set $a (v128.const i32x4 1 2 3 4))
    (local.get $a))
  (func (export "a parameter's constant as the result") (param v128) (result v128)
    (local.set 0 (v128.const i32x4 5 6 7 8))
    (local.get 0))
  (func (export "two constants as results") (param v128 v128) (result v128 v128)
    (local.set 0 (v128.const i32x4 5 6 7 8))
    (local.set 1 (v128.const i32x4 9 10 11 12))
    (return (local.get 1) (local.get 0)))
  (func (export "constants in two ways") (param i32) (result v128) (local $a v128) (local $b v128)
    (local.set $a (v128.const i32x4 1 1 1 1))
    (local.set $b (v128.const i32x4 2 3 4 5))
    (if (local.get 0) (then (local.set $a (v128.const i32x4 7 7 7 7))) (else (local.set $b (local.get $a))))
    (i32x4.add (i32x4.mul (local.get $a) (v128.const i32x4 10 10 10 10)) (local.get $b)))
  (func (export "constants around branches") (param i32) (result v128) (local $a v128) (local $b v128)
    (block $out
      (local.set $a (v128.const i32x4 1 1 1 1))
      (local.set $b (v128.const i32x4 2 3 4 5))
      (br_if $out (local.get 0))
      (local.set $a (v128.const i32x4 6 6 6 6))
      (br_if $out (i32.eqz (local.get 0)))
      (local.set $a (v128.const i32x4 9 9 9 9)))
    (i32x4.add (local.get $a) (local.get $b)))
  (func $constant (param v128) (result v128) (i32x4.add (local.get 0) (v128.const i32x4 1 1 1 1)))
  (func (export "constants across calls and globals") (result v128) (local $a v128) (local $b v128)
    (local.set $a (v128.const i32x4 1 2 3 4))
    (global.set $g (local.get $a))
    (local.set $a (v128.const i32x4 5 6 7 8))
    (local.set $b (call $constant (local.get $a)))
    (local.set $a (v128.const i32x4 100 100 100 100))
    (v128.store (i32.const 64) (local.get $a))
    (i32x4.add (i32x4.add (local.get $b) (global.get $g)) (i32x4.mul (v128.load (i32.const 64)) (local.get $a))))
  (func (export "lanes of constants") (result i32) (local $a v128) (local $b v128)
    (local.set $a (v128.const i32x4 1 2 3 4))
    (local.set $b (local.get $a))
    (local.set $a (v128.const i32x4 5 6 7 8))
    (i32.mul (i32x4.extract_lane 1 (local.get $b)) (i32x4.extract_lane 3 (local.get $a))))
)

(assert_return (invoke "sum of products" (i32.const 0)) (v128.const i32x4 0xc3aa7a34 0x7487874c 0xa5cce48c 0xfb1e3554))
(assert_return (invoke "constants" (v128.const i32x4 1 2 3 4) (i32.const 0)) (v128.const i32x4 6 9 12 15))
(assert_return (invoke "constants" (v128.const i32x4 1 2 3 4) (i32.const 1)) (v128.const i32x4 7 10 13 16))
(assert_return (invoke "a constant in a loop" (i32.const 3)) (v128.const i32x4 21 21 21 21))
(assert_return (invoke "a local that changes" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 18 37 58 81))
(assert_return (invoke "shifts" (v128.const i32x4 0x01020384 -5 0x7fff8001 9) (i32.const 3)) (v128.const i32x4 0x3d3c3b9a 0x01010105 0x21011e3d 0x3e3e3e33))
(assert_return (invoke "masks" (v128.const i32x4 1 -2 0x7f00ff01 4) (v128.const i32x4 5 6 7 8)) (v128.const i32x4 0xffffffff 0xffffffff 0xff0000ff 0xffffffff))
(assert_return (invoke "gather" (i32.const 10) (v128.const i32x4 0x100 0x200 0x300 0x400)) (v128.const i32x4 0x0000031e 0x00000627 0x00000bd0 0x00000efd))
(assert_return (invoke "gather halves" (i32.const 10) (v128.const i32x4 0x10000 0x20000 0x30000 0x40000)) (v128.const i32x4 0x00010b0a 0x00020e0d 0x0003f1f0 0x0004fffe))
(assert_return (invoke "gather with another order" (i32.const 10) (v128.const i32x4 0x100 0x200 0x300 0x400)) (v128.const i32x4 0x000001ff 0x0000020d 0x000003f0 0x0000040a))
(assert_return (invoke "built" (i32.const 0x1ffff)) (v128.const i32x4 0x2345ffff 0xfffffffd 0xfffeffff 0xffffffff))
(assert_return (invoke "built of floats" (f32.const 1.5) (f32.const nan:0x200001)) (v128.const i32x4 0x3fc00000 0x7fa00001 0xbfc00000 0x40400000))
(assert_return (invoke "built upon a constant" (i32.const 0x177)) (v128.const i32x4 0xffffffff 0xffffff77 0xfffffffd 0x77fffffc))
(assert_return (invoke "built in a local that it reads" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 9 1 9 3))
(assert_return (invoke "built downwards" (i32.const 5)) (v128.const i32x4 8 7 6 5))
(assert_return (invoke "a load before a store" (i32.const 0)) (v128.const i32x4 0x03030103 0x03030001 0x03030607 0x03030405))
(assert_return (invoke "many" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 0x797e6d50 0xe8d43018 0xc18ff1e8 0x1f0bb518))
(assert_return (invoke "lanes of trees" (v128.const i32x4 1 -2 3 0x80000000)) (i32.const 0x000000f5))
(assert_return (invoke "selected" (v128.const i32x4 1 2 3 4) (i32.const 0)) (v128.const i32x4 2 8 18 32))
(assert_return (invoke "selected" (v128.const i32x4 1 2 3 4) (i32.const 1)) (v128.const i32x4 2 3 4 5))
(assert_return (invoke "from a constant" (v128.const i32x4 0x01300110 2 3 4)) (v128.const i32x4 0x1f001f0c 0x2020201a 0x20202019 0x20202018))
(assert_return (invoke "memory that changes") (v128.const f32x4 2 2 2 2))
(assert_return (invoke "memory that changes") (v128.const f32x4 11 11 11 11))
(assert_return (invoke "an address that changes" (i32.const 80)) (v128.const f64x2 2 2))
(assert_trap (invoke "a sum traps first" (i32.const 65521) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "a sum traps first" (i32.const 0) (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "a sum traps last" (i32.const 65521) (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "a sum traps last" (i32.const -1) (i32.const 1)) "out of bounds memory access")
(assert_return (invoke "a product of loads" (i32.const 64) (i32.const 64)) (v128.const f32x4 72 72 72 72))
(assert_return (invoke "a product of loads" (i32.const 65520) (i32.const 64)) (v128.const f32x4 0 0 0 0))
(assert_trap (invoke "a product of loads" (i32.const 65521) (i32.const 64)) "out of bounds memory access")
(assert_trap (invoke "a product of loads" (i32.const 64) (i32.const 65521)) "out of bounds memory access")
(assert_trap (invoke "traps last" (i32.const 65529)) "out of bounds memory access")
(assert_return (invoke "traps last" (i32.const 65528)) (i32.const 0x00001614))
(assert_trap (invoke "dropped" (i32.const 65530)) "out of bounds memory access")
(assert_trap (invoke "gather beyond" (i32.const 65530)) "out of bounds memory access")
(assert_return (invoke "extended by shuffles" (v128.const i32x4 0x84030201 0xff7f8006 0x0c0b0af9 0x100f8eed)) (v128.const i32x4 0x786ead1e 0x0000011c 0xe8525196 0x00000840))
(assert_return (invoke "no extensions" (v128.const i32x4 0x84030201 0xff7f8006 0x0c0b0af9 0x100f8eed)) (v128.const i32x4 0x02000187 0x0004fbff 0x7f808082 0xfd00f978))
(assert_return (invoke "zeros of zeros") (v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff))
(assert_return (invoke "widened in its own place" (v128.const i32x4 0x84030201 0xff7f8006 0x0c0b0af9 0x100f8eed) (v128.const i32x4 5 0xfffe0007 0x80007fff 0x12345678)) (v128.const i32x4 0x77888cc4 0x3fad11a1 0x3fe2a1e4 0x0000cfb2))
(assert_return (invoke "widened twice" (v128.const i32x4 0x84030201 0xff7f8006 0x0c0b0af9 0x100f8eed)) (v128.const i32x4 0xfffffe05 0xffffff80 0xffff7c7c 0xffffffff))
(assert_return (invoke "a constant as the result") (v128.const i32x4 0x00000001 0x00000002 0x00000003 0x00000004))
(assert_return (invoke "a parameter's constant as the result" (v128.const i32x4 0x84030201 0xff7f8006 0x0c0b0af9 0x100f8eed)) (v128.const i32x4 0x00000005 0x00000006 0x00000007 0x00000008))
(assert_return (invoke "constants in two ways" (i32.const 0)) (v128.const i32x4 0x0000000b 0x0000000b 0x0000000b 0x0000000b))
(assert_return (invoke "constants in two ways" (i32.const 1)) (v128.const i32x4 0x00000048 0x00000049 0x0000004a 0x0000004b))
(assert_return (invoke "constants around branches" (i32.const 0)) (v128.const i32x4 0x00000008 0x00000009 0x0000000a 0x0000000b))
(assert_return (invoke "constants around branches" (i32.const 1)) (v128.const i32x4 0x00000003 0x00000004 0x00000005 0x00000006))
(assert_return (invoke "constants across calls and globals") (v128.const i32x4 0x00002717 0x00002719 0x0000271b 0x0000271d))
(assert_return (invoke "two constants as results" (v128.const i32x4 0x84030201 0xff7f8006 0x0c0b0af9 0x100f8eed) (v128.const i32x4 0x84030201 0xff7f8006 0x0c0b0af9 0x100f8eed)) (v128.const i32x4 9 10 11 12) (v128.const i32x4 5 6 7 8))
(assert_return (invoke "lanes of constants") (i32.const 16))

(module
  (memory 1)
  (data (i32.const 0) "\01\82\03\84\05\86\07\88\09\8a\0b\8c\0d\8e\0f\90\91\12\93\14\95\16\97\18\99\1a\9b\1c\9d\1e\9f\20")
  ;; A word that is shifted to both sides is rotated, if the counts say so and the word is the same.
  (func (export "rotations") (param v128 v128) (result v128)
    (i32x4.add
      (i32x4.add
        (v128.or (i32x4.shl (local.get 0) (i32.const 13)) (i32x4.shr_u (local.get 0) (i32.const 19)))
        (v128.xor (i32x4.shr_u (local.get 1) (i32.const 39)) (i32x4.shl (local.get 1) (i32.const 57))))
      (i32x4.add
        (v128.or (i32x4.shl (local.get 0) (i32.const 13)) (i32x4.shr_u (local.get 1) (i32.const 19)))
        (i32x4.add
          (v128.or (i32x4.shl (local.get 0) (i32.const 0)) (i32x4.shr_u (local.get 0) (i32.const 32)))
          (v128.or (i32x4.shl (local.get 1) (i32.const 12)) (i32x4.shr_u (local.get 1) (i32.const 19)))))))
  ;; Lanes widened twice, of what was shifted before, signed and not.
  (func (export "widened twice") (param v128 v128) (result v128)
    (i32x4.add
      (i32x4.sub
        (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (local.get 0)))
        (i32x4.extend_high_i16x8_u (i16x8.extend_high_i8x16_u (local.get 1))))
      (i32x4.mul
        (i32x4.extend_low_i16x8_s (i16x8.extend_high_i8x16_s (local.get 0)))
        (i32x4.add
          (i32x4.extend_high_i16x8_s (i16x8.extend_low_i8x16_u (local.get 1)))
          (i32x4.extend_high_i16x8_u (i16x8.extend_low_i8x16_s (local.get 0)))))))
  (func (export "widened after a shift") (param v128) (result v128)
    (local.set 0
      (i32x4.mul
        (i32x4.add
          (i32x4.extend_low_i16x8_u (i32x4.shr_u (local.get 0) (i32.const 5)))
          (i32x4.extend_high_i16x8_s (i32x4.shr_u (local.get 0) (i32.const 20))))
        (i32x4.add
          (i32x4.extend_low_i16x8_s (i32x4.shr_s (local.get 0) (i32.const 3)))
          (i32x4.extend_high_i16x8_u (i32x4.shr_u (local.get 0) (i32.const 33))))))
    (local.get 0))
  ;; The place of the result holds what other words of the tree read.
  (func (export "upon itself") (param v128) (result v128)
    (local.set 0
      (i32x4.add
        (i8x16.shuffle 12 13 14 15 8 9 10 11 4 5 6 7 0 1 2 3 (local.get 0) (local.get 0))
        (i32x4.extend_low_i16x8_u (local.get 0))))
    (local.set 0
      (i32x4.sub
        (i32x4.replace_lane 3
          (i32x4.replace_lane 2
            (i32x4.replace_lane 1
              (i32x4.splat (i32x4.extract_lane 3 (local.get 0)))
              (i32x4.extract_lane 2 (local.get 0)))
            (i32x4.extract_lane 1 (local.get 0)))
          (i32x4.extract_lane 0 (local.get 0)))
        (local.get 0)))
    (local.get 0))
  ;; Words of masks, and what has no instruction on numbers, upon another.
  (func (export "mixed words") (param v128 v128) (result v128)
    (v128.xor
      (i8x16.add_sat_u (i16x8.mul (local.get 0) (local.get 1)) (v128.not (local.get 1)))
      (i16x8.max_s
        (v128.andnot (i32x4.gt_s (local.get 0) (local.get 1)) (i8x16.abs (i32x4.neg (local.get 0))))
        (i32x4.dot_i16x8_s (i8x16.shl (local.get 1) (i32.const 9)) (i16x8.avgr_u (local.get 0) (local.get 1))))))
  ;; Loaded lanes that are added up, near the end of the memory.
  (func (export "loaded lanes") (param i32 v128) (result v128)
    (local.set 1
      (i32x4.add
        (i32x4.mul (v128.load16x4_s (local.get 0)) (v128.load16x4_u offset=8 (local.get 0)))
        (i32x4.mul (local.get 1) (v128.load16x4_u offset=4 (local.get 0)))))
    (local.get 1)))

(assert_return (invoke "rotations" (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000) (v128.const i32x4 0xfedcba98 0x00ff80ff 0x01020304 0xdeadbeef)) (v128.const i32x4 0x2579d1e9 0xc88ae186 0xa8329447 0x1bac0326))
(assert_return (invoke "widened twice" (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000) (v128.const i32x4 0xfedcba98 0x00ff80ff 0x01020304 0xdeadbeef)) (v128.const i32x4 0x00010078 0xffffff98 0xffffff87 0xff803234))
(assert_return (invoke "widened after a shift" (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000)) (v128.const i32x4 0xb1db84bd 0x002589a6 0x55c0ab54 0x00f80e8e))
(assert_return (invoke "upon itself" (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000)) (v128.const i32x4 0x92351abc 0x1abdabab 0xe5425455 0x6dcae544))
(assert_return (invoke "mixed words" (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000) (v128.const i32x4 0xfedcba98 0x00ff80ff 0x01020304 0xdeadbeef)) (v128.const i32x4 0xd119f7e7 0xff449010 0xfe76dde3 0xbd5abeef))
(assert_return (invoke "loaded lanes" (i32.const 0) (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000)) (v128.const i32x4 0x7c589c61 0x4dc5e8b1 0x3c511e4a 0xf6776869))
(assert_return (invoke "loaded lanes" (i32.const 16) (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000)) (v128.const i32x4 0x19d27681 0xfc9a8891 0x82b369fa 0x74d4a5c9))
(assert_return (invoke "loaded lanes" (i32.const 65520) (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000)) (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000))
(assert_trap (invoke "loaded lanes" (i32.const 65521) (v128.const i32x4 0x12345678 0x9abcdef0 0x80000001 0x7fff8000)) "out of bounds memory access")
