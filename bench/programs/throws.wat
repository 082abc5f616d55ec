;; n times 100 exceptions, each thrown and caught across ten frames. In the legacy encoding, which all anchors know that know any.
(module
  (tag $e (param i32))
  (func $deep (param $depth i32) (param $value i32) (result i32)
    (if (result i32) (local.get $depth)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $value))))
      (else (throw $e (local.get $value)))))
  (func $caught (param $value i32) (result i32)
    try (result i32)
      (call $deep (i32.const 9) (local.get $value))
    catch $e
    end)
  (func (export "run") (param $n i32) (result i32) (local $k i32) (local $sum i32)
    (local.set $k (i32.mul (local.get $n) (i32.const 100)))
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $caught (local.get $k))))
      (br_if $again (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (local.get $sum)))
