// One leg in a QuickJS of your own, bellard's or the -ng build:
//   qjs -m examples/liquid/qjs.js [file]          (from the root of the repository; -ng needs no -m)
import { findMachine } from '../../dist/quickjs/tswasm.js';
import { step } from './step.mjs';

const { std } = await findMachine();
const file = globalThis.scriptArgs[1] ?? 'liquid.dmp';

function read(path) {
  const input = std.open(path, 'rb');
  if (input === null) return undefined;
  input.seek(0, 2);
  const bytes = new Uint8Array(input.tell());
  input.seek(0, 0);
  input.read(bytes.buffer, 0, bytes.length);
  return bytes;
}

const next = step(read('dist/examples/collatz.wasm'), read(file), 20_000, (text) =>
  std.out.puts(`qjs: ${text}\n`),
);
if (next !== undefined) {
  const output = std.open(file, 'wb');
  output.write(next.buffer, next.byteOffset, next.length);
  output.close();
  std.out.puts(`qjs: stopped; ${file} has ${next.length} bytes\n`);
}
