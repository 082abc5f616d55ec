/** Files as they run in an engine with no more than its dialect asks for: for tests, in this engine. */
import { DIALECTS, type Target } from './dialects';

/** What a file that pauses gives. */
export interface PausableInstance {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly result: unknown;
  start(name: string, args?: readonly unknown[]): void;
  run(fuel?: number): boolean;
  pause(): void;
  snapshot(): Uint8Array;
  restore(bytes: Uint8Array): void;
}

export interface LoadedFile {
  instantiate(imports: unknown): { readonly exports: Readonly<Record<string, unknown>> };
}

/** Functions of `Math` that are in every engine. */
const COMMON = ['abs', 'floor', 'ceil', 'sqrt', 'min', 'max', 'pow'] as const;
/** What small engines do not have, and what no file may ask for. */
const ABSENT = ['BigInt', 'Map', 'Symbol', 'Proxy', 'WebAssembly', 'process', 'require', 'globalThis'];

/** Evaluates a file, without what the engine lacks. */
export function loadFile(text: string, target: Target, name = 'wasm'): LoadedFile {
  if (DIALECTS[target].form === 'module') {
    const script = text.replace('\nexport{instantiate};\n', '\nreturn{instantiate:instantiate};');
    return new Function(script)() as LoadedFile;
  }
  const math = Object.fromEntries(COMMON.map((key) => [key, Math[key]]));
  const make = new Function('Math', ...ABSENT, `'use strict';${text}return ${name};`);
  return make(math) as LoadedFile;
}
