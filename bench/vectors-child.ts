/**
 * One kernel of programs/vectors.c in one build of tswasm: prints the processor time of one repetition in milliseconds, and what it computed.
 *   node [--jitless] vectors-child.mjs <file> <kernel> <milliseconds to run>
 */
import { readFileSync } from 'node:fs';
import { loadNamespace } from './namespace.ts';

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const [file, kernel, least] = process.argv.slice(2) as [string, string, string];
const api = await loadNamespace('tswasm', 'interpret');
const instance = new api.Instance(new api.Module(readFileSync(file)), {});
const { prepare, [kernel]: run } = instance.exports as Record<string, (n: number) => number>;
if (run === undefined) throw new Error(`no kernel ${kernel}`);
prepare!(0);
const checksum = run(3);

// Twice as often until it takes long enough: by then it is warm.
let n = 1;
for (let took = 0; took < Number(least); n *= 2) {
  const begun = processorTime();
  run(n);
  took = processorTime() - begun;
}
const samples = Array.from({ length: 3 }, () => {
  const begun = processorTime();
  run(n >> 2);
  return (processorTime() - begun) / (n >> 2);
});
console.log(JSON.stringify({ ms: Math.min(...samples), checksum }));
