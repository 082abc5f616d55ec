/** The programs behind the plain fixtures, in the text format. Only the recorder assembles them: a fixture carries its modules. */

export interface PlainProgram {
  readonly name: string;
  readonly about: string;
  readonly text: string;
  /** Arguments of the export `run`: `[type, low word, high word]`, or `['externref', name]`. */
  readonly args: readonly (readonly [string, number, number?])[];
}

export const PLAIN: readonly PlainProgram[] = [
  {
    name: 'recursion',
    about: 'deep frames at calls below an entry; i64 and f64 operands lie below the calls',
    args: [['i32', 9]],
    text: `(module
      (memory 1)
      (global $calls (mut i64) (i64.const -1))
      (func $fib (param $n i32) (result i64) (local $x f64)
        (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
        (local.set $x (f64.convert_i32_s (local.get $n)))
        (f64.store (i32.shl (local.get $n) (i32.const 3)) (f64.sqrt (local.get $x)))
        (if (result i64) (i32.lt_s (local.get $n) (i32.const 2))
          (then (i64.extend_i32_u (local.get $n)))
          (else (i64.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                         (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
      (func (export "run") (param i32) (result i64 i64 i32)
        (i64.const 0x123456789abcdef0) (call $fib (local.get 0)) (i32.const 77)))`,
  },
  {
    name: 'loops',
    about:
      'loops with several parameters, operands below them, br_table, NaN payloads in locals, globals and memory',
    args: [
      ['i32', 12],
      ['f32', 0x7fa12345 | 0],
      ['f64', 0x89abcdef | 0, 0x7ff45678],
    ],
    text: `(module
      (memory 1)
      (global $payload (mut f64) (f64.const nan:0x4000000000123))
      (global $last (mut f32) (f32.const -nan:0x200001))
      (func (export "run") (param $n i32) (param $f f32) (param $d f64) (result i64 f32 f64 i32)
        (local $kind i32)
        (f64.store (i32.const 64) (local.get $d))
        (f32.store (i32.const 72) (local.get $f))
        (i64.const 1) (i32.const 0)
        (loop $outer (param i64 i32) (result i64 i32)
          (i32.add (i32.const 3))
          (i64.const 5) (f64.const 0.5)
          (loop $inner (param i32 i64 f64) (result i32 i64 f64)
            (drop)
            (i64.add (i64.const 0x100000001))
            (local.set $kind (i32.rem_u (local.get $n) (i32.const 4)))
            (f64.const 1.25)
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (block $two (param i32 i64 f64) (result i32 i64 f64)
              (block $one (param i32 i64 f64) (result i32 i64 f64)
                (br_table $one $two $inner $one (local.get $kind))))
          )
          (drop)
          (i32.wrap_i64)
          (i32.xor)
          (global.set $last (f32.load (i32.const 72)))
          (i64.store (i32.const 8) (i64.load (i32.const 64)))
          (br_if $outer (i32.gt_s (local.get $n) (i32.const 0))))
        (global.set $payload (f64.load (i32.const 8)))
        (i32.store (i32.const 16))
        (global.get $last) (global.get $payload) (i32.load (i32.const 16))))`,
  },
  {
    name: 'tables',
    about:
      'call_indirect frames, tables that grow and are filled, function references in locals, dropped elements',
    args: [['i32', 7]],
    text: `(module
      (type $op (func (param i32) (result i32)))
      (table $t 4 20 funcref)
      (table $u 2 funcref)
      (global $kept (mut funcref) (ref.null func))
      (elem (table $t) (i32.const 0) func $twice $plus)
      (elem $passive func $minus $twice $plus)
      (elem $gone declare func $deep)
      (func $twice (type $op) (i32.shl (local.get 0) (i32.const 1)))
      (func $plus (type $op) (local $k i32)
        (loop (br_if 0 (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 3))))
        (i32.add (local.get 0) (local.get $k)))
      (func $minus (type $op) (i32.sub (call $twice (local.get 0)) (i32.const 9)))
      (func $deep (type $op)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
          (else (i32.add (i32.const 10)
            (call_indirect $t (type $op) (i32.sub (local.get 0) (i32.const 1)) (i32.const 3))))))
      (func (export "run") (param $n i32) (result i32 i32) (local $f funcref) (local $sum i32)
        (table.set $t (i32.const 3) (ref.func $deep))
        (local.set $f (table.get $t (i32.const 1)))
        (table.init $t $passive (i32.const 2) (i32.const 0) (i32.const 1))
        (drop (table.grow $t (local.get $f) (i32.const 3)))
        (elem.drop $passive)
        (global.set $kept (ref.func $minus))
        (loop $l
          (local.set $sum (i32.add (local.get $sum)
            (call_indirect $t (type $op) (local.get $n) (i32.rem_u (local.get $n) (i32.const 7)))))
          (table.copy $u $t (i32.const 0) (i32.and (local.get $n) (i32.const 3)) (i32.const 2))
          (table.fill $t (i32.const 5) (table.get $u (i32.const 1)) (i32.const 1))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (table.set $u (i32.const 0) (global.get $kept))
        (local.get $sum)
        (call_indirect $u (type $op) (local.get $sum) (i32.const 0))))`,
  },
  {
    name: 'bulk',
    about: 'bulk memory, a dropped data segment, growth, long runs of zeros and of 0xff',
    args: [['i32', 6]],
    text: `(module
      (memory 1 5)
      (data $words "passive words, to be dropped")
      (data (i32.const 100) "active\\00\\ff\\ff")
      (data $kept "kept")
      (func (export "run") (param $n i32) (result i32) (local $sum i32)
        (memory.init $words (i32.const 3000) (i32.const 2) (i32.const 20))
        (data.drop $words)
        (memory.fill (i32.const 5000) (i32.const 0xff) (i32.const 3000))
        (loop $l
          (if (i32.eq (local.get $n) (i32.const 4)) (then (drop (memory.grow (i32.const 2)))))
          (memory.copy (i32.add (i32.const 9000) (i32.mul (local.get $n) (i32.const 500)))
            (i32.const 4900) (i32.const 300))
          (memory.fill (i32.mul (local.get $n) (i32.const 700)) (local.get $n) (i32.const 9))
          (memory.init $kept (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4))
            (i32.const 0) (i32.const 4))
          (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 5))
            (i32.load (i32.mul (local.get $n) (i32.const 701)))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.xor (local.get $sum) (memory.size))))`,
  },
  {
    name: 'memory64',
    about: 'a memory and a table with 64-bit addresses',
    args: [['i64', 9]],
    text: `(module
      (memory i64 1 3)
      (table $t i64 3 funcref)
      (type $f (func (param i64) (result i64)))
      (elem (table $t) (i64.const 1) func $square)
      (func $square (type $f) (i64.mul (local.get 0) (local.get 0)))
      (func (export "run") (param $n i64) (result i64) (local $sum i64)
        (drop (memory.grow (i64.const 1)))
        (loop $l
          (i64.store offset=65530 (local.get $n) (call_indirect $t (type $f) (local.get $n) (i64.const 1)))
          (local.set $sum (i64.add (local.get $sum) (i64.load offset=65529 (local.get $n))))
          (br_if $l (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
        (i64.add (local.get $sum) (memory.size))))`,
  },
  {
    name: 'memories',
    about: 'several memories, one of them with pages of one byte',
    args: [['i32', 8]],
    text: `(module
      (memory $a 1)
      (memory $bytes 50 1000 (pagesize 1))
      (memory $empty 0 2)
      (data (memory $bytes) (i32.const 10) "byte pages")
      (func $work (param i32) (result i32)
        (drop (memory.grow $bytes (i32.const 7)))
        (i32.store8 $bytes (i32.sub (memory.size $bytes) (i32.const 1)) (local.get 0))
        (memory.copy $a $bytes (i32.const 0) (i32.const 5) (i32.const 40))
        (i32.load $a (local.get 0)))
      (func (export "run") (param $n i32) (result i32) (local $sum i32)
        (loop $l
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $work (local.get $n))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (drop (memory.grow $empty (i32.const 1)))
        (i32.store $empty (i32.const 8) (local.get $sum))
        (i32.add (local.get $sum) (memory.size $empty))))`,
  },
  {
    name: 'tail-calls',
    about: 'entries by return_call and return_call_indirect, with more and fewer parameters than the caller',
    args: [['i32', 15]],
    text: `(module
      (type $three (func (param i32 i64 i64) (result i64)))
      (table funcref (elem $odd))
      (func $even (param $n i32) (param $sum i64) (result i64)
        (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
        (return_call_indirect (type $three) (i32.sub (local.get $n) (i32.const 1)) (local.get $sum)
          (i64.const 3) (i32.const 0)))
      (func $odd (type $three) (local $k i32)
        (if (i32.eqz (local.get 0)) (then (return (i64.sub (i64.const 0) (local.get 1)))))
        (loop (br_if 0 (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 2))))
        (return_call $even (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (local.get 2))))
      (func (export "run") (param i32) (result i64)
        (i64.xor (i64.const 0x5555) (call $even (local.get 0) (i64.const 40)))))`,
  },
  {
    name: 'references',
    about: 'external references as locals, operands, globals and elements, by the names that the host gives',
    args: [
      ['externref', 7],
      ['i32', 4],
    ],
    text: `(module
      (import "host" "tag" (func $tag (param externref i32) (result externref)))
      (table $t 3 10 externref)
      (global $g (mut externref) (ref.null extern))
      (func (export "run") (param $r externref) (param $n i32) (result externref i32) (local $empty externref)
        (global.set $g (local.get $r))
        (drop (table.grow $t (local.get $r) (i32.const 1)))
        (local.get $r)
        (loop $l (param externref) (result externref)
          (table.set $t (i32.and (local.get $n) (i32.const 1)) (call $tag (local.get $r) (local.get $n)))
          (drop)
          (table.get $t (i32.and (local.get $n) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.add (ref.is_null (local.get $empty)) (ref.is_null (table.get $t (i32.const 2))))))`,
  },
  {
    name: 'imports',
    about:
      'a memory of the host under two imports, its table and globals, a start function that has run before',
    args: [['i32', 5]],
    text: `(module
      (import "host" "memory" (memory $m 1))
      (import "host" "tick" (func $tick (param i32) (result i32)))
      (import "host" "memory" (memory $same 1 4))
      (import "host" "table" (table $t 2 funcref))
      (import "host" "counter" (global $counter (mut i64)))
      (import "host" "constant" (global $constant f64))
      (global $mine i64 (i64.const 11))
      (elem (table $t) (i32.const 1) func $here)
      (func $here (param i32) (result i32) (call $tick (i32.add (local.get 0) (i32.const 100))))
      (func $start (i32.store8 $m (i32.const 3) (i32.const 9)))
      (start $start)
      (func (export "run") (param $n i32) (result i64 f64) (local $sum i32)
        (loop $l
          (i32.store $same (i32.shl (local.get $n) (i32.const 3)) (call $tick (local.get $n)))
          (global.set $counter (i64.add (global.get $counter) (global.get $mine)))
          (local.set $sum (i32.add (i32.load8_u $m (i32.const 3))
            (call_indirect $t (param i32) (result i32) (local.get $sum) (i32.const 1))))
          (drop (memory.grow $m (i32.and (local.get $n) (i32.const 1))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i64.add (global.get $counter) (i64.extend_i32_u (local.get $sum)))
        (f64.add (global.get $constant) (f64.const 1))))`,
  },
];

/** Waits in the host, directly, through a table and as a tail call, with operands below. */
export const WAITING = `(module
  (import "host" "wait" (func $wait (param i32) (result i32)))
  (import "host" "tick" (func $tick (param i32) (result i32)))
  (memory 1)
  (table funcref (elem $tick $wait))
  (func $tail (param i32) (result i32) (return_call $wait (i32.add (local.get 0) (i32.const 1000))))
  (func $inner (param i32) (result i32)
    (i32.add (i32.const 5) (call $wait (local.get 0))))
  (func (export "run") (param $n i32) (result i64) (local $sum i64)
    (loop $l
      (i64.const 3)
      (i64.extend_i32_u (call $inner (local.get $n)))
      (i64.extend_i32_u (call_indirect (param i32) (result i32) (local.get $n) (i32.const 1)))
      (i64.extend_i32_u (call $tail (local.get $n)))
      (local.set $sum (i64.add (i64.add) (i64.add (local.get $sum) (i64.mul))))
      (i64.store (i32.shl (local.get $n) (i32.const 4)) (local.get $sum))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`;

/** Is stopped inside its start function. */
export const STARTING = `(module
  (memory 1)
  (global $ready (mut i32) (i32.const 0))
  (func $start (local $i i32)
    (loop $l
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.mul (local.get $i) (local.get $i)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20))))
    (global.set $ready (i32.const 1)))
  (start $start))`;

/** Writes all over its memory, which grows, and folds what it reads: for series of deltas. */
export const WRITER = `(module
  (memory 4 8)
  (data (i32.const 70000) "there from the start")
  (func (export "run") (param $n i32) (result i32) (local $at i32) (local $sum i32)
    (loop $l
      (local.set $at (i32.rem_u (i32.mul (local.get $n) (i32.const 700))
        (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8))))
      (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 3)) (i32.load (local.get $at))))
      (i32.store (local.get $at) (i32.xor (local.get $sum) (local.get $n)))
      (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 11)))
        (then (memory.fill (local.get $at) (i32.const 0xff) (i32.const 300))))
      (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 25)))
        (then (drop (memory.grow (i32.const 1)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`;

/** Traps in the third frame, with things to look at in memory, table and globals. */
export const TRAPPING = `(module
  (memory 1)
  (table 2 funcref)
  (global $g (mut f32) (f32.const nan:0x200077))
  (elem (table 0) (i32.const 0) func $divide)
  (func $divide (param i32) (result i32)
    (i32.store (i32.const 40) (local.get 0))
    (i32.div_u (i32.const 100) (local.get 0)))
  (func (export "run") (param $n i32) (result i32)
    (loop $l
      (i32.store (i32.const 0) (call $divide (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $l))
    (unreachable)))`;

/** Three modules that are linked: functions, memory, table and globals cross between them. */
export const LINKED: readonly string[] = [
  `(module
    (import "host" "tick" (func $tick (param i32) (result i32)))
    (type $fold (func (param i64 i32) (result i64)))
    (memory (export "memory") 1 4)
    (table (export "table") 4 8 funcref)
    (global (export "count") (mut i32) (i32.const 0))
    (global (export "seed") i64 (i64.const 99))
    (elem (table 0) (i32.const 0) func $add)
    (data "passive")
    (func $add (type $fold)
      (i64.add (local.get 0) (i64.extend_i32_u (call $tick (local.get 1)))))
    (func (export "each") (param $n i32) (param $with i32) (result i64) (local $sum i64)
      (loop $next
        (local.set $sum (call_indirect (type $fold) (local.get $sum) (local.get $n) (local.get $with)))
        (i64.store (i32.shl (local.get $n) (i32.const 3)) (local.get $sum))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))`,
  `(module
    (type $fold (func (param i64 i32) (result i64)))
    (import "0" "each" (func $each (param i32 i32) (result i64)))
    (import "0" "memory" (memory 1))
    (import "0" "table" (table 2 funcref))
    (import "0" "count" (global $count (mut i32)))
    (import "0" "seed" (global $seed i64))
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (global $own (mut i64) (i64.const 5))
    (elem (table 0) (i32.const 1) func $mix)
    (data $late "0123456789")
    (func $mix (type $fold) (local $k i32)
      (global.set $count (i32.add (global.get $count) (call $wait (i32.const 1))))
      (local.set $k (i32.const 3))
      (loop $again
        (local.set 0 (i64.rotl (i64.add (local.get 0) (global.get $own)) (i64.const 7)))
        (br_if $again (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (i64.xor (local.get 0) (i64.extend_i32_u (local.get 1))))
    (func (export "run") (param $n i32) (result i64)
      (drop (memory.grow (i32.const 1)))
      (data.drop $late)
      (global.set $own (global.get $seed))
      (i64.xor
        (call $each (local.get $n) (i32.const 1))
        (call $each (local.get $n) (i32.const 0)))
      (i64.add (i64.extend_i32_u (global.get $count)))))`,
  `(module
    (import "1" "run" (func $run (param i32) (result i64)))
    (import "0" "memory" (memory 1))
    (memory $mine 1 (pagesize 1))
    (func (export "run") (param i32) (result i64)
      (i64.store (i32.const 60000) (i64.const 0x0102030405060708))
      (i32.store8 $mine (i32.const 0) (local.get 0))
      (i64.add (call $run (local.get 0)) (i64.load (i32.const 60000)))))`,
];
