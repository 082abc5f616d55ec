/** The package as it was built, in Bun, Deno and Hermes: what `exports` gives each, and the file in ECMAScript 5. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EngineName, findEngine, noEngine } from '../../scripts/engines.mjs';
import { root } from '../../scripts/laws/files';

const es5 = path.join(root, 'dist/tswasm.es5.cjs');
const isBuilt = existsSync(es5);
if (!isBuilt) console.warn('SKIPPED: there is no dist/tswasm.es5.cjs: npm run build');

/** A folder with the package in it, as after an installation. */
const place = mkdtempSync(path.join(tmpdir(), 'engines-'));
afterAll(() => rmSync(place, { recursive: true }));
beforeAll(() => {
  mkdirSync(path.join(place, 'node_modules'));
  symlinkSync(root, path.join(place, 'node_modules/tswasm'));
  writeFileSync(path.join(place, 'package.json'), '{ "type": "module" }');
});

/**
 * (func (export "count") (param i32) (result i32)): counts to its argument. (func (export "trap") unreachable). (func (export "f")
 * (result i64) (i64.const -1)).
 */
const BYTES = [
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 13, 3, 96, 1, 127, 1, 127, 96, 0, 0, 96, 0, 1, 126],
  ...[3, 4, 3, 0, 1, 2],
  ...[7, 20, 3, 5, 99, 111, 117, 110, 116, 0, 0, 4, 116, 114, 97, 112, 0, 1, 1, 102, 0, 2],
  ...[10, 32, 3],
  ...[21, 1, 1, 127, 3, 64, 32, 1, 65, 1, 106, 34, 1, 32, 0, 72, 13, 0, 11, 32, 1, 11],
  ...[3, 0, 0, 11],
  ...[4, 0, 66, 127, 11],
];

/** Prints what it sees. `min` has no snapshots. */
const BODY = `
var module = new WebAssembly.Module(Uint8Array.from([${BYTES}]));
var exports = new WebAssembly.Instance(module).exports;
var said = [exports.count(1000), String(exports.f())];
try { exports.trap(); } catch (error) {
  said.push(error instanceof WebAssembly.RuntimeError, error instanceof Error, error.message);
}
try { new WebAssembly.Module(new Uint8Array(4)); } catch (error) {
  said.push(error instanceof WebAssembly.CompileError, error.offset);
}
var stopped = createWebAssembly({ fuel: 10 });
try { new stopped.Instance(new stopped.Module(Uint8Array.from([${BYTES}]))).exports.count(1000); }
catch (error) { said.push(error.reason, error instanceof CallStoppedError); }
`;
const SAID = '1000 -1 true true unreachable true 0 fuel true';

const IMPORTS = `
import { CallStoppedError, createWebAssembly, WebAssembly } from 'tswasm/webassembly';
import { Execution, instantiate, Module, Store } from 'tswasm';
import { restore, snapshot } from 'tswasm/snapshot';
import { MemoryFileSystem } from 'tswasm/wasi';
`;
const MOVED = `
const core = Module.decode(Uint8Array.from([${BYTES}]));
const execution = new Execution(instantiate(new Store(), core).func('count'), [1000]);
execution.run({ fuel: 10 });
said.push(restore(snapshot(execution), instantiate(new Store(), core)).run().results[0].lo, MemoryFileSystem.name);
`;

const PRINT = "console.log(said.join(' '));";

/** A WASI program, interpreted, and where the engine's own `WebAssembly` may run what is hot. */
const WASI = `
import { readFileSync } from 'node:fs';
import { runWasi } from 'tswasm/node';
const program = readFileSync(${JSON.stringify(path.join(root, 'dist/examples/primes.wasm'))});
const said = [];
for (const tier of ['interpret', 'auto']) {
  const { exitCode, stdout } = await runWasi(program, { args: ['30'], tier });
  said.push(exitCode, String(stdout).replace(/\\s+/g, ' ').trim());
}
${PRINT}`;
const PRIMES = '0 2 3 5 7 11 13 17 19 23 29 10 primes below 30';

const PROGRAMS: Readonly<Record<string, string>> = {
  'package.mjs': `${IMPORTS}${BODY}${MOVED}${PRINT}`,
  'min.mjs': `import { CallStoppedError, createWebAssembly, WebAssembly } from 'tswasm/min';${BODY}${PRINT}`,
  'require.cjs': `const { CallStoppedError, createWebAssembly, WebAssembly } = require('tswasm/webassembly');${BODY}${PRINT}`,
  'wasi.mjs': WASI,
  'es5.cjs': `var { CallStoppedError, createWebAssembly, WebAssembly } = require('tswasm/es5');${BODY}${PRINT}`,
};

function run(program: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, { cwd: place, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}\n${stderr}`);
  return stdout.trim();
}

/** How an engine is started; nothing is allowed that a program would have to ask for. */
const START: Readonly<Record<'node' | 'bun' | 'deno', readonly string[]>> = {
  node: [],
  bun: [],
  deno: ['run', '--quiet', '--no-prompt', '--node-modules-dir=manual'],
};

describe.skipIf(!isBuilt)('the package', () => {
  beforeAll(() => {
    for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(path.join(place, name), text);
  });

  it.each(['node', 'bun', 'deno'] as const)('runs in %s', (name) => {
    const program = name === 'node' ? process.execPath : there(name);
    if (program === undefined) return;
    const said = (file: string) => run(program, ...START[name], file);
    expect(said('package.mjs')).toBe(`${SAID} 1000 MemoryFileSystem`);
    expect(said('min.mjs')).toBe(SAID);
    expect(said('es5.cjs')).toBe(SAID);
    // Deno's own `require` reads the parts of a bundle as files, and wants to be asked for that.
    const reading = name === 'deno' ? ['--allow-read'] : [];
    expect(run(program, ...START[name], ...reading, 'require.cjs')).toBe(SAID);
    // So it does for files and the program's streams.
    const allowed = name === 'deno' ? ['--allow-all'] : [];
    expect(run(program, ...START[name], ...allowed, 'wasi.mjs')).toBe(`${PRIMES} ${PRIMES}`);
  });

  it('runs in hermes, as ECMAScript 5', () => {
    const program = there('hermes');
    if (program === undefined) return;
    const names = 'var { CallStoppedError, createWebAssembly, WebAssembly } = tswasm;';
    const script = path.join(place, 'hermes.js');
    writeFileSync(script, `${readFileSync(es5, 'utf8')}\n${names}${BODY}print(said.join(' '));`);
    expect(run(program, script)).toBe(SAID);
  });
});

function there(name: EngineName): string | undefined {
  const program = findEngine(name);
  if (program === undefined) console.warn(`SKIPPED: ${noEngine(name)}`);
  return program;
}
