/** The program of the files bench: one WASI command in the text format, made for a size of file and of buffers. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

export interface FilesTask {
  readonly megabytes: number;
  /** Bytes that each call moves: the only buffer there is. */
  readonly buffer: number;
  /** Each writes the whole file, closes it, and reads it again. */
  readonly passes: number;
}

/** Where the program keeps its things; the buffer starts with the second page of memory. */
const BUFFER = 65536;

/**
 * Writes to standard output, as u64, the nanoseconds of each pass: writing, then reading. Every buffer carries its number, and the reader
 * checks it. Opening, closing and removing the file are not in the figures.
 */
export function filesProgram({ megabytes, buffer, passes }: FilesTask): string {
  const count = (megabytes * 2 ** 20) / buffer;
  const pages = 1 + Math.ceil(buffer / 65536);
  const wasi = (name: string, params: string) =>
    `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${params}) (result i32)))`;
  const loop = (call: string, body: string) => `
    (call $now) (local.set $start)
    (local.set $k (i32.const 0))
    (loop $next
      ${body}
      (if (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const ${count})) (then (br $next))))
    (call $now) (local.set $start (i64.sub (local.get $start)))
    ;; ${call}
    (i64.store (local.get $result) (local.get $start))
    (local.set $result (i32.add (local.get $result) (i32.const 8)))`;
  const transfer = (call: string) =>
    `(call $ok (call $${call} (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 16)))
      (if (i32.ne (i32.load (i32.const 16)) (i32.const ${buffer})) (then (call $proc_exit (i32.const 3))))`;
  const open = (flags: number, right: number) => `
    (call $ok (call $path_open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 10) (i32.const ${flags})
      (i64.const ${right}) (i64.const 0) (i32.const 0) (i32.const 20)))
    (local.set $fd (i32.load (i32.const 20)))`;
  return `(module
  ${wasi('fd_read', 'i32 i32 i32 i32')}
  ${wasi('fd_write', 'i32 i32 i32 i32')}
  ${wasi('fd_close', 'i32')}
  ${wasi('path_open', 'i32 i32 i32 i32 i32 i64 i64 i32 i32')}
  ${wasi('path_unlink_file', 'i32 i32 i32')}
  ${wasi('clock_time_get', 'i32 i64 i32')}
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") ${pages})
  (data (i32.const 32) "bench.data")
  (func $ok (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (local.get $errno)))))
  (func $now (result i64)
    (call $ok (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 24)))
    (i64.load (i32.const 24)))
  (func (export "_start") (local $pass i32) (local $k i32) (local $fd i32) (local $start i64) (local $result i32)
    (local.set $result (i32.const 4096))
    (loop $again
    (i32.store (i32.const 0) (i32.const ${BUFFER}))
    (i32.store (i32.const 4) (i32.const ${buffer}))
    ${open(1 | 8, 2 ** 6)}
    ${loop('write', `(i32.store (i32.const ${BUFFER}) (local.get $k))\n      ${transfer('fd_write')}`)}
    (call $ok (call $fd_close (local.get $fd)))
    ${open(0, 2 ** 1)}
    ${loop(
      'read',
      `${transfer('fd_read')}
      (if (i32.ne (i32.load (i32.const ${BUFFER})) (local.get $k)) (then (call $proc_exit (i32.const 4))))`,
    )}
    (call $ok (call $fd_close (local.get $fd)))
    (call $ok (call $path_unlink_file (i32.const 3) (i32.const 32) (i32.const 10)))
    (if (i32.lt_u (local.tee $pass (i32.add (local.get $pass) (i32.const 1))) (i32.const ${passes})) (then (br $again))))
    (i32.store (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 4) (i32.sub (local.get $result) (i32.const 4096)))
    (call $ok (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))`;
}

export async function buildFilesProgram(task: FilesTask, folder: string): Promise<string> {
  const wabt = await (await import('wabt')).default();
  const file = path.join(folder, `files-${task.megabytes}-${task.buffer}-${task.passes}.wasm`);
  writeFileSync(file, wabt.parseWat('files.wat', filesProgram(task), {}).toBinary({}).buffer);
  return file;
}
