/** Big modules among the development dependencies, and what they import. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Module, valTypeName } from '../src/decoder/index.ts';
import { cache, root } from './paths.ts';
import type { ImportStub } from './protocol.ts';

/** Binaryen carries its module inside its JavaScript: it is caught on its way into `WebAssembly.instantiate`. */
async function binaryenModule(): Promise<string> {
  const file = path.join(cache, 'binaryen.wasm');
  if (existsSync(file)) return file;
  const native = (globalThis as unknown as { WebAssembly: { instantiate: unknown } }).WebAssembly;
  const original = native.instantiate as (bytes: Uint8Array, imports: object) => Promise<unknown>;
  native.instantiate = (bytes: Uint8Array, imports: object) => {
    // Node's own `fetch` may be on its way too, with a module that is compiled already.
    if (ArrayBuffer.isView(bytes)) {
      mkdirSync(cache, { recursive: true });
      writeFileSync(file, bytes);
    }
    return original.call(native, bytes, imports);
  };
  const specifier: string = 'binaryen';
  await import(specifier);
  native.instantiate = original;
  return file;
}

/** What to give the module for its imports. They are not called: nothing runs but a start function. */
export function importStubs(file: string): ImportStub[] {
  return Module.decode(readFileSync(file)).imports.map(({ module, name, type }) => {
    if (type.kind === 'memory' || type.kind === 'table') {
      return { module, name, kind: type.kind, initial: type.type.min, maximum: type.type.max };
    }
    if (type.kind === 'global') {
      return {
        module,
        name,
        kind: 'global',
        value: valTypeName(type.type.value),
        mutable: type.type.mutable,
      };
    }
    return { module, name, kind: 'function' };
  });
}

export async function defaultFiles(): Promise<string[]> {
  const inModules = [
    'sql.js/dist/sql-wasm.wasm',
    '@bytecodealliance/jco-transpile/vendor/js-component-bindgen-component.core.wasm',
  ];
  return [...inModules.map((f) => path.join(root, 'node_modules', f)), await binaryenModule()];
}
