/** Compiling C for WASI, where the machine can (clang, lld, wasi-libc and libclang-rt-dev-wasm32). */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const libc = existsSync('/usr/lib/wasm32-wasi/libc.a') || existsSync('/usr/share/wasi-sysroot');
export const hasClang = libc && spawnSync('clang', ['--version']).status === 0;

/** Clang hands what it links to a `wasm-opt` that it finds, such as the one of npm's binaryen; that loses names and lines. */
export const NO_WASM_OPT: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => !existsSync(`${folder}/wasm-opt`))
    .join(':'),
};

/** Compiles a file of the folder `c`. */
export function compileC(name: string, output: string, ...flags: string[]): void {
  const source = new URL(`./c/${name}`, import.meta.url).pathname;
  const args = ['--target=wasm32-wasi', '-O2', ...flags, '-o', output, source];
  const { status, stderr } = spawnSync('clang', args, { env: NO_WASM_OPT });
  if (status !== 0) throw new Error(stderr.toString());
}
