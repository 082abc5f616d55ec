/** Many instances of one module in one process: `node --expose-gc weight-child.mjs <task as JSON>` prints what each of them takes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { getHeapSnapshot } from 'node:v8';
import type * as Library from '../embed/node/index.ts';
import { dist } from './paths.ts';

export interface WeightTask {
  readonly file: string;
  readonly tier: 'interpret' | 'javascript' | 'native';
  readonly instances: number;
  /** Of each instance, all of them resident. */
  readonly memoryBytes: number;
  /** Whether to tell what the heap holds: that takes memory, too. */
  readonly listed: boolean;
}
/** What they have added. */
export interface Weight {
  readonly heapBytes: number;
  /** Without their linear memory. */
  readonly residentBytes: number;
  /** All that the heap holds at the end, by constructor. */
  readonly kinds: Kinds;
}
export type Kinds = Record<string, { bytes: number; count: number }>;

interface Snapshot {
  readonly snapshot: { readonly meta: { node_fields: string[]; node_types: [string[]] } };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** Made and used before anything is counted: what belongs to the module, and code that V8 has compiled. */
const BEFORE = 50;

const task = JSON.parse(process.argv[2]!) as WeightTask;
const library = pathToFileURL(path.join(dist, 'index.node.js')).href;
const { instantiate, Module, Store } = (await import(library)) as typeof Library;
const { gc } = globalThis as unknown as { gc: () => void };

const module = Module.decode(readFileSync(task.file));
const store = new Store({ tier: task.tier });

function make(): object {
  const instance = instantiate<{ run(n: number): number }>(store, module);
  instance.func('run').call(3);
  return instance;
}

async function kindsNow(): Promise<Kinds> {
  const kinds: Kinds = {};
  const { snapshot, nodes, strings } = JSON.parse(await text(getHeapSnapshot())) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field));
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = types[0][nodes[at + type!]!]!;
    const label = kind.includes('string') ? 'string' : `${kind} ${strings[nodes[at + name!]!]}`;
    kinds[label] ??= { bytes: 0, count: 0 };
    kinds[label].bytes += nodes[at + size!]!;
    kinds[label].count++;
  }
  return kinds;
}

/** Finalizers run in tasks of their own, and free what the next collection finds. */
async function collect(): Promise<void> {
  for (let k = 0; k < 3; k++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const kept: object[] = Array.from({ length: BEFORE }, make);
await collect();
const before = process.memoryUsage();
for (let k = 0; k < task.instances; k++) kept.push(make());
await collect();
const after = process.memoryUsage();
const weight: Weight = {
  heapBytes: after.heapUsed - before.heapUsed,
  residentBytes: after.rss - before.rss - task.instances * task.memoryBytes,
  kinds: task.listed ? await kindsNow() : {},
};
console.log(JSON.stringify(weight));
// They live until here.
if (kept.length < BEFORE) throw new Error('instances are missing');
