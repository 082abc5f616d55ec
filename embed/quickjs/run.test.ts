/** The command of QuickJS on Node, with a machine that has what it asks for: what ends a run, and how. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleTs } from '../../scripts/run-ts.mjs';
import { wat } from '../../src/decoder/testing';
import { smallBundleForQuickjs } from './tests/bundle';

/** `std` and `os` by Node's means, as far as the command needs them. */
const MACHINE = `
import fs from 'node:fs';
const stream = (fd) => ({ puts: (text) => fs.writeSync(fd, text), flush() {} });
const file = (fd) => ({
  read: (buffer, at, length) => fs.readSync(fd, new Uint8Array(buffer), at, length),
  write: (buffer, at, length) => fs.writeSync(fd, new Uint8Array(buffer), at, length),
  close: () => fs.closeSync(fd),
});
globalThis.std = {
  out: stream(1),
  err: stream(2),
  exit: (code) => process.exit(code),
  open(path, mode) {
    try {
      return file(fs.openSync(path, mode.replace('b', '')));
    } catch {
      return null;
    }
  },
};
globalThis.os = {
  isatty: () => false,
  setTimeout,
  clearTimeout,
  write: (fd, buffer, at, length) => fs.writeSync(fd, new Uint8Array(buffer), at, length),
};
globalThis.scriptArgs = process.argv.slice(1);
`;

const place = mkdtempSync(path.join(tmpdir(), 'tswasm-qjs-run-'));
const at = (name: string) => path.join(place, name);
afterAll(() => rmSync(place, { recursive: true, force: true }));
let command: string;

beforeAll(async () => {
  writeFileSync(at('machine.mjs'), MACHINE);
  writeFileSync(at('spin.wasm'), await wat('(module (func (export "_start") (loop $again (br $again))))'));
  const turns = `(module (func (export "_start") (local i32)
    (loop $again (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))))`;
  writeFileSync(at('turns.wasm'), await wat(turns));
  // Sleeps for an hour: a subscription to the monotonic clock at 0, an event at 64.
  const sleep = `(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
      (i32.store (i32.const 16) (i32.const 1))
      (i64.store (i32.const 24) (i64.const 3600000000000))
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))`;
  writeFileSync(at('sleep.wasm'), await wat(sleep));
});

function run(line: string) {
  const words = line.split(' ').map((word) => (/\.(wasm|dmp)$/.test(word) ? at(word) : word));
  const { status, stderr } = spawnSync(process.execPath, ['--import', at('machine.mjs'), command, ...words], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  return { code: status, stderr };
}

const LINES = [
  ['--timeout 0 turns.wasm', 134, 'stopped: not finished after 0'],
  ['--timeout 100ms spin.wasm', 134, 'stopped: not finished after 100ms'],
  ['--timeout 100ms sleep.wasm', 134, 'stopped: not finished after 100ms'],
  ['--fuel 100 spin.wasm', 134, 'stopped: all 100 units of fuel are used'],
  ['--fuel 5000 --timeout 1h turns.wasm', 0, ''],
  ['--timeout soon turns.wasm', 2, 'needs a time'],
  ['--snapshot-to s.dmp --after-fuel 500 --fuel 2000 turns.wasm', 0, 'stopped; the snapshot is in'],
  ['--resume s.dmp --fuel 100 turns.wasm', 134, 'stopped: all 100 units of fuel are used'],
  ['--resume s.dmp --fuel 5000 turns.wasm', 0, ''],
  ['--snapshot-to s.dmp --after-fuel 5000 --fuel 500 turns.wasm', 134, 'all 500 units of fuel are used'],
  ['--snapshot-to s.dmp --after-fuel 5000 turns.wasm', 0, 'ended before --after-fuel'],
] as const;

describe.each([
  ['whole', () => bundleTs(new URL('./run.ts', import.meta.url).pathname)],
  ['small', () => smallBundleForQuickjs('../run.ts')],
] as const)('%s', (_, bundled) => {
  beforeAll(async () => {
    command = await bundled();
  });

  it.each(LINES)('%s', (line, code, message) => {
    const result = run(line);
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
  });
});
