;; Calls through a table whose callee changes at every turn, and a br_table: an interpreter inside the interpreter.
(module
  (type $op (func (param i32 i32) (result i32)))
  (table funcref (elem $add $sub $mul $xor $rotate $min $mix $shift))
  (func $add (type $op) (i32.add (local.get 0) (local.get 1)))
  (func $sub (type $op) (i32.sub (local.get 0) (local.get 1)))
  (func $mul (type $op) (i32.mul (local.get 0) (i32.or (local.get 1) (i32.const 1))))
  (func $xor (type $op) (i32.xor (local.get 0) (local.get 1)))
  (func $rotate (type $op) (i32.rotl (local.get 0) (local.get 1)))
  (func $min (type $op) (select (local.get 0) (local.get 1) (i32.lt_u (local.get 0) (local.get 1))))
  (func $mix (type $op)
    (i32.add (i32.mul (local.get 0) (i32.const 0x01000193)) (i32.shr_u (local.get 1) (i32.const 7))))
  (func $shift (type $op)
    (i32.or (i32.shl (local.get 0) (i32.const 3)) (i32.shr_u (local.get 1) (i32.const 29))))
  (func $weigh (param $x i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $c $d (i32.and (local.get $x) (i32.const 3))))
      (return (i32.const 3)))
      (return (i32.const 5)))
      (return (i32.const 7)))
    (i32.const 11))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $acc i32) (local $seed i32)
    (local.set $n (i32.mul (local.get $n) (i32.const 2000)))
    (local.set $acc (i32.const 0x811c9dc5))
    (loop $next
      (if (i32.lt_s (local.get $i) (local.get $n))
        (then
          (local.set $seed
            (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
          (local.set $acc
            (i32.add
              (call_indirect (type $op)
                (local.get $acc) (local.get $seed)
                (i32.and (i32.shr_u (local.get $seed) (i32.const 16)) (i32.const 7)))
              (call $weigh (local.get $acc))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))
    (local.get $acc)))
