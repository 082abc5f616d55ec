/**
 * QuickJS in quickjs-emscripten with as much of `std` and `os` as the program of bridge/quickjs.ts uses: where no `qjs` is installed, it is
 * started as one: `qjs.mjs --std -m FILE [--line]`.
 */
import { webcrypto } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { newQuickJSWASMModule, type QuickJSHandle } from 'quickjs-emscripten';

/** Of QuickJS's own stack: more than V8 has for a WebAssembly program is no good. */
const STACK = 128 * 1024;

const quickjs = await newQuickJSWASMModule();
const runtime = quickjs.newRuntime();
runtime.setMaxStackSize(STACK);
const context = runtime.newContext();

/** Calls back into the VM, and does what that has left to do. */
function callBack(func: QuickJSHandle): void {
  context.unwrapResult(context.callFunction(func, context.undefined)).dispose();
  context.unwrapResult(runtime.executePendingJobs());
}

function given(
  name: string,
  functions: Readonly<Record<string, (...args: QuickJSHandle[]) => unknown>>,
): void {
  using object = context.newObject();
  for (const [key, func] of Object.entries(functions)) {
    using made = context.newFunction(key, (...args) => {
      const result = func(...args);
      if (typeof result === 'number') return context.newNumber(result);
      return result === undefined ? context.undefined : (result as QuickJSHandle);
    });
    context.setProp(object, key, made);
  }
  context.setProp(context.global, name, object);
}

/** What the VM does itself: buffers come in and go out of it as copies. */
const PRELUDE = `
os.read = (fd, buffer, offset, length) => {
  const bytes = os.taken(length);
  new Uint8Array(buffer).set(new Uint8Array(bytes), offset);
  return bytes.byteLength;
};
os.write = (fd, buffer, offset, length) => os.given(buffer.slice(offset, offset + length));
std.err = { puts: std.told };
std.open = () => ({
  read(buffer, offset, length) {
    new Uint8Array(buffer).set(new Uint8Array(std.random(length)), offset);
    return length;
  },
});`;

function bytesIn(bytes: Uint8Array): QuickJSHandle {
  return context.newArrayBuffer(bytes.slice().buffer as ArrayBuffer);
}

const chunks: Buffer[] = [];
let atEnd = false;
let handler: QuickJSHandle | undefined;
const timers = new Map<number, NodeJS.Timeout>();
let count = 0;

function ready(): void {
  while (handler !== undefined && (chunks.length > 0 || atEnd)) callBack(handler);
}

given('os', {
  setReadHandler: (_fd, func) => {
    handler = func.dup();
    setImmediate(ready);
  },
  taken: (length) => {
    const [chunk] = chunks;
    if (chunk === undefined) return bytesIn(new Uint8Array(0));
    const part = chunk.subarray(0, context.getNumber(length));
    if (part.length === chunk.length) chunks.shift();
    else chunks[0] = chunk.subarray(part.length);
    return bytesIn(part);
  },
  given: (buffer) => {
    using bytes = context.getArrayBuffer(buffer);
    try {
      return writeSync(1, bytes.value);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -11;
      throw error;
    }
  },
  sleep: (milliseconds) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, context.getNumber(milliseconds));
  },
  setTimeout: (callback, milliseconds) => {
    const [number, kept] = [++count, callback.dup()];
    const due = (): void => {
      timers.delete(number);
      callBack(kept);
      kept.dispose();
    };
    timers.set(number, setTimeout(due, context.getNumber(milliseconds)));
    return number;
  },
  clearTimeout: (number) => clearTimeout(timers.get(context.getNumber(number))),
});
given('std', {
  exit: (code) => process.exit(context.getNumber(code)),
  told: (text) => {
    process.stderr.write(context.getString(text));
  },
  random: (length) => bytesIn(webcrypto.getRandomValues(new Uint8Array(context.getNumber(length)))),
});
context.unwrapResult(context.evalCode(PRELUDE)).dispose();

process.stdin.on('data', (chunk: Buffer) => {
  chunks.push(chunk);
  ready();
});
process.stdin.on('end', () => {
  atEnd = true;
  ready();
});
const [file, ...words] = process.argv.slice(process.argv.indexOf('-m') + 1);
context.unwrapResult(context.evalCode(`scriptArgs = ${JSON.stringify([file, ...words])}`)).dispose();
context.unwrapResult(context.evalCode(readFileSync(file, 'utf8'), file, { type: 'module' })).dispose();
context.unwrapResult(runtime.executePendingJobs());
