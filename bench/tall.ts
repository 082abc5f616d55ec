/**
 * Modules of 400 KB that are hard to lower (tall stacks under every kind of statement, many results, many locals): milliseconds from
 * their bytes to the closures of all their functions, as they pass and of processor time (V8 compiles and collects garbage beside), each in a
 * process of its own that has made nothing else; the median of some. Exit code 1: one takes longer than the limit.
 *   node scripts/run-ts.mjs bench/tall.ts [--times 3] [--limit 500] [part of a name...]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import '../embed/node/fresh-factories.ts';
import '../embed/node/native-memory.ts';
import { instantiatePaused, Module, Store } from '../src/index.ts';
import { codeOf } from '../src/interpreter/code.ts';
import { makeCode } from '../src/interpreter/driver.ts';
import { HOSTILE, type Hostile, justBelow } from '../src/interpreter/testing.ts';
import { cache, root } from './paths.ts';

const BYTES = 400_000;
const { values, positionals } = optionsOf(
  import.meta.url,
  {
    options: {
      times: { type: 'string', default: '3' },
      limit: { type: 'string' },
      /** A file: what a process measures. */
      one: { type: 'string' },
    },
    allowPositionals: true,
  },
  { times: 1, limit: 0 },
);

interface Times {
  readonly elapsed: number;
  readonly processor: number;
}

function measure(bytes: Uint8Array): Times {
  const begun = process.cpuUsage();
  const start = performance.now();
  const module = Module.decode(bytes);
  const instance = instantiatePaused(new Store(), module, []);
  for (let k = 0; k < module.funcTypes.length; k++) makeCode(codeOf(instance.funcAt(k)));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(begun);
  return { elapsed, processor: (user + system) / 1000 };
}

/** Making a module leaves more garbage than lowering it: others measure it. */
function median(shape: Hostile, child: string): Times {
  const file = path.join(cache, `tall-${process.pid}.wasm`);
  writeFileSync(file, justBelow(shape, BYTES));
  const found = Array.from({ length: Number(values.times) }, () => {
    const words = [child, '--one', file];
    const { stdout, stderr, status } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${shape.name}: ${stderr}`);
    return JSON.parse(stdout) as Times;
  });
  rmSync(file);
  return found.sort((a, b) => a.elapsed - b.elapsed)[found.length >> 1];
}

if (values.one !== undefined) console.log(JSON.stringify(measure(readFileSync(values.one))));
else {
  mkdirSync(cache, { recursive: true });
  const child = await bundleTs(path.join(root, 'bench/tall.ts'));
  const chosen = HOSTILE.filter(
    ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  );
  const all = chosen.map((shape) => {
    const times = median(shape, child);
    const shown = [times.elapsed, times.processor].map((ms) => ms.toFixed(0).padStart(6));
    console.log(`${shown[0]} ms ${shown[1]} ms of processor time  ${shape.name}`);
    return times.elapsed;
  });
  const most = Math.max(...all);
  console.log(`${all.length} shapes, at most ${most.toFixed(0)} ms`);
  if (values.limit !== undefined && most > Number(values.limit)) process.exitCode = 1;
}
