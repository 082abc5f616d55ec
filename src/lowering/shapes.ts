/**
 * For tests: functions whose lowering is compared as text (shapes.test.ts, golden/). Each is the body of a function of type
 * [i32 i64 f32 f64] -> [i32] with the locals $a $b $f $d and, declared, $x (i32), $y (i64), $r (funcref).
 */
export const SHAPES: Readonly<Record<string, string>> = {
  'constants go right': '(i32.lt_u (i32.const 5) (local.get $a))',
  'subtraction of a constant': '(i32.sub (local.get $a) (i32.const 7))',
  'comparison with zero':
    '(i32.or (i32.eq (local.get $a) (i32.const 0)) (i64.eq (i64.const 0) (local.get $b)))',
  'shifts by constants': `(local.set $y (i64.shr_u (i64.shl (local.get $b) (i64.const 3)) (i64.const 40)))
    (local.set $y (i64.rotr (local.get $y) (i64.const 8))) (i32.const 0)`,
  'a large tree is cut': `(i32.add (i32.mul (i32.add (i32.mul (i32.add (i32.mul (i32.add (i32.mul (i32.add (i32.mul
    (i32.add (i32.mul (i32.add (i32.mul (i32.add (i32.mul (i32.add (i32.mul (local.get $a) (local.get $a)) (local.get $a))
    (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a))
    (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a)) (local.get $a))`,
  'a local that is read is kept': '(local.get $a) (local.set $a (i32.const 1)) (local.get $a) (i32.add)',
  'tee is set and get': '(i32.mul (local.tee $x (i32.add (local.get $a) (i32.const 1))) (local.get $x))',
  'a load is not moved across a store': `(i32.load (i32.const 4)) (i32.store (i32.const 4) (local.get $a)) (i32.const 1) (i32.add)`,
  'traps keep their order': '(i32.div_s (i32.const 1) (local.get $a)) (drop (i32.load (i32.const 8)))',
  'what cannot trap is dropped': '(drop (i32.add (local.get $a) (i32.const 1))) (i32.const 0)',
  'stores of narrow integers': `(i64.store32 offset=4 (i32.const 0) (local.get $b)) (i64.store8 (i32.const 0) (local.get $b))
    (i32.store16 (local.get $a) (local.get $x)) (i32.const 0)`,
  'floats are moved as bits': `(f32.store (i32.const 0) (f32.load (i32.const 4)))
    (f64.store (i32.const 8) (f64.neg (f64.load (i32.const 16)))) (i32.const 0)`,
  'NaNs of arithmetic': '(local.set $d (f64.neg (f64.add (local.get $d) (local.get $d)))) (i32.const 0)',
  copysign: '(i32.reinterpret_f32 (f32.copysign (local.get $f) (f32.const -1)))',
  'reinterpretation of a load': '(i32.reinterpret_f32 (f32.load (local.get $a)))',
  'an offset that is large': '(i32.load8_u offset=0x80000001 (local.get $a))',
  'select of what traps': '(select (i32.load (i32.const 0)) (i32.const 1) (local.get $a))',
  'select that reads': '(select (local.get $a) (local.get $x) (i32.lt_s (local.get $a) (local.get $x)))',
  'select of references':
    '(local.set $r (select (result funcref) (local.get $r) (ref.func $g) (local.get $a))) (i32.const 0)',
  'globals of numbers and references': `(global.set $n (f64.add (global.get $n) (local.get $d)))
    (global.set $s (global.get $s)) (local.get $x)`,
  'if with results': '(if (result i32) (local.get $a) (then (i32.const 1)) (else (i32.const 2)))',
  'if without else': '(if (i32.eqz (local.get $a)) (then (local.set $x (i32.const 3)))) (local.get $x)',
  'an if that returns': '(if (local.get $a) (then (return (i32.const 9)))) (local.get $x)',
  'a then that does not end': '(if (result i32) (local.get $a) (then (unreachable)) (else (local.get $x)))',
  'a block left with a value': `(block $o (result i32) (local.get $x) (br_if $o (local.get $a) (local.get $x)) (drop) (i32.const 4) (i32.add))`,
  'a branch that moves nothing':
    '(block $o (br_if $o (local.get $a)) (local.set $x (i32.const 1))) (local.get $x)',
  'operands below a branch': '(local.get $x) (i32.const 8) (br_if 0 (local.get $a)) (i32.add)',
  'a loop that counts': `(loop $l (local.set $a (i32.sub (local.get $a) (i32.const 1)))
    (br_if $l (local.get $a))) (local.get $x)`,
  'a loop with parameters': `(i32.const 1) (local.get $b) (loop $l (param i32 i64) (result i32)
    (local.set $y) (i32.mul (local.get $a)) (local.get $y) (br_if $l (i32.const 0)) (drop))`,
  'a loop that nothing goes back to': '(loop (local.set $x (i32.const 5))) (local.get $x)',
  'nested loops': `(loop $o (loop $i (br_if $i (local.get $a)) (br_if $o (local.get $x)))) (local.get $a)`,
  'br_table to labels and stubs': `(block $z (result i32) (block $w (result i32) (block $v
    (i32.const 7) (local.get $a) (br_table $w $z $w)) (unreachable)) (i32.const 1) (i32.add))`,
  'br_table to a loop': '(loop $l (block $o (br_table $l $o $l $o (local.get $a)))) (local.get $x)',
  'dead code': '(return (local.get $a)) (block (br 0)) (drop) (i32.const 1) (if (then (nop)) (else (nop)))',
  'code behind an endless loop': '(loop $l (br $l)) (i32.const 3)',
  'a call with operands below':
    '(local.get $a) (call $g (local.get $x) (local.get $b)) (drop) (i32.add (i32.const 1))',
  'a call of several results': '(call $two) (i32.add)',
  'an indirect call':
    '(call_indirect (type $p) (local.get $x) (local.get $b) (i32.add (local.get $a) (i32.const 1)))',
  'tail calls': `(if (local.get $a) (then (return_call $k (local.get $x))))
    (return_call_indirect (type $q) (i32.const 3) (local.get $a))`,
  'bulk operations': `(memory.fill (local.get $a) (i32.const 0) (local.get $x)) (memory.copy (i32.const 0) (i32.const 8) (i32.const 4))
    (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 2)) (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
    (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 2)) (table.fill $t (i32.const 0) (local.get $r) (i32.const 1)) (i32.const 0)`,
  'memory and table instructions': `(table.set $t (i32.const 0) (table.get $t (i32.const 1))) (data.drop $bytes) (elem.drop $e)
    (drop (table.grow $t (ref.null func) (i32.const 2))) (drop (table.size $t)) (drop (ref.is_null (local.get $r)))
    (i32.add (memory.size) (memory.grow (local.get $a)))`,
  'several results move together': `(block $o (result i32 i32 i32 i32 i32 i32)
    (i32.const 0) (call $six) (br_if $o (local.get $a)) (br $o))
    (i32.add) (i32.add) (i32.add) (i32.add) (i32.add)`,
  'many operands wait': `${'(local.get $a) '.repeat(40)} ${'(i32.add) '.repeat(39)}`,
};

/** A module of one shape, the function of which is the first defined one. */
export function shapeModule(body: string): string {
  return `(module
    (type $p (func (param i32 i64) (result i32)))
    (type $q (func (param i32) (result i32)))
    (memory 1)
    (table $t 4 funcref)
    (global $n (mut f64) (f64.const 0))
    (global $s (mut funcref) (ref.null func))
    (func $shape (param $a i32) (param $b i64) (param $f f32) (param $d f64) (result i32)
      (local $x i32) (local $y i64) (local $r funcref) ${body})
    (func $g (param i32 i64) (result i32) (local.get 0))
    (func $k (param i32) (result i32) (local.get 0))
    (func $two (result i32 i32) (i32.const 1) (i32.const 2))
    (func $six (result i32 i32 i32 i32 i32 i32) (unreachable))
    (elem $e func $g $k)
    (data $bytes "ab"))`;
}

/**
 * The same with typed references: bodies of type [i32 i64] -> [i32] with the locals $a, $b, $x (i32), $r (funcref), $s ((ref null $p)) and $c (exnref).
 */
export const REFERENCE_SHAPES: Readonly<Record<string, string>> = {
  'calls by reference': `(call_ref $p (local.get $x) (local.get $b) (local.get $s)) (drop)
    (return_call_ref $p (local.get $a) (local.get $b) (ref.as_non_null (local.get $s)))`,
  'catch clauses': `(loop $l (block $o (block $v (result i32) (block $r (result i32 exnref)
    (try_table (catch $e $v) (catch_ref $e $r) (catch_all $l) (br $o)
      (drop (call $callee (local.get $x) (local.get $b))))
    (br $o)) (local.set $c) (br $v)) (local.set $x))) (local.get $x)`,
  'a throw and a catch that returns': `(try_table (result i32) (catch $e 0) (throw $e (local.get $a)))`,
  'legacy handlers': `try $t (result i32)
      (call $callee (local.get $a) (local.get $b))
    catch $e
      (drop (call $callee (local.get $x) (local.get $b)))
      rethrow 0
    catch_all
      try (call $pause) delegate $t
      (i32.const 2)
    end`,
  'branches on null': `(block $o (result (ref $p)) (block $n (br_on_non_null $o (local.get $s))
    (drop (br_on_null $n (local.get $r)))) (unreachable)) (ref.is_null)`,
};

/** A module of one of those, in the text format of WebAssembly 3.0. */
export function referenceShapeModule(body: string): string {
  return `(module
    (type $p (func (param i32 i64) (result i32)))
    (func $shape (param $a i32) (param $b i64) (result i32)
      (local $x i32) (local $r funcref) (local $s (ref null $p)) (local $c exnref)
      ${body})
    (func $callee (type $p) (i32.const 0))
    (func $pause (loop))
    (tag $e (param i32)))`;
}
