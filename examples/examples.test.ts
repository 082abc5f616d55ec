/** Runs the examples as a user does: the built package, in processes of their own. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.dirname(import.meta.dirname);

function node(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
const tswasm = (...args: string[]) => node(['dist/cli.cjs', ...args]);

it('hello.wat', () => {
  expect(tswasm('run', 'examples/hello.wat')).toEqual({
    status: 0,
    stdout: 'hello from WebAssembly\n',
    stderr: '',
  });
});

it('primes.ts', () => {
  const program = 'dist/examples/primes.wasm';
  expect(tswasm('run', program, '30')).toEqual({
    status: 0,
    stdout: '2 3 5 7 11 13 17 19 23 29\n10 primes below 30\n',
    stderr: '',
  });
  expect(tswasm(program, '1')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'primes: the limit must be a number from 2 to 10000000\n',
  });
});

it('library.mjs', () => {
  const { status, stdout, stderr } = node(['examples/library.mjs']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('  from 1161: 181 steps\n');
  expect(stdout).toMatch(/paused \(fuel\)\nsnapshot of \d+ bytes\n/);
  expect(stdout).toMatch(/longest below 2000 starts at 1161\n$/);
});

it('drop-in.mjs', () => {
  const { status, stdout, stderr } = node(['examples/drop-in.mjs']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toBe('sensor 0\t1000\t499.5\nsensor 1\t1000\t499.5\nsensor 2\t1000\t499.5\n');
});

const wasiLibc = existsSync('/usr/lib/wasm32-wasi/libc.a') || existsSync('/usr/share/wasi-sysroot');
const clang = wasiLibc && spawnSync('clang', ['--version']).status === 0;
if (!clang)
  process.stderr.write('SKIPPED: examples/c needs clang, lld, wasi-libc and libclang-rt-dev-wasm32\n');

it.skipIf(!clang)('wc.c', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-example-'));
  const program = path.join(folder, 'wc.wasm');
  try {
    const { status, stderr } = spawnSync(
      'clang',
      ['--target=wasm32-wasi', '-O2', '-o', program, 'examples/c/wc.c'],
      { cwd: root, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(node(['dist/cli.cjs', 'run', program], 'three short words\n')).toEqual({
      status: 0,
      stdout: '      1       3      18 \n',
      stderr: '',
    });
    expect(tswasm('run', '--dir', '.::.', program, 'LICENSE', 'missing')).toEqual({
      status: 1,
      stdout: '     21     170    1075 LICENSE\n',
      stderr: 'wc: missing: No such file or directory\n',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
