/**
 * What an instance weighs: bytes of V8's heap and of resident memory that each of many instances of a small module takes, above its linear
 * memory, all of which the program fills. The median of some processes.
 *   npm run bench:weight -- [--instances N] [--rounds N] [--tiers a,b] [--pages 0,1] [--limit BYTES] [--list]
 * --list: what the heap holds, by constructor. Exit code 1: more than --limit bytes are resident for an instance.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { cache, root } from './paths.ts';
import { median } from './protocol.ts';
import type { Weight, WeightTask } from './weight-child.ts';

const { values: options } = optionsOf(
  import.meta.url,
  {
    options: {
      instances: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      tiers: { type: 'string', default: 'interpret,javascript,native' },
      pages: { type: 'string', default: '0,1' },
      limit: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  },
  { instances: 1, rounds: 1, limit: 0 },
);
const PAGE = 65_536;

/** A loop, a call through a table, a global; and a memory that is filled. */
const textOf = (pages: number): string => `(module
  ${pages > 0 ? `(memory (export "memory") ${pages})` : ''}
  (type $step (func (param i32) (result i32)))
  (global $runs (mut i32) (i32.const 0))
  (table 2 funcref)
  (elem (i32.const 0) $twice $next)
  (func $twice (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
  (func $next (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32) (local $x i32)
    (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
    ${pages > 0 ? `(memory.fill (i32.const 0) (i32.const 1) (i32.const ${PAGE * pages}))` : ''}
    (loop $turns
      (local.set $x (call_indirect (type $step) (local.get $x) (i32.and (local.get $n) (i32.const 1))))
      (br_if $turns (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))`;

const child = await bundleTs(path.join(root, 'bench', 'weight-child.ts'));
const wabt = await (await import('wabt')).default();
mkdirSync(cache, { recursive: true });

function weigh(task: WeightTask): Weight {
  const words = ['--expose-gc', child, JSON.stringify(task)];
  const { stdout, stderr, status } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${task.tier}: ${stderr}`);
  return JSON.parse(stdout) as Weight;
}

/** What the heap holds more of than without these instances. */
function list(task: WeightTask): void {
  const { kinds: before } = weigh({ ...task, instances: 0, listed: true });
  const { kinds: after } = weigh({ ...task, listed: true });
  const rows = Object.entries(after).map(([name, { bytes, count }]) => ({
    name,
    bytes: (bytes - (before[name]?.bytes ?? 0)) / task.instances,
    count: (count - (before[name]?.count ?? 0)) / task.instances,
  }));
  for (const { name, bytes, count } of rows.sort((a, b) => b.bytes - a.bytes))
    if (bytes >= 8 && count >= 0.1)
      console.log(`${bytes.toFixed(0).padStart(8)} bytes ${count.toFixed(1).padStart(5)} ${name}`);
}

console.log(`Node ${process.version}, ${options.instances} instances, bytes for each`);
for (const pages of options.pages.split(',').map(Number)) {
  const file = path.join(cache, `weight-${pages}.wasm`);
  writeFileSync(file, wabt.parseWat('weight.wat', textOf(pages)).toBinary({}).buffer);
  for (const tier of options.tiers.split(',') as WeightTask['tier'][]) {
    const instances = Number(options.instances);
    const task = { file, tier, instances, memoryBytes: pages * PAGE, listed: false };
    const weights = Array.from({ length: Number(options.rounds) }, () => weigh(task));
    const heap = median(weights.map(({ heapBytes }) => heapBytes)) / instances;
    const resident = median(weights.map(({ residentBytes }) => residentBytes)) / instances;
    console.log(`${tier}, ${pages} pages: heap ${heap.toFixed(0)}, resident ${resident.toFixed(0)}`);
    if (options.list) list(task);
    if (options.limit !== undefined && resident > Number(options.limit)) process.exitCode = 1;
  }
}
