/** A Go program (GOOS=js GOARCH=wasm) with the `wasm_exec.js` of the toolchain. */
import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

/** What `wasm_exec.js` defines. */
interface GoRuntime {
  readonly importObject: WebAssemblyImports;
  argv: string[];
  exit: (code: number) => void;
  run(instance: object): Promise<void>;
}
type WebAssemblyImports = Record<string, Record<string, unknown>>;
interface Globals {
  Go: new () => GoRuntime;
  WebAssembly: {
    instantiate(bytes: Uint8Array, imports: WebAssemblyImports): Promise<{ instance: object }>;
  };
}

export async function run(input: unknown): Promise<unknown> {
  const { wasmExec, module } = input as { wasmExec: string; module: string };
  const printed: string[] = [];
  const decoder = new TextDecoder();
  const fs = {
    constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1 },
    writeSync(_fd: number, bytes: Uint8Array) {
      printed.push(decoder.decode(bytes));
      return bytes.length;
    },
    write(
      fd: number,
      bytes: Uint8Array,
      _o: number,
      _l: number,
      _p: unknown,
      done: (e: unknown, n: number) => void,
    ) {
      done(null, fs.writeSync(fd, bytes));
    },
  };
  Object.assign(globalThis, { fs });
  runInThisContext(readFileSync(wasmExec, 'utf8'), { filename: wasmExec });
  const globals = globalThis as unknown as Globals;
  const go = new globals.Go();
  let exitCode = -1;
  go.exit = (code) => {
    exitCode = code;
  };
  go.argv = ['program', '30'];
  const { instance } = await globals.WebAssembly.instantiate(readFileSync(module), go.importObject);
  await go.run(instance);
  return { printed: printed.join(''), exitCode };
}
