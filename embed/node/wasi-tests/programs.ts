/** Small WASI programs in the text format, assembled when a test needs them. */
import wabt from 'wabt';

/** A module with one page of memory, `exports`, and the calls that it names as `$name`. */
const SIGNATURES: Readonly<Record<string, string>> = {
  fd_read: '(param i32 i32 i32 i32) (result i32)',
  fd_write: '(param i32 i32 i32 i32) (result i32)',
  fd_close: '(param i32) (result i32)',
  path_open: '(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)',
  poll_oneoff: '(param i32 i32 i32 i32) (result i32)',
  proc_exit: '(param i32)',
  sock_accept: '(param i32 i32 i32) (result i32)',
  args_sizes_get: '(param i32 i32) (result i32)',
};

export async function program(body: string): Promise<Uint8Array> {
  const used = Object.keys(SIGNATURES).filter((name) => body.includes(`$${name}`));
  const imports = used.map(
    (name) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${SIGNATURES[name]}))`,
  );
  const module = (await wabt()).parseWat(
    'program.wat',
    `(module $program ${imports.join('\n')} (memory (export "memory") 2) ${body})`,
  );
  const { buffer } = module.toBinary({ write_debug_names: true });
  module.destroy();
  return buffer;
}

/** Copies standard input to standard output, in upper case, until the end. */
export const UPPER = `
(func (export "_start") (local $n i32) (local $i i32)
  (loop $more
    (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 1000))
    (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $proc_exit (i32.const 9))))
    (local.set $n (i32.load (i32.const 8)))
    (local.set $i (i32.const 0))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      (if (i32.gt_u (i32.load8_u offset=100 (local.get $i)) (i32.const 96))
        (then (i32.store8 offset=100 (local.get $i) (i32.sub (i32.load8_u offset=100 (local.get $i)) (i32.const 32)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next)))
    (i32.store (i32.const 4) (local.get $n))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (br_if $more (local.get $n))))`;

/** Sleeps for the nanoseconds given, then prints "awake". */
export const sleeper = (nanoseconds: number) => `
(data (i32.const 200) "awake\\n")
(func (export "_start")
  (i32.store8 (i32.const 8) (i32.const 0))
  (i32.store (i32.const 16) (i32.const 1))
  (i64.store (i32.const 24) (i64.const ${nanoseconds}))
  (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 100)))
  (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 6))
  (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))))`;

/** Writes "out of wasm" to the file `out` below the first directory; exits with the errno of what failed. */
export const WRITE_FILE = `
(data (i32.const 200) "out") (data (i32.const 210) "out of wasm\\n")
(func (export "_start") (local $errno i32)
  (local.set $errno (call $path_open (i32.const 3) (i32.const 0) (i32.const 200) (i32.const 3) (i32.const 9)
    (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 100)))
  (if (local.get $errno) (then (call $proc_exit (local.get $errno))))
  (i32.store (i32.const 0) (i32.const 210)) (i32.store (i32.const 4) (i32.const 12))
  (call $proc_exit (call $fd_write (i32.load (i32.const 100)) (i32.const 0) (i32.const 1) (i32.const 104))))`;

export const FOREVER = '(func $spin (export "_start") (loop $l (br $l)))';
export const TRAPS = '(func $boom (unreachable)) (func $main (export "_start") (call $boom))';
