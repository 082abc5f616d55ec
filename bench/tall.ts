/**
 * Modules of 400 KB that are hard to lower (tall stacks under every kind of statement, many results, many locals): milliseconds from
 * their bytes to the closures of all their functions, as they pass and of processor time (V8 compiles and collects garbage beside), each in a
 * process of its own; the median of some.
 *   node scripts/run-ts.mjs bench/tall.ts [--times 3] [part of a name...]
 */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import '../embed/node/fresh-factories.ts';
import '../embed/node/native-memory.ts';
import { instantiatePaused, Module, Store } from '../src/index.ts';
import { codeOf } from '../src/interpreter/code.ts';
import { makeCode } from '../src/interpreter/driver.ts';
import { HOSTILE, type Hostile, justBelow } from '../src/interpreter/testing.ts';
import { root } from './paths.ts';

const BYTES = 400_000;
const { values, positionals } = optionsOf(
  import.meta.url,
  {
    options: { times: { type: 'string', default: '3' }, one: { type: 'string' } },
    allowPositionals: true,
  },
  { times: 1 },
);

interface Times {
  readonly elapsed: number;
  readonly processor: number;
}

function measure(shape: Hostile): void {
  const bytes = justBelow(shape, BYTES);
  const begun = process.cpuUsage();
  const start = performance.now();
  const module = Module.decode(bytes);
  const instance = instantiatePaused(new Store(), module, []);
  for (let k = 0; k < module.funcTypes.length; k++) makeCode(codeOf(instance.funcAt(k)));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(begun);
  console.log(JSON.stringify({ elapsed, processor: (user + system) / 1000 } satisfies Times));
}

function median(shape: Hostile): Times {
  const args = [path.join(root, 'scripts/run-ts.mjs'), path.join(root, 'bench/tall.ts'), '--one', shape.name];
  const found = Array.from({ length: Number(values.times) }, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${shape.name}: ${stderr}`);
    return JSON.parse(stdout) as Times;
  });
  return found.sort((a, b) => a.elapsed - b.elapsed)[found.length >> 1];
}

if (values.one !== undefined) measure(HOSTILE.find(({ name }) => name === values.one)!);
else {
  const chosen = HOSTILE.filter(
    ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  );
  const all = chosen.map((shape) => {
    const times = median(shape);
    const shown = [times.elapsed, times.processor].map((ms) => ms.toFixed(0).padStart(6));
    console.log(`${shown[0]} ms ${shown[1]} ms of processor time  ${shape.name}`);
    return times.elapsed;
  });
  console.log(`${all.length} shapes, at most ${Math.max(...all).toFixed(0)} ms`);
}
