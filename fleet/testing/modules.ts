/** Guests for tests, as text: the papers' stateful module, a long computation, one that writes, one that traps. */
import wabt from 'wabt';

/** Each call gives the next Fibonacci number pair's first: 1 2 3 5 8 13, held in globals. */
export const STATEFUL = `(module
  (memory (export "memory") 1)
  (global $a (mut i32) (i32.const 1))
  (global $b (mut i32) (i32.const 1))
  (func (export "fibo") (result i32)
    (local $next i32)
    (local.set $next (i32.add (global.get $a) (global.get $b)))
    (global.set $a (global.get $b))
    (global.set $b (local.get $next))
    (global.get $a))
  (func (export "fail") unreachable))`;

/** The module of the papers' chains: fibo(5) = 8, fibo(8) = 34. */
export const FIBO = `(module (func $f (export "fibo") (param $n i32) (result i32)
  (if (result i32) (i32.lt_s (local.get $n) (i32.const 2)) (then (i32.const 1))
    (else (i32.add (call $f (i32.sub (local.get $n) (i32.const 1))) (call $f (i32.sub (local.get $n) (i32.const 2))))))))`;

/**
 * Each call gives the next number: 1 2 3, so that what is lost or repeated can be seen in one value. It is kept at both ends of the memory, which
 * have to agree.
 */
export const COUNTER = `(module
  (memory (export "memory") 4)
  (func (export "next") (result i32)
    (if (i32.ne (i32.load (i32.const 16)) (i32.load (i32.const 262000))) (then unreachable))
    (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
    (i32.store (i32.const 262000) (i32.load (i32.const 16)))
    (i32.load (i32.const 16))))`;

/** Counts to its argument in a loop, and in memory, so that a lost or repeated turn would show. */
export const LONG = `(module
  (memory (export "memory") 1)
  (func (export "count") (param $limit i32) (result i32)
    (loop $next
      (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
      (br_if $next (i32.lt_u (i32.load (i32.const 16)) (local.get $limit))))
    (i32.load (i32.const 16)))
  (func (export "now") (result i32) (i32.load (i32.const 16))))`;

/** Multiplies by what its model says: `open` loads it, `infer` computes, each as often as it is called. */
export const INFERRING = `(module
  (import "wasi_ephemeral_nn" "load" (func $load (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $context (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "\\08\\03")
  (func (export "open") (result i32)
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 2))
    (i32.or (call $load (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 8))
      (call $context (i32.load (i32.const 8)) (i32.const 12))))
  (func (export "put") (param $x f32) (result i32)
    (f32.store (i32.const 128) (local.get $x))
    (i32.store (i32.const 96) (i32.const 1))
    (i32.store (i32.const 100) (i32.const 96)) (i32.store (i32.const 104) (i32.const 1))
    (i32.store (i32.const 108) (i32.const 1))
    (i32.store (i32.const 112) (i32.const 128)) (i32.store (i32.const 116) (i32.const 4))
    (call $set (i32.load (i32.const 12)) (i32.const 0) (i32.const 100)))
  (func (export "compute") (result i32) (call $compute (i32.load (i32.const 12))))
  (func (export "get") (result f32)
    (if (call $get (i32.load (i32.const 12)) (i32.const 0) (i32.const 160) (i32.const 4) (i32.const 192))
      (then unreachable))
    (f32.load (i32.const 160))))`;

/** Takes a picture (`picture` gives its length, `start` its first two bytes), and calls `fibo` of s~main, and of one that there is not. */
export const CALLING = `(module
  (import "camera" "takeImageStaticSize" (func $take (param i32 i32)))
  (import "communication" "rpcCall" (func $call (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "s~main/fibonobody~main/fibo[]")
  (func (export "picture") (result i32)
    (i32.store (i32.const 64) (i32.const 1000))
    (call $take (i32.const 128) (i32.const 64))
    (i32.load (i32.const 64)))
  (func (export "start") (result i32) (i32.load16_u (i32.const 128)))
  (func (export "other") (call $call (i32.const 0) (i32.const 11) (i32.const 27) (i32.const 2)))
  (func (export "nobody") (call $call (i32.const 11) (i32.const 16) (i32.const 27) (i32.const 2))))`;

/** Has a model in its memory: `open` loads it, `infer` computes with numbers that it makes up (fractions of 17) and gives the first result; `result` gives each of the last ones. */
export function modelGuest(model: Uint8Array, dimensions: readonly number[]): string {
  const count = dimensions.reduce((product, length) => product * length);
  const [shape, tensor, result, input] = [256, 320, 512, 1024];
  const at = input + 4 * count;
  const bytes = Array.from(model, (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  const words = dimensions.map(
    (length, k) => `(i32.store (i32.const ${shape + 4 * k}) (i32.const ${length}))`,
  );
  return `(module
  (import "wasi_ephemeral_nn" "load" (func $load (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $context (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") ${Math.ceil((at + model.length) / 65_536)})
  (data (i32.const ${at}) "${bytes}")
  (func (export "open") (result i32)
    (i32.store (i32.const 0) (i32.const ${at})) (i32.store (i32.const 4) (i32.const ${model.length}))
    (i32.or (call $load (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 8))
      (call $context (i32.load (i32.const 8)) (i32.const 12))))
  (func (export "infer") (result f32) (local $k i32)
    (loop $next
      (f32.store offset=${input} (i32.shl (local.get $k) (i32.const 2))
        (f32.div (f32.convert_i32_u (i32.rem_u (local.get $k) (i32.const 17))) (f32.const 17)))
      (local.set $k (i32.add (local.get $k) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $k) (i32.const ${count}))))
    ${words.join('\n    ')}
    (i32.store (i32.const ${tensor}) (i32.const ${shape})) (i32.store (i32.const ${tensor + 4}) (i32.const ${dimensions.length}))
    (i32.store (i32.const ${tensor + 8}) (i32.const 1))
    (i32.store (i32.const ${tensor + 12}) (i32.const ${input})) (i32.store (i32.const ${tensor + 16}) (i32.const ${4 * count}))
    (if (i32.or (call $set (i32.load (i32.const 12)) (i32.const 0) (i32.const ${tensor})) (call $compute (i32.load (i32.const 12))))
      (then unreachable))
    (if (call $get (i32.load (i32.const 12)) (i32.const 0) (i32.const ${result}) (i32.const 64) (i32.const 192))
      (then unreachable))
    (f32.load (i32.const ${result})))
  (func (export "result") (param $k i32) (result f32)
    (f32.load offset=${result} (i32.shl (local.get $k) (i32.const 2)))))`;
}

/**
 * Writes so many blocks of 4 KiB, waits, and writes the next ones, round and round through its memory; each block has to hold what was written
 * there the last time. So a block that is lost or late in a move is a trap.
 */
export const writer = (pages: number): string => `(module
  (import "sys" "delay" (func $delay (param i32)))
  (memory (export "memory") ${pages})
  (global $count (mut i32) (i32.const 0))
  (func (export "fill") (memory.fill (i32.const 0) (i32.const 0x5a) (i32.const ${pages * 65_536})))
  (func $write (local $at i32)
    (local.set $at (i32.shl (i32.rem_u (global.get $count) (i32.const ${pages * 16})) (i32.const 12)))
    (if (i32.ne (i32.load (local.get $at))
          (select (i32.const 0x5a5a5a5a) (i32.sub (global.get $count) (i32.const ${pages * 16}))
            (i32.lt_u (global.get $count) (i32.const ${pages * 16}))))
      (then unreachable))
    (i32.store (local.get $at) (global.get $count))
    (global.set $count (i32.add (global.get $count) (i32.const 1))))
  (func (export "run") (param $times i32) (param $burst i32) (param $pause i32) (result i32) (local $left i32)
    (loop $next
      (call $delay (local.get $pause))
      (local.set $left (local.get $burst))
      (loop $more
        (call $write)
        (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (br_if $next (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (global.get $count)))`;

/** A library and a program that is linked with it: the state is the library's. */
export const LIBRARY = `(module
  (global $n (mut i32) (i32.const 0))
  (func (export "next") (result i32)
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (global.get $n)))`;
export const PROGRAM = `(module
  (import "library" "next" (func $next (result i32)))
  (func (export "twice") (result i32) (drop (call $next)) (call $next)))`;

/** A WASI command that prints. */
export const HELLO = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hello\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`;

export async function assemble(text: string): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const parsed = parseWat('test.wat', text);
  try {
    return new Uint8Array(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}
