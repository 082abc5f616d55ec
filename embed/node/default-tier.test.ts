/** The namespaces that `tswasm/webassembly` and `tswasm/webassembly-snapshot` export on Node run hot code natively, as built. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../scripts/laws/files.ts';
import { wat } from '../../src/decoder/testing';

const LOOP = `(module (func (export "sum") (param i32) (result i32) (local i32)
  (loop $again
    (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1)))`;

/** Counts the modules that the host compiles, from before the package is loaded. */
const program = (load: string, bytes: Uint8Array) => `
  const host = globalThis.WebAssembly;
  let made = 0;
  class Module extends host.Module { constructor(bytes) { super(bytes); made++; } }
  const seen = Object.defineProperties({}, Object.getOwnPropertyDescriptors(host));
  Object.defineProperty(seen, 'Module', { value: Module });
  globalThis.WebAssembly = seen;
  (async () => {
    const { WebAssembly } = ${load};
    const bytes = Uint8Array.from(${JSON.stringify([...bytes])});
    const { sum } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
    let last;
    for (let k = 0; k < 20; k++) last = sum(200000);
    console.log(JSON.stringify({ last, native: made > 0 }));
  })();`;

const imported = (name: string) => `await import(${JSON.stringify(path.join(root, 'dist', `${name}.js`))})`;
const required = (name: string) => `require(${JSON.stringify(path.join(root, 'dist', `${name}.cjs`))})`;

it.each([
  ['ES module', imported('webassembly.node')],
  ['CommonJS', required('webassembly.node')],
  ['ES module, with snapshots', imported('webassembly-snapshot.node')],
  ['CommonJS, with snapshots', required('webassembly-snapshot.node')],
])('as %s', async (_, load) => {
  const text = program(load, await wat(LOOP));
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', text], { encoding: 'utf8' });
  expect(stderr).toBe('');
  let sum = 0;
  for (let k = 200_000; k > 0; k--) sum = (sum + k) | 0;
  expect(JSON.parse(stdout)).toEqual({ last: sum, native: true });
});
