/** One start-up: `node startup-child.mjs <engine> <file> <stubs>` prints compile and instantiate times. */
import { readFileSync } from 'node:fs';
import { loadNamespace } from './namespace.ts';
import type { ImportStub, JsEngine, Namespace } from './protocol.ts';

function stubFor(api: Namespace, stub: ImportStub): unknown {
  const limits = {
    initial: stub.initial ?? 0,
    ...(stub.maximum !== undefined && { maximum: stub.maximum }),
  };
  if (stub.kind === 'memory') return new api.Memory(limits);
  if (stub.kind === 'table') return new api.Table({ element: 'anyfunc', ...limits });
  if (stub.kind === 'global') {
    const zero = stub.value === 'i64' ? 0n : 0;
    return new api.Global({ value: stub.value!, mutable: stub.mutable! }, zero);
  }
  return () => 0;
}

const [engine, file, stubs] = process.argv.slice(2) as [JsEngine, string, string];
const api = await loadNamespace(engine);
const imports: Record<string, Record<string, unknown>> = {};
for (const stub of JSON.parse(stubs) as ImportStub[]) {
  imports[stub.module] = { ...imports[stub.module], [stub.name]: stubFor(api, stub) };
}
const bytes = readFileSync(file);
const start = performance.now();
const module = new api.Module(bytes);
const compiled = performance.now();
new api.Instance(module, imports);
const instantiated = performance.now();
console.log(JSON.stringify({ compileMs: compiled - start, instantiateMs: instantiated - compiled }));
