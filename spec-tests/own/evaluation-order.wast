;; A value on the operand stack is the value at the time it was pushed, whatever happens before it is used.
;; Engines that keep operands as pending expressions get this wrong easily.
(module
  (global $g (mut i32) (i32.const 10))
  (global $f (mut f64) (f64.const 1.5))
  (memory 1 2)
  (table $t 4 funcref)
  (elem declare func $set)

  (func $set (param i32) (result i32) (global.set $g (local.get 0)) (local.get 0))
  (func $poke (result i32) (i32.store (i32.const 0) (i32.const 99)) (i32.const 1))

  ;; Locals.
  (func (export "local-set") (param i32) (result i32)
    local.get 0
    i32.const 7
    local.set 0
    local.get 0
    i32.sub)
  (func (export "local-tee") (param i32) (result i32)
    local.get 0
    (local.tee 0 (i32.add (local.get 0) (i32.const 1)))
    local.get 0
    i32.mul
    i32.sub)
  (func (export "swap") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    local.set 0
    local.set 1
    (i32.sub (i32.mul (local.get 0) (i32.const 1000)) (local.get 1)))
  (func (export "rotate") (param i64 i64 i64) (result i64 i64 i64)
    local.get 0
    local.get 1
    local.get 2
    local.set 0
    local.set 2
    local.set 1
    local.get 0
    local.get 1
    local.get 2)
  (func (export "local-in-block") (param i32) (result i32)
    local.get 0
    (block (local.set 0 (i32.const 100)))
    local.get 0
    i32.sub)
  (func (export "local-in-if") (param i32 i32) (result i32)
    local.get 0
    (if (local.get 1) (then (local.set 0 (i32.const 100))))
    local.get 0
    i32.sub)
  (func (export "local-in-loop") (param i32) (result i32)
    (local $n i32)
    (local.set $n (i32.const 3))
    local.get 0
    (loop
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    local.get 0
    i32.sub)
  (func (export "local-select") (param f32 f32 i32) (result f32)
    local.get 0
    local.get 1
    (local.set 0 (f32.const 5))
    (local.set 1 (f32.const 6))
    local.get 2
    (local.set 2 (i32.const 0))
    select)

  ;; Globals.
  (func (export "global-set") (result i32)
    (global.set $g (i32.const 10))
    global.get $g
    (global.set $g (i32.const 3))
    global.get $g
    i32.sub)
  (func (export "global-call") (result i32)
    (global.set $g (i32.const 10))
    global.get $g
    (call $set (i32.const 4))
    i32.sub
    global.get $g
    i32.mul)
  (func (export "global-f64") (result f64)
    (global.set $f (f64.const 1.5))
    global.get $f
    (global.set $f (f64.const 0.25))
    global.get $f
    f64.sub)

  ;; Memory.
  (func (export "load-store") (result i32)
    (i32.store (i32.const 0) (i32.const 5))
    (i32.load (i32.const 0))
    (i32.store (i32.const 0) (i32.const 6))
    (i32.load (i32.const 0))
    i32.sub)
  (func (export "load-call") (result i32)
    (i32.store (i32.const 0) (i32.const 5))
    (i32.sub (i32.load (i32.const 0)) (call $poke)))
  (func (export "load-fill") (result i64)
    (i64.store (i32.const 8) (i64.const 0x0102030405060708))
    (i64.load (i32.const 8))
    (memory.fill (i32.const 8) (i32.const 0xff) (i32.const 8))
    (i64.load (i32.const 8))
    i64.sub)
  (func (export "size-grow") (result i32)
    memory.size
    (drop (memory.grow (i32.const 1)))
    memory.size
    (i32.const 10)
    i32.mul
    i32.add)

  ;; Tables.
  (func (export "table-get-set") (result i32)
    (table.set $t (i32.const 0) (ref.null func))
    (table.get $t (i32.const 0))
    (table.set $t (i32.const 0) (ref.func $set))
    ref.is_null)
  (func (export "table-size-grow") (result i32)
    table.size $t
    (drop (table.grow $t (ref.null func) (i32.const 2)))
    table.size $t
    i32.sub)

  ;; Operands of one instruction, left to right, with effects in between.
  (func (export "store-order") (result i32)
    (global.set $g (i32.const 16))
    (i32.store (global.get $g) (call $set (i32.const 20)))
    (i32.store (global.get $g) (global.get $g))
    (i32.add (i32.load (i32.const 16)) (i32.mul (i32.load (i32.const 20)) (i32.const 100))))
  (func $three (param i32 i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 10000))
      (i32.add (i32.mul (local.get 1) (i32.const 100)) (local.get 2))))
  (func (export "call-order") (result i32)
    (global.set $g (i32.const 1))
    (call $three (global.get $g) (call $set (i32.const 2)) (global.get $g)))
  (func (export "call-keeps") (param i32) (result i32)
    local.get 0
    (i32.mul (local.get 0) (i32.const 3))
    (call $set (i32.const 50))
    (local.set 0 (i32.const 9))
    (call $three (local.get 0) (i32.const 0) (i32.const 0))
    i32.sub
    i32.sub
    i32.sub)
)
(assert_return (invoke "local-set" (i32.const 20)) (i32.const 13))
(assert_return (invoke "local-tee" (i32.const 4)) (i32.const -21))
(assert_return (invoke "swap" (i32.const 3) (i32.const 8)) (i32.const 7997))
(assert_return (invoke "rotate" (i64.const 1) (i64.const 2) (i64.const 3)) (i64.const 3) (i64.const 1) (i64.const 2))
(assert_return (invoke "local-in-block" (i32.const 1)) (i32.const -99))
(assert_return (invoke "local-in-if" (i32.const 1) (i32.const 1)) (i32.const -99))
(assert_return (invoke "local-in-if" (i32.const 1) (i32.const 0)) (i32.const 0))
(assert_return (invoke "local-in-loop" (i32.const 1)) (i32.const -3))
(assert_return (invoke "local-select" (f32.const 1) (f32.const 2) (i32.const 1)) (f32.const 1))
(assert_return (invoke "local-select" (f32.const 1) (f32.const 2) (i32.const 0)) (f32.const 2))
(assert_return (invoke "global-set") (i32.const 7))
(assert_return (invoke "global-call") (i32.const 24))
(assert_return (invoke "global-f64") (f64.const 1.25))
(assert_return (invoke "load-store") (i32.const -1))
(assert_return (invoke "load-call") (i32.const 4))
(assert_return (invoke "load-fill") (i64.const 0x0102030405060709))
(assert_return (invoke "size-grow") (i32.const 21))
(assert_return (invoke "table-get-set") (i32.const 1))
(assert_return (invoke "table-size-grow") (i32.const -2))
(assert_return (invoke "store-order") (i32.const 2020))
(assert_return (invoke "call-order") (i32.const 10202))
(assert_return (invoke "call-keeps" (i32.const 5)) (i32.const -89960))

;; A trap comes at its place: what was before it happened, what is behind it did not.
(module
  (memory 1)
  (global $g (export "g") (mut i32) (i32.const 0))
  (func (export "read") (result i32) (i32.load (i32.const 0)))
  (func (export "unused-trap") (param i32)
    (i32.store (i32.const 0) (i32.const 1))
    (drop (i32.div_u (i32.const 1) (local.get 0)))
    (i32.store (i32.const 0) (i32.const 2)))
  (func (export "operand-order") (param i32) (result i32)
    (i32.add
      (i32.div_u (i32.const 1) (local.get 0))
      (block (result i32) (global.set $g (i32.const 5)) (i32.const 1))))
  (func (export "load-before-div") (param i32) (result i32)
    (i32.add (i32.load (i32.const 0x10000)) (i32.div_u (i32.const 1) (local.get 0))))
  (func (export "div-before-load") (param i32) (result i32)
    (i32.add (i32.div_u (i32.const 1) (local.get 0)) (i32.load (i32.const 0x10000))))
  (func (export "unused-load") (i32.load (i32.const 0x10000)) drop (global.set $g (i32.const 9)))
  (func (export "unused-trunc") (param f32) (i32.trunc_f32_s (local.get 0)) drop)
  (func (export "dead-select") (param i32) (result i32)
    (select (i32.const 1) (i32.rem_u (i32.const 1) (local.get 0)) (i32.const 1)))
  (func (export "store-partial") (i64.store (i32.const 0xfffc) (i64.const -1)))
  (func (export "tail") (result i32) (i32.load (i32.const 0xfffc)))
)
(assert_trap (invoke "unused-trap" (i32.const 0)) "integer divide by zero")
(assert_return (invoke "read") (i32.const 1))
(assert_trap (invoke "operand-order" (i32.const 0)) "integer divide by zero")
(assert_return (get "g") (i32.const 0))
(assert_trap (invoke "load-before-div" (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "div-before-load" (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "unused-load") "out of bounds memory access")
(assert_return (get "g") (i32.const 0))
(assert_trap (invoke "unused-trunc" (f32.const nan)) "invalid conversion to integer")
(assert_trap (invoke "dead-select" (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "store-partial") "out of bounds memory access")
(assert_return (invoke "tail") (i32.const 0))

;; The operands of a store come before its address is looked at, however far away the address is.
(module
  (memory 1)
  (global $g (export "g") (mut i32) (i32.const 0))
  (func $zero (result i32) (global.set $g (i32.const 7)) (i32.const 0))
  (func (export "near") (i32.store (i32.const 0x10000) (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "offset") (param i32) (i32.store offset=0x10000 (local.get 0) (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "far") (param i32) (f32.store offset=3169182456 (local.get 0) (f32.convert_i32_s (i32.div_u (i32.const 1) (i32.const 0)))))
  (func (export "far64") (param i32) (i64.store offset=0xffffffff (local.get 0) (i64.rem_s (i64.const 1) (i64.const 0))))
  (func (export "far8") (param i32) (i32.store8 offset=0x80000000 (local.get 0) (i32.trunc_f32_s (f32.const nan))))
  (func (export "load") (param i32) (i32.store8 offset=0x80000000 (local.get 0) (i32.load8_u offset=0xfffffff0 (local.get 0))))
  (func (export "effect") (param i32) (i32.store offset=0xf0000000 (local.get 0) (call $zero)))
)
(assert_trap (invoke "near") "integer divide by zero")
(assert_trap (invoke "offset" (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "far" (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "far64" (i32.const 0)) "integer divide by zero")
(assert_trap (invoke "far8" (i32.const 0)) "invalid conversion to integer")
(assert_trap (invoke "load" (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "effect" (i32.const 0)) "out of bounds memory access")
(assert_return (get "g") (i32.const 7))

(module
  (memory i64 1)
  (global $g (export "g") (mut i32) (i32.const 0))
  (func $zero (result i32) (global.set $g (i32.const 7)) (i32.const 0))
  (func (export "wide") (param i64) (i32.store offset=65538 (local.get 0) (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "grown") (i32.store (memory.grow (i64.const 41753)) (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "far") (param i64) (i64.store8 offset=0x100000000000 (local.get 0) (i64.rem_s (i64.const 1) (i64.const 0))))
  (func (export "effect") (param i64) (i32.store8 (local.get 0) (call $zero)))
)
(assert_trap (invoke "wide" (i64.const 0x100000000)) "integer divide by zero")
(assert_trap (invoke "grown") "integer divide by zero")
(assert_trap (invoke "far" (i64.const -1)) "integer divide by zero")
(assert_trap (invoke "effect" (i64.const -1)) "out of bounds memory access")
(assert_return (get "g") (i32.const 7))
