// tswasm as a library: a guest with a memory limit, run in slices of fuel; then moved to another store, and finished there.
//   node examples/library.mjs
import { readFileSync } from 'node:fs';
import { Execution, instantiate, instantiatePaused, Module, Store } from 'tswasm';
import { restore, snapshot } from 'tswasm/snapshot';

const module = Module.decode(readFileSync(new URL('../dist/examples/collatz.wasm', import.meta.url)));
const limits = { maxMemoryBytes: 1 << 20 };

/** What the module imports, by the names that it has for it. */
const imports = {
  host: {
    /** @type {(start: number, steps: number) => void} */
    record: (start, steps) => console.log(`  from ${start}: ${steps} steps`),
  },
};

const store = new Store(limits);
const instance = instantiate(store, module, imports);
const execution = new Execution(instance.func('longest'), [2000]);
let outcome = execution.run({ fuel: 50_000 });
if (outcome.kind === 'paused') console.log(`paused (${outcome.reason})`);

// What is paused is data. It goes on in another store: here, in another process, on another engine.
const bytes = snapshot(execution);
console.log(`snapshot of ${bytes.length} bytes`);
const elsewhere = new Store(limits);
const moved = restore(bytes, instantiatePaused(elsewhere, module, imports));
outcome = moved.run({ fuel: 50_000 });
for (let slice = 3; outcome.kind === 'paused'; slice++) {
  console.log(`paused before slice ${slice} (${outcome.reason})`);
  outcome = moved.run({ fuel: 50_000 });
}
if (outcome.kind === 'done') console.log(`longest below 2000 starts at ${outcome.results[0].lo}`);
else console.log(outcome);
