// One leg inside QuickJS (quickjs-emscripten from npm), with limits on its memory and stack:
//   node examples/liquid/quickjs.mjs [file]
import { readFileSync } from 'node:fs';
import { getQuickJS } from 'quickjs-emscripten';
import { leg } from './files.mjs';

const runtime = (await getQuickJS()).newRuntime();
runtime.setMemoryLimit(64 * 2 ** 20);
runtime.setMaxStackSize(128 * 1024);
// Modules are named by their path from here.
runtime.setModuleLoader((name) => readFileSync(new URL(name, import.meta.url), 'utf8'));
const vm = runtime.newContext();

const run = vm.unwrapResult(
  vm.evalCode(
    `import { step } from './step.mjs';
     export const run = (wasm, saved, fuel, print) =>
       step(new Uint8Array(wasm), saved && new Uint8Array(saved), fuel, print)?.slice().buffer;`,
    './here.mjs',
    { type: 'module' },
  ),
);

leg('quickjs', (wasm, saved, fuel, print) => {
  const bytes = (array) =>
    array === undefined ? vm.undefined : vm.newArrayBuffer(Uint8Array.from(array).buffer);
  const tell = vm.newFunction('print', (text) => print(vm.getString(text)));
  const result = vm.unwrapResult(
    vm.callFunction(
      vm.getProp(run, 'run'),
      vm.undefined,
      bytes(wasm),
      bytes(saved),
      vm.newNumber(fuel),
      tell,
    ),
  );
  return vm.typeof(result) === 'undefined' ? undefined : vm.getArrayBuffer(result).value.slice();
});
