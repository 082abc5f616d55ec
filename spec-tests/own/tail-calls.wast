;; Tail calls in number, with more and fewer parameters than the caller, through tables and into the host.
(module
  (import "spectest" "print_i32" (func $print (param i32)))
  (type $even (func (param i64) (result i32)))
  (table funcref (elem $even $odd))
  (func $even (export "even") (type $even)
    (if (result i32) (i64.eqz (local.get 0)) (then (i32.const 1))
      (else (return_call $odd (i64.sub (local.get 0) (i64.const 1))))))
  (func $odd (export "odd") (type $even)
    (if (result i32) (i64.eqz (local.get 0)) (then (i32.const 0))
      (else (return_call_indirect (type $even) (i64.sub (local.get 0) (i64.const 1)) (i32.const 0)))))

  ;; Frames that grow and shrink.
  (func $wide (param i32 i64 f64 f32 i32) (result i64)
    (local i64 i64 i64 i64)
    (local.set 5 (i64.const -1)) (local.set 8 (i64.const -1))
    (return_call $narrow (local.get 0) (i64.add (local.get 1) (i64.extend_i32_u (local.get 4)))))
  (func $narrow (export "narrow") (param i32 i64) (result i64)
    (if (result i64) (i32.eqz (local.get 0)) (then (local.get 1))
      (else (return_call $wide (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (f64.const 1) (f32.const 2) (i32.const 3)))))

  ;; The locals of the callee are zero, whatever the caller left there.
  (func (export "fresh-locals") (result i64)
    (local i64 i64 i64)
    (local.set 0 (i64.const -1)) (local.set 1 (i64.const -1)) (local.set 2 (i64.const -1))
    (return_call $sum-of-locals))
  (func $sum-of-locals (result i64) (local i64 i64 i64 i64)
    (i64.add (i64.add (local.get 0) (local.get 1)) (i64.add (local.get 2) (local.get 3))))

  (func (export "to-host") (param i32) (return_call $print (local.get 0)))

  ;; The caller of a function that ends in a tail call keeps its own operands.
  (func (export "keeps") (param i32) (result i64)
    i64.const 1000
    (call $narrow (local.get 0) (i64.const 0))
    (call $narrow (local.get 0) (i64.const 1))
    i64.sub
    i64.add)
  (func (export "trap-in-tail") (param i32) (result i64) (return_call_indirect (type $even2) (i64.const 1) (local.get 0)))
  (type $even2 (func (param i64) (result i64)))
)
(assert_return (invoke "even" (i64.const 0)) (i32.const 1))
(assert_return (invoke "even" (i64.const 300001)) (i32.const 0))
(assert_return (invoke "odd" (i64.const 300001)) (i32.const 1))
(assert_return (invoke "narrow" (i32.const 100000) (i64.const 1)) (i64.const 300001))
(assert_return (invoke "fresh-locals") (i64.const 0))
(assert_return (invoke "to-host" (i32.const 7)))
(assert_return (invoke "keeps" (i32.const 4)) (i64.const 999))
(assert_trap (invoke "trap-in-tail" (i32.const 0)) "indirect call type mismatch")
(assert_trap (invoke "trap-in-tail" (i32.const 2)) "undefined element")
