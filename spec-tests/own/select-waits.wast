;; What a select gives waits below calls, also so deep that frames leave the stack of the host on the way.
;; Its type is that of its first operand: engines that follow types alone may take it for that one.
(module
  (func $locals (export "locals") (param $n i32) (param $c i32) (result i32)
    (local $a i32) (local $b i32)
    (local.set $a (i32.const 1))
    (local.set $b (i32.const 2))
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    local.get $a
    local.get $b
    local.get $c
    select
    (call $locals (i32.sub (local.get $n) (i32.const 1)) (local.get $c))
    i32.add)

  ;; The first operand waits below a call itself.
  (func $one (result i64) (i64.const 1))
  (func $behind (export "behind") (param $n i32) (param $c i32) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (i64.const 0))))
    i64.const 3
    call $one
    (block (result i32) (local.get $c))
    select
    (call $behind (i32.sub (local.get $n) (i32.const 1)) (local.get $c))
    i64.add)

  (func $typed (export "typed") (param $n i32) (param $c i32) (result f64)
    (local $a f64)
    (local.set $a (f64.const 0.5))
    (if (i32.eqz (local.get $n)) (then (return (f64.const 0))))
    local.get $a
    f64.const 1.5
    local.get $c
    select (result f64)
    (call $typed (i32.sub (local.get $n) (i32.const 1)) (local.get $c))
    f64.add))

(assert_return (invoke "locals" (i32.const 2500) (i32.const 1)) (i32.const 2500))
(assert_return (invoke "locals" (i32.const 2500) (i32.const 0)) (i32.const 5000))
(assert_return (invoke "behind" (i32.const 2500) (i32.const 1)) (i64.const 7500))
(assert_return (invoke "behind" (i32.const 2500) (i32.const 0)) (i64.const 2500))
(assert_return (invoke "typed" (i32.const 2500) (i32.const 1)) (f64.const 1250))
(assert_return (invoke "typed" (i32.const 2500) (i32.const 0)) (f64.const 3750))
