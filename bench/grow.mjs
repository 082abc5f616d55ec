// Growth page by page: 4,000 turns of memory.grow(1), ours beside V8's, before and after JavaScript has asked for the buffer.
//   node bench/grow.mjs [turns]        (after npm run build)
import wabtInit from 'wabt';
import { WebAssembly as Ours } from '../dist/webassembly.node.js';

const turns = Number(process.argv[2] ?? 4000);
const wabt = await wabtInit();
const text = `(module (memory (export "m") 1) (func (export "f") (param i32)
  (loop (drop (memory.grow (i32.const 1))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`;
const bytes = wabt.parseWat('grow.wat', text, {}).toBinary({}).buffer;

for (let round = 0; round < 3; round++) {
  for (const [name, engine] of Object.entries({ V8: globalThis.WebAssembly, tswasm: Ours })) {
    for (const asked of [false, true]) {
      const { exports } = new engine.Instance(new engine.Module(bytes));
      const buffer = asked ? exports.m.buffer : undefined;
      const before = process.cpuUsage();
      exports.f(turns);
      const { user, system } = process.cpuUsage(before);
      const what = buffer === undefined ? '' : ' after .buffer';
      console.log(`${name}${what}: ${((user + system) / 1000).toFixed(0)} ms of processor time`);
    }
  }
}
