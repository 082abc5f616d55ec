;; Recursion 100,000 deep either runs or is exhausted by the engine's own limit, and the instance is usable after it.
;; tswasm's default limits let it run.
(module
  (global $depth (export "depth") (mut i32) (i32.const 0))
  (type $f (func (param i32) (result i32)))
  (table funcref (elem $indirect))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
  (func $indirect (export "indirect") (type $f)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))))
  (func $keeps (export "keeps") (param i32) (result i64 i32)
    (local i64)
    (if (i32.eqz (local.get 0)) (then (return (i64.const 0) (i32.const 0))))
    (local.set 1 (i64.extend_i32_u (local.get 0)))
    local.get 1
    (call $keeps (i32.sub (local.get 0) (i32.const 1)))
    (local.set 0 (i32.add (i32.const 1)))
    i64.add
    local.get 0)
  (func $forever (export "forever") (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $forever))
  (func $mutual-a (export "mutual") (param i64) (result i64) (i64.add (call $mutual-b (local.get 0)) (i64.const 1)))
  (func $mutual-b (param i64) (result i64) (i64.add (call $mutual-a (local.get 0)) (i64.const 1)))
  (func $wide (export "wide") (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (call $wide (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7)))
)
(assert_return (invoke "down" (i32.const 100000)) (i32.const 100000))
(assert_return (invoke "indirect" (i32.const 100000)) (i32.const 100000))
(assert_return (invoke "keeps" (i32.const 50000)) (i64.const 1250025000) (i32.const 50000))
(assert_exhaustion (invoke "forever") "call stack exhausted")
(assert_return (invoke "down" (i32.const 1000)) (i32.const 1000))
(assert_exhaustion (invoke "mutual" (i64.const 0)) "call stack exhausted")
(assert_exhaustion
  (invoke "wide" (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0))
  "call stack exhausted")
(assert_return (invoke "down" (i32.const 100000)) (i32.const 100000))

;; In the start function.
(assert_trap (module (func $f (call $f)) (start $f)) "call stack exhausted")
