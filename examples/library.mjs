// tswasm as a library: a guest with a memory limit, run in slices of fuel, stopped and continued.
//   node examples/library.mjs
import { readFileSync } from 'node:fs';
import { Execution, Func, I32, i32, instantiate, Module, Store } from 'tswasm';

const module = Module.decode(readFileSync(new URL('../dist/examples/collatz.wasm', import.meta.url)));
const store = new Store({ maxMemoryBytes: 1 << 20 });

// Imports are given in the order in which the module lists them: here, one function.
const record = Func.host(store, { params: [I32, I32], results: [] }, (call) => {
  console.log(`  from ${call.i32(0)}: ${call.i32(1)} steps`);
});
const instance = instantiate(store, module, [record]);

const execution = new Execution(instance.exports.get('longest'), [i32(2000)]);
let outcome = execution.run({ fuel: 50_000 });
for (let slice = 1; outcome.kind === 'paused'; slice++) {
  console.log(`paused after slice ${slice} (${outcome.reason})`);
  outcome = execution.run({ fuel: 50_000 });
}
if (outcome.kind === 'done') console.log(`longest below 2000 starts at ${outcome.results[0].lo}`);
else console.log(outcome);
