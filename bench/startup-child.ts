/** One start-up: `node startup-child.mjs <engine> <file> <stubs>` prints compile and instantiate times. */
import { readFileSync } from 'node:fs';
import { loadNamespace } from './namespace.ts';
import type { ImportStub, JsEngine } from './protocol.ts';
import { importsOf } from './stubs.ts';

const [engine, file, stubs] = process.argv.slice(2) as [JsEngine, string, string];
const api = await loadNamespace(engine);
const imports = importsOf(api, JSON.parse(stubs) as ImportStub[]);
const bytes = readFileSync(file);
const start = performance.now();
const module = new api.Module(bytes);
const compiled = performance.now();
new api.Instance(module, imports);
const instantiated = performance.now();
console.log(JSON.stringify({ compileMs: compiled - start, instantiateMs: instantiated - compiled }));
