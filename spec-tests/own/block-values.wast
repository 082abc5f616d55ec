;; Values that pass labels: block parameters, loop parameters and branches move several values at once.
(module
  ;; Loop parameters that swap places on each round: a parallel move.
  (func (export "fibonacci") (param $n i32) (result i64)
    i64.const 0
    i64.const 1
    (loop $l (param i64 i64) (result i64)
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (call $step)
      (br_if $l (i32.ge_s (local.get $n) (i32.const 0)))
      drop))
  (func $step (param i64 i64) (result i64 i64) local.get 1 (i64.add (local.get 0) (local.get 1)))

  (func (export "swap-loop") (param $n i32) (result i32 i32)
    (local $a i32) (local $b i32)
    i32.const 1
    i32.const 2
    (loop $l (param i32 i32) (result i32 i32)
      local.set $a
      local.set $b
      local.get $a
      local.get $b
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; The same without locals: only the order of the operands changes.
  (func (export "rotate-loop") (param $n i32) (result i32 i32 i32)
    i32.const 1
    i32.const 2
    i32.const 3
    (loop $l (param i32 i32 i32) (result i32 i32 i32)
      (call $rotate)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $rotate (param i32 i32 i32) (result i32 i32 i32) local.get 1 local.get 2 local.get 0)

  ;; Branches drop what lies between their values and the label's height.
  (func (export "drop-below") (param i32) (result i32 i64)
    (block $l (result i32 i64)
      i32.const 11
      i32.const 12
      i64.const 13
      i32.const 14
      i64.const 15
      (br_if $l (local.get 0))
      drop
      drop
      drop
      drop
      drop
      i32.const 1
      i64.const 2))
  (func (export "table-values") (param i32) (result i32)
    (block $a (result i32)
      (block $b (result i32)
        (block $c (result i32)
          i32.const 1000
          i32.const 100
          i32.const 7
          local.get 0
          br_table $a $b $c $a)
        (return (i32.add (i32.const 30))))
      (return (i32.add (i32.const 20))))
    (i32.add (i32.const 10)))
  (func (export "params-stay") (param i32) (result i32)
    i32.const 1
    i32.const 20
    i32.const 300
    (block (param i32 i32) (result i32 i32)
      (if (local.get 0) (then (local.set 0 (i32.const 4000))) (else (local.set 0 (i32.const 5000)))))
    i32.add
    i32.add
    local.get 0
    i32.add)
  (func (export "if-params") (param i32) (result i32)
    i32.const 50
    i32.const 8
    local.get 0
    (if (param i32 i32) (result i32) (then i32.sub) (else i32.div_u)))
  (func (export "br-if-keeps") (param i32) (result i32)
    (block $l (result i32)
      i32.const 3
      (br_if $l (local.get 0))
      i32.const 4
      i32.mul))
  (func (export "mixed") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (block $l (param) (result f64 f32 i64 i32)
      local.get 3
      local.get 2
      local.get 1
      local.get 0
      local.get 0
      br_if $l
      i32.const 1
      i32.add
      br $l))
  (func (export "deep") (result i32)
    i32.const 1
    (block (param i32) (result i32)
      i32.const 2
      (loop (param i32 i32) (result i32)
        i32.const 3
        i32.const 1
        (if (param i32 i32 i32) (result i32 i32)
          (then i32.mul)
          (else drop))
        i32.add)
      i32.const 10
      i32.mul))
  (func (export "unreachable-tail") (param i32) (result i32)
    (block $l (result i32)
      (br $l (i32.const 5))
      i32.add
      drop
      f32.const 0
      i64.trunc_sat_f32_s
      i32.wrap_i64))
  (func (export "return-many") (param i32) (result i32 i32 i32)
    i32.const 9
    i32.const 8
    (block
      (br_if 0 (local.get 0))
      i32.const 1
      i32.const 2
      i32.const 3
      return)
    i32.const 7)
)
(assert_return (invoke "fibonacci" (i32.const 0)) (i64.const 1))
(assert_return (invoke "fibonacci" (i32.const 60)) (i64.const 2504730781961))
(assert_return (invoke "swap-loop" (i32.const 1)) (i32.const 2) (i32.const 1))
(assert_return (invoke "swap-loop" (i32.const 4)) (i32.const 1) (i32.const 2))
(assert_return (invoke "rotate-loop" (i32.const 1)) (i32.const 2) (i32.const 3) (i32.const 1))
(assert_return (invoke "rotate-loop" (i32.const 5)) (i32.const 3) (i32.const 1) (i32.const 2))
(assert_return (invoke "drop-below" (i32.const 1)) (i32.const 14) (i64.const 15))
(assert_return (invoke "drop-below" (i32.const 0)) (i32.const 1) (i64.const 2))
(assert_return (invoke "table-values" (i32.const 0)) (i32.const 17))
(assert_return (invoke "table-values" (i32.const 1)) (i32.const 27))
(assert_return (invoke "table-values" (i32.const 2)) (i32.const 37))
(assert_return (invoke "table-values" (i32.const -1)) (i32.const 17))
(assert_return (invoke "params-stay" (i32.const 1)) (i32.const 4321))
(assert_return (invoke "params-stay" (i32.const 0)) (i32.const 5321))
(assert_return (invoke "if-params" (i32.const 1)) (i32.const 42))
(assert_return (invoke "if-params" (i32.const 0)) (i32.const 6))
(assert_return (invoke "br-if-keeps" (i32.const 1)) (i32.const 3))
(assert_return (invoke "br-if-keeps" (i32.const 0)) (i32.const 12))
(assert_return (invoke "mixed" (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
  (f64.const 4) (f32.const 3) (i64.const 2) (i32.const 1))
(assert_return (invoke "mixed" (i32.const 0) (i64.const -2) (f32.const nan:0x200001) (f64.const -0))
  (f64.const -0) (f32.const nan:0x200001) (i64.const -2) (i32.const 1))
(assert_return (invoke "deep") (i32.const 70))
(assert_return (invoke "unreachable-tail" (i32.const 0)) (i32.const 5))
(assert_return (invoke "return-many" (i32.const 0)) (i32.const 1) (i32.const 2) (i32.const 3))
(assert_return (invoke "return-many" (i32.const 1)) (i32.const 9) (i32.const 8) (i32.const 7))
