/** A program in Node's own WebAssembly, with `node:wasi` loaded as a program in C would need it: `node cold-child.mjs FILE N`. */
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { loadNamespace } from './namespace.ts';
import { functionStubs } from './stubs.ts';

const [file, n] = process.argv.slice(2) as [string, string];
const wasi = new WASI({ version: 'preview1' });
const api = await loadNamespace('native');
const module = new api.Module(readFileSync(file));
const { exports } = new api.Instance(module, { ...wasi.getImportObject(), ...functionStubs(module) });
console.log((exports['run'] as (n: number) => number)(Number(n)));
