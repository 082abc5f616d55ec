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

/** Counts to its argument in a loop, and in memory, so that a lost or repeated turn would show. */
export const LONG = `(module
  (memory (export "memory") 1)
  (func (export "count") (param $limit i32) (result i32)
    (loop $next
      (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
      (br_if $next (i32.lt_u (i32.load (i32.const 16)) (local.get $limit))))
    (i32.load (i32.const 16)))
  (func (export "now") (result i32) (i32.load (i32.const 16))))`;

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
