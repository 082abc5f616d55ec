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
