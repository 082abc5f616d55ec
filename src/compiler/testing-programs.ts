/** What every compiled tier is compared with the interpreter by: programs that are stopped and go on, and programs that trap. */

/** Bits of NaNs that arithmetic makes are the host's, where nothing is exact. */
export const ABOUT_NANS = 'NaNs with bits of their own';

/** A loop with three turns. */
const TURNS = `(local.set $k (i32.const 3))
  (loop $l
    (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $k)))
    (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))`;

/** Three loops, two of them beside each other in the third: one takes and gives values, the others have several branches back. */
const PART = `(local.set $k (i32.const 3))
  (i32.const 9)
  (loop $o
    (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $k)))
    ${'(local.set $s (i32.xor (local.get $s) (i32.rotl (local.get $n) (i32.const 7))))'.repeat(60)}
    (i32.const 1) (f64.const 0.5)
    (loop $v (param i32 f64) (result i32)
      (i32.add (i32.trunc_f64_s))
      (local.set $s (i32.add (local.get $s)))
      (i32.const 2) (f64.const 1.5)
      (br_if $v (i32.and (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (i32.const 1)))
      (drop))
    (local.set $s (i32.xor (local.get $s)))
    (local.set $j (i32.const 3))
    (loop $i
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) (call $fib (i32.const 1))))
      (br_if $i (i32.and (local.tee $j (i32.sub (local.get $j) (i32.const 1))) (i32.const 1)))
      (br_if $i (i32.gt_s (local.get $j) (i32.const 1)))
      (br_if $o (i32.gt_s (local.get $k) (i32.const 0)))))
  (local.set $s (i32.sub (local.get $s)))`;

/** Bodies of `run` that is called with 40, in a module with a memory, a table, globals, and functions to call. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'words of an i64 that are made of each other': `(local $a i64) (local $b i64)
    (local.set $a (i64.const 0x123456789abcdef0))
    (loop $l
      (local.set $b (local.get $a))
      (local.set $a (i64.rotl (local.get $a) (i64.const 32)))
      (local.set $a (i64.add (local.get $a) (i64.mul (local.get $b) (local.get $a))))
      (local.set $a (i64.xor (i64.shl (local.get $a) (i64.extend_i32_s (local.get $n))) (i64.shr_s (local.get $a) (i64.const 40))))
      (local.set $a (select (local.get $a) (i64.sub (i64.const 7) (local.get $b)) (i64.lt_s (local.get $a) (local.get $b))))
      (if (i64.ne (local.get $b) (i64.const 0)) (then (local.set $a (i64.add (local.get $a) (i64.rem_s (local.get $a) (local.get $b))))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (i32.wrap_i64 (local.get $a)) (i32.wrap_i64 (i64.shr_u (local.get $a) (i64.const 32))))`,
  'loops in loops that are entered in the middle': `(local $s i32) (local $k i32)
    (block $out
      (loop $o
        (local.set $k (i32.const 7))
        (if (i32.and (local.get $n) (i32.const 1)) (then
          (loop $l
            (local.set $s (i32.xor (i32.mul (local.get $s) (i32.const 17)) (local.get $k)))
            (local.set $k (i32.sub (local.get $k) (i32.const 1)))
            (br_if $l (i32.and (local.get $s) (i32.const 1)))
            (br_if $l (i32.gt_s (local.get $k) (i32.const 0)))
            (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 20)))))
        (else (loop $m
            (local.set $s (i32.add (local.get $s) (i32.const 5)))
            (br_if $out (i32.gt_s (local.get $s) (i32.const 0x70000000)))
            (br_if $m (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))))
        (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
    (local.get $s)`,
  'four loops inside each other, left for each of the outer ones': `(local $a i32) (local $b i32) (local $c i32) (local $s i32)
    (loop $1
      (local.set $a (i32.const 3))
      (loop $2
        (local.set $b (i32.const 3))
        (block $next (loop $3
          (local.set $c (i32.const 3))
          (loop $4
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.add (local.get $n) (i32.mul (local.get $b) (local.get $c)))))
            (br_if $next (i32.eqz (i32.rem_u (local.get $s) (i32.const 23))))
            (if (i32.eqz (i32.rem_u (local.get $s) (i32.const 19))) (then
              (br_if $1 (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
            (if (i32.eqz (i32.rem_u (local.get $s) (i32.const 11))) (then
              (br_if $2 (i32.gt_s (local.tee $a (i32.sub (local.get $a) (i32.const 1))) (i32.const 0)))))
            (br_if $4 (i32.gt_s (local.tee $c (i32.sub (local.get $c) (i32.const 1))) (i32.const 0))))
          (local.set $s (i32.add (local.get $s) (call $fib (i32.const 2))))
          (br_if $3 (i32.gt_s (local.tee $b (i32.sub (local.get $b) (i32.const 1))) (i32.const 0)))))
        (br_if $2 (i32.gt_s (local.tee $a (i32.sub (local.get $a) (i32.const 1))) (i32.const 0))))
      (br_if $1 (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $s)`,
  'loops beside each other, above operands': `(local $s i32) (local $k i32) (local $w i64)
    (i32.add
      (i32.mul (local.get $n) (i32.const 3))
      (block (result i32)
        (local.set $k (i32.const 4))
        (loop $a
          (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 7)) (local.get $k)))
          (br_if $a (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (i64.extend_i32_u (local.get $s))
        (f64.convert_i32_s (local.get $n))
        (local.set $n (i32.add (local.get $n) (i32.const 3)))
        (local.set $k (i32.const 3))
        (if (i32.and (local.get $s) (i32.const 2)) (then
          (loop $f
            (local.set $w (i64.add (i64.mul (local.get $w) (i64.const 3)) (i64.extend_i32_s (local.get $k))))
            (br_if $f (i32.and (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 15))))
          (local.set $k (i32.const 2))))
        (loop $b
          (local.set $w (i64.add (local.get $w) (i64.extend_i32_s (local.get $n))))
          (local.get $w)
          (local.set $w (i64.const 1))
          (if (result i32) (i32.and (local.get $n) (i32.const 1))
            (then
              (i32.const 11)
              (loop $c (result i32)
                (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $n)))
                (br_if $c (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 9)))
                (local.get $s))
              (i32.sub))
            (else
              (loop $d (result i32)
                (local.set $s (i32.xor (local.get $s) (i32.const 0x55)))
                (loop $e
                  (local.set $s (i32.add (local.get $s) (i32.const 1)))
                  (br_if $e (i32.and (local.get $s) (i32.const 3))))
                (br_if $d (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 5)))
                (local.get $n))))
          (local.set $s)
          (local.set $w (i64.add (local.get $w)))
          (br_if $b (i32.gt_s (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (i32.const 0))))
        (i32.trunc_f64_s)
        (local.set $s (i32.add (local.get $s)))
        (i32.wrap_i64)
        (i32.add (i32.wrap_i64 (local.get $w)))
        (i32.add (local.get $s))))`,
  'loops above operands that come and go': `(local $s i32) (local $k i32)
    (loop $o
      (i64.extend_i32_s (local.get $s))
      ${TURNS}
      (f32.convert_i32_s (local.get $n)) ${TURNS} (local.get $s) (f64.const 0.25) ${TURNS} ${TURNS}
      (drop) (i64.extend_i32_u (local.get $s)) ${TURNS}
      (i32.wrap_i64) (i32.add) ${TURNS}
      (if (param i32) (result i32) (i32.and (local.get $s) (i32.const 4))
        (then (local.set $k) ${TURNS} (i64.const 3) ${TURNS} (i32.wrap_i64) (i32.add (local.get $s)))
        (else (i32.const 1) (i32.add) (f32.const 1) ${TURNS} (i32.trunc_f32_s) (i32.sub)))
      (local.set $s) (i32.trunc_f32_s) (local.set $s (i32.xor (local.get $s)))
      (local.set $s (i32.sub (i32.wrap_i64) (local.get $s)))
      ${TURNS}
      (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 7))) (i32.const 0))))
    (local.get $s)`,
  'loops behind many calls, above operands': `(local $s i32) (local $k i32)
    (loop $o
      ${'(local.set $s (i32.add (local.get $s) (call $fib (i32.const 1))))'.repeat(33)}
      (local.set $k (i32.const 3))
      (i32.const 5)
      (loop $l
        ${'(local.set $s (i32.add (local.get $s) (call $fib (i32.const 2))))'.repeat(33)}
        (i32.const 6)
        (if (result i32) (i32.and (local.get $k) (i32.const 1))
          (then (loop $i (result i32)
            (br_if $i (i32.and (local.tee $s (i32.add (local.get $s) (i32.const 1))) (i32.const 3)))
            (local.get $s)))
          (else (i32.const 9)))
        (local.set $s (i32.sub))
        (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (local.set $s (i32.mul (local.get $s)))
      (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 25))) (i32.const 0))))
    (local.get $s)`,
  'loops in blocks with parameters': `(local $s i32) (local $k i32)
    (loop $o
      (local.set $k (i32.const 5))
      (i32.const 3)
      (i32.const 4)
      (block (param i32 i32) (result i32)
        (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3))))
        (loop $l (param i32) (result i32)
          (i32.add (local.get $k))
          (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1))))
          (i32.add (local.get $s))))
      (local.set $s)
      (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $s)`,
  'a loop that dispatches, with loops in it': `(local $s i32) (local $k i32) (local $dead i32) (local $op i32)
    (local.set $k (i32.const 12))
    (block $end (loop $next
      (local.set $op (i32.rem_u (local.get $s) (i32.const 9)))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 13)) (local.get $n)))
      (br_if $end (i32.lt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const -40)))
      (local.set $dead (i32.mul (local.get $s) (i32.const 3)))
      (block $8 (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
        (br_table $0 $1 $2 $3 $4 $5 $6 $7 $8 (local.get $op)))
        (local.set $s (i32.add (local.get $s) (i32.const 1))) (br $next))
        (loop $l
          (local.set $s (i32.add (local.get $s) (local.get $dead)))
          (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (local.set $k (i32.const 12)) (br $next))
        (local.set $s (i32.sub (local.get $s) (i32.const 5))) (br $next))
        (local.set $s (i32.xor (local.get $s) (i32.const 5))) (br $next))
        (local.set $s (i32.rotl (local.get $s) (i32.const 5))) (br $next))
        (local.set $s (i32.add (local.get $s) (call $fib (i32.const 3)))) (br $next))
        (loop $m
          (loop $i
            (local.set $s (i32.add (local.get $s) (i32.xor (local.get $dead) (local.get $k))))
            (br_if $i (i32.and (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (i32.const 3))))
          (br_if $m (i32.gt_s (local.get $k) (i32.const 0))))
        (local.set $k (i32.const 12)) (br $next))
        (local.set $s (i32.or (local.get $s) (i32.const 8))) (br $next))
        (local.set $s (i32.shr_u (local.get $s) (i32.const 1))) (br $next)))
    (local.get $s)`,
  'a long function with many loops': `(local $s i32) (local $k i32) (local $j i32) ${PART.repeat(12)} (local.get $s)`,
  'divisions by constants': `(local $s i32) (local $k i32)
    (loop $l
      (local.set $k (i32.mul (i32.sub (local.get $n) (i32.const 20)) (i32.const 0x9e3779b9)))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.div_s (local.get $k) (i32.const 7))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.div_s (local.get $k) (i32.const -3))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.div_s (local.get $k) (i32.const 0x80000000))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.div_u (local.get $k) (i32.const 10))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.div_u (local.get $k) (i32.const 0xfffffff0))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.rem_s (local.get $k) (i32.const 9))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.rem_s (local.get $k) (i32.const -4))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.rem_s (local.get $k) (i32.const -1))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.rem_u (local.get $k) (i32.const 1000))))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (i32.rem_u (local.get $k) (i32.const -5))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'addresses that are known to be aligned, and such that are not': `(local $s i32) (local $p i32) (local $q i32)
    (loop $l
      (local.set $p (i32.shl (local.get $n) (i32.const 2)))
      (local.set $q (i32.mul (local.get $n) (i32.const 6)))
      (i32.store offset=64 (local.get $p) (i32.mul (local.get $s) (i32.const 31)))
      (i32.store16 offset=130 (local.get $q) (local.get $s))
      (i32.store offset=64 (local.get $q) (i32.add (local.get $s) (local.get $n)))
      (if (i32.and (local.get $n) (i32.const 1))
        (then (local.set $p (i32.add (local.get $p) (i32.const 8))))
        (else (local.set $p (i32.add (local.get $p) (i32.const 3)))))
      (local.set $s (i32.add (local.get $s) (i32.load offset=60 (local.get $p))))
      (block $b
        (local.set $p (i32.shl (local.get $n) (i32.const 3)))
        (br_if $b (i32.rem_u (local.get $n) (i32.const 3)))
        (local.set $p (i32.add (local.get $n) (i32.const 64))))
      (local.set $s (i32.xor (local.get $s) (i32.wrap_i64 (i64.load offset=64 (local.get $p)))))
      (local.set $p (select (i32.and (local.get $s) (i32.const 0x38)) (i32.const 16) (local.get $n)))
      (f64.store offset=72 (local.get $p) (f64.convert_i32_s (local.get $s)))
      (local.set $p (i32.add (local.get $p) (call $fib (i32.const 2))))
      (local.set $s (i32.add (local.get $s) (i32.load16_u offset=80 (local.get $p))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'a loop that takes and gives values': `(local.get $n) (i32.const 1) (f64.const 0.5)
    (loop $l (param i32 f64) (result i32)
      (drop) (i32.mul (i32.const 3)) (f64.convert_i32_s (local.get $n)) (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (local.get $n)) (drop))
    (i32.add)`,
  'a switch back to two loops': `(local $s i32)
    (loop $a (loop $b (block $out
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $n)))
      (br_if $out (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (br_table $a $b $b $a (i32.rem_u (local.get $s) (i32.const 4))))))
    (local.get $s)`,
  'operands of all kinds below calls': `(local $x f64)
    (i64.const -5) (f32.const 1.5) (ref.func $sum) (local.get $n)
    (call $fib (i32.const 6)) (i32.add) (local.set $n)
    (drop) (i32.trunc_f32_s) (local.get $n) (i32.add) (local.set $n) (i32.wrap_i64) (local.get $n) (i32.add)`,
  'several results': `(local $s i32)
    (loop $l
      (call $three (local.get $n))
      (i32.wrap_i64) (i32.add) (local.set $s) (i32.trunc_f64_s) (i32.add (local.get $s)) (local.set $s)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'indirect calls, also of the host': `(local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s)
        (call_indirect (type $unary) (i32.and (local.get $n) (i32.const 7)) (i32.rem_u (local.get $n) (i32.const 4)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'globals that a callee changes which stops': `
    (local $k i32)
    (loop $l
      (global.set $g (i64.mul (global.get $g) (i64.const 3)))
      (call $counts (i32.and (local.get $n) (i32.const 3)))
      (local.set $k (i32.add (local.get $k) (i32.wrap_i64 (global.get $g))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $k)`,
  'globals and memory that the host changes': `
    (loop $l
      (global.set $g (i64.add (global.get $g) (i64.const 3)))
      (i32.store (i32.shl (local.get $n) (i32.const 2)) (call $host (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (i32.wrap_i64 (global.get $g)) (i32.load (i32.const 8)))`,
  'work in bulk, and a memory that grows in a quiet function': `(local $r i32)
    (loop $l
      (memory.fill (i32.const 0) (local.get $n) (i32.const 9000))
      (memory.copy (i32.const 30) (i32.const 0) (i32.const 5000))
      (local.set $r (i32.add (local.get $r) (call $grow)))
      (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8)) (local.get $n))
      (local.set $r (i32.add (local.get $r) (i32.load (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 7)))))
      (call $quietly)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 10)))))
    (i32.add (local.get $r) (i32.load (i32.const 60)))`,
  'loops behind work in bulk': `(local $s i32) (local $k i32)
    (loop $l
      (memory.fill (i32.const 0) (local.get $n) (i32.const 60000))
      (local.set $k (i32.const 5))
      (loop $small (local.set $s (i32.add (local.get $s) (local.get $k)))
        (br_if $small (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (memory.fill (i32.const 0) (local.get $n) (i32.const 50000))
      (local.set $k (i32.const 2))
      (loop $calls (local.set $s (i32.add (local.get $s) (call $fib (i32.const 2))))
        (br_if $calls (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 10)))))
    (local.get $s)`,
  'loops behind quiet frames of many slots': `(local $s i32) (local $k i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (call $wide (local.get $n))))
      (local.set $k (i32.const 3))
      (loop $outer
        (loop $inner (local.set $s (i32.mul (i32.add (local.get $s) (local.get $k)) (i32.const 3)))
          (br_if $inner (i32.and (local.get $s) (i32.const 4))))
        (br_if $outer (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'tables and references': `(local $x externref) (local $f funcref)
    (loop $l
      (local.set $f (ref.func $sum))
      (table.set $t (i32.const 4) (local.get $f))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (drop (call_indirect $t (type $unary) (local.get $n) (i32.const 4)))
      (table.set $t (i32.const 4) (ref.null func))
      (local.set $f (select (result funcref) (local.get $f) (ref.null func) (local.get $n)))
      (br_if $l (local.get $n)))
    (i32.add (ref.is_null (local.get $f)) (i32.add (ref.is_null (local.get $x)) (ref.is_null (table.get $t (i32.const 4)))))`,
  'tail calls': '(return_call $tail (local.get $n) (i32.const 1))',
  'tail calls of the host, and through a table': `(drop (call $fib (i32.const 3)))
    (if (local.get $n) (then (return_call_indirect (type $unary) (local.get $n) (i32.const 2))))
    (return_call $host (local.get $n))`,
  'a loop': `(local $s i32)
    (loop $l (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'loops in loops, with branches back from several places': `(local $s i32) (local $k i32)
    (loop $o
      (local.set $k (i32.const 7))
      (loop $l
        (local.set $s (i32.xor (i32.mul (local.get $s) (i32.const 17)) (local.get $k)))
        (local.set $k (i32.sub (local.get $k) (i32.const 1)))
        (br_if $l (i32.and (local.get $s) (i32.const 1)))
        (br_if $l (i32.gt_s (local.get $k) (i32.const 0)))
        (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 20))))
      (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $s)`,
  'small loops that are left from blocks of their own': `(local $s i32) (local $k i32)
    (block $out
      (loop $o
        (local.set $k (i32.const 9))
        (block $b
          (loop $l
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $k)))
            (block (if (i32.eq (i32.and (local.get $s) (i32.const 15)) (i32.const 3))
              (then (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 3))) (i32.const 8))) (br $out))
              (else (block (br_if $b (i32.eq (i32.and (local.get $s) (i32.const 31)) (i32.const 6)))))))
            (if (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (then (br $l)))))
        (loop $m
          (local.set $s (i32.xor (local.get $s) (i32.shl (local.get $k) (i32.const 3))))
          (br_if $m (i32.lt_s (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 9))))
        (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
    (local.get $s)`,
  'operands below calls and blocks': `(i32.add (i32.const 1000) (i32.add (local.get $n)
      (block (result i32) (i32.mul (call $fib (i32.const 6)) (if (result i32) (local.get $n)
        (then (i32.sub (i32.const 9) (call $fib (i32.const 5)))) (else (i32.const 1)))))))`,
  'calls of functions that loop': `(local $s i64) (local $f f32)
    (local.set $f (f32.const nan:0x200001))
    (loop $l
      (local.set $s (i64.add (local.get $s) (i64.extend_i32_s (call $sum (local.get $n)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (i32.wrap_i64 (local.get $s)) (i32.reinterpret_f32 (local.get $f)))`,
  'work in bulk': `(local $r i32)
    (loop $l
      (memory.fill (i32.const 0) (local.get $n) (i32.const 9000))
      (memory.copy (i32.const 30) (i32.const 0) (i32.const 5000))
      (local.set $r (i32.add (local.get $r) (memory.grow (i32.const 1))))
      (call $quietly)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 10)))))
    (i32.add (local.get $r) (i32.load (i32.const 60)))`,
  'a tail call of the host': '(drop (call $fib (i32.const 3))) (return_call $host (local.get $n))',
  'code that nothing reaches': `(local $s i32)
    (block $b (result i32)
      (loop $l (result i32)
        (local.set $s (i32.add (local.get $s) (i32.const 3)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
        (br $b (local.get $s))
        (drop (call $fib (unreachable)))
        (block (br $l))))`,
  [ABOUT_NANS]: `
    (local $f f32) (local $d f64) (local $s i32)
    (i32.store (i32.const 0) (i32.const 0x7fa12345))
    (i64.store (i32.const 8) (i64.const 0xfff4567812345678))
    (loop $l
      (local.set $f (f32.load (i32.const 0)))
      (local.set $d (f64.load (i32.const 8)))
      (if (i32.and (local.get $n) (i32.const 1)) (then (local.set $d (f64.neg (local.get $d)))))
      (if (i32.and (local.get $n) (i32.const 2)) (then (local.set $d (call $same (local.get $d)))))
      (if (i32.and (local.get $n) (i32.const 4)) (then (local.set $f (f32.neg (f32.neg (local.get $f))))))
      (if (i32.and (local.get $n) (i32.const 8)) (then (local.set $d (f64.add (local.get $d) (f64.const 1)))))
      (f64.store (i32.const 17) (local.get $d))
      (f32.store (i32.const 26) (local.get $f))
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31))
        (i32.add (i32.reinterpret_f32 (local.get $f))
          (i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 (local.get $d)) (i64.const 29))))))
      (global.set $d (local.get $d))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $s) (i32.wrap_i64 (i64.load (i32.const 17))))`,
};

/** The module that a body is run in. */
export const moduleOf = (body: string) => `(module
  (type $unary (func (param i32) (result i32)))
  (import "env" "host" (func $host (type $unary)))
  (memory (export "memory") 1)
  (table $t 5 funcref)
  (global $g (export "g") (mut i64) (i64.const 5))
  (global $d (export "d") (mut f64) (f64.const 5))
  (elem (i32.const 0) $sum $fib $host $inc)
  (func $fib (type $unary)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $sum (param $n i32) (result i32) (local $s i32)
    (loop $l (local.set $s (i32.add (local.get $s) (local.get $n)))
      (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $s))
  (func $inc (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $same (param f64) (result f64) (local.get 0))
  (func $three (param i32) (result f64 i32 i64)
    (f64.convert_i32_s (local.get 0)) (call $sum (local.get 0)) (i64.extend_i32_s (local.get 0)))
  (func $grow (result i32) (memory.grow (i32.const 1)))
  (func $counts (param i32)
    (loop $l (global.set $g (i64.add (global.get $g) (i64.const 1)))
      (br_if $l (i32.ge_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))))
  (func $quietly (memory.fill (i32.const 5) (i32.const 5) (i32.const 20000)))
  (func $wide (param i32) (result i32) (local${' i32'.repeat(600)}) (local.get 0))
  (func $tail (param i32 i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $tail (i32.sub (local.get 0) (i32.const 1)) (i32.mul (local.get 1) (call $inc (local.get 0)))))
  (func (export "run") (param $n i32) (result i32) ${body}))`;

/** Bodies of a function that traps, and the code of the trap. */
export const TRAPS: readonly (readonly [code: string, body: string])[] = [
  ['divideByZero', '(i32.div_s (local.get $n) (i32.sub (local.get $n) (i32.const 40)))'],
  ['integerOverflow', '(i32.div_s (i32.const 0x80000000) (i32.sub (local.get $n) (i32.const 41)))'],
  ['divideByZero', '(i32.rem_u (local.get $n) (i32.const 0))'],
  ['integerOverflow', '(i32.div_s (i32.sub (i32.const 0x80000028) (local.get $n)) (i32.const -1))'],
  ['invalidConversion', '(i32.trunc_f32_s (f32.const nan))'],
  ['integerOverflow', '(i32.trunc_f64_u (f64.const 1e30))'],
  ['memoryBounds', '(i32.load (i32.const -4))'],
  ['memoryBounds', '(i32.load8_u offset=7 (i32.sub (local.get $n) (i32.const 41)))'],
  ['memoryBounds', '(i32.load offset=0xffffffff (local.get $n))'],
  ['memoryBounds', '(i32.store16 offset=1 (i32.const 65534) (i32.const 1)) (i32.const 0)'],
  ['memoryBounds', '(i64.store (i32.const 65532) (i64.const 1)) (i32.const 0)'],
  ['memoryBounds', '(memory.fill (i32.const 65530) (i32.const 1) (i32.const 10)) (i32.const 0)'],
  ['undefinedElement', '(call_indirect (type $unary) (i32.const 1) (i32.const 5))'],
  ['uninitializedElement', '(call_indirect (type $unary) (i32.const 1) (i32.const 4))'],
  ['indirectCallType', '(call_indirect (param i64) (result i32) (i64.const 1) (i32.const 0))'],
  ['unreachable', '(drop (call $sum (i32.const 3))) (unreachable)'],
  ['callStackExhausted', '(call $deep (local.get $n))'],
  ['unreachable', '(global.set $g (i64.const 99)) (drop (call $host (local.get $n))) (unreachable)'],
  // The native tier takes no function that has references among its operands.
  ['uninitializedElement', '(global.set $g (i64.const 99)) (call $refused)'],
  ['unreachable', '(global.set $g (i64.const 99)) (i32.store (i32.const 4) (i32.const 5)) (unreachable)'],
];
