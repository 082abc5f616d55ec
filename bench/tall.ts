/**
 * Modules of 400 KB that are hard to lower (tall stacks under every kind of statement, many results, many locals): milliseconds of processor
 * time from their bytes to the closures of all their functions, each in a process of its own; the median of some.
 *   node scripts/run-ts.mjs bench/tall.ts [--times 3] [part of a name...]
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import '../embed/node/fresh-factories.ts';
import '../embed/node/native-memory.ts';
import { instantiatePaused, Module, Store } from '../src/index.ts';
import { codeOf } from '../src/interpreter/code.ts';
import { makeCode } from '../src/interpreter/driver.ts';
import { HOSTILE, type Hostile, justBelow } from '../src/interpreter/testing.ts';
import { root } from './paths.ts';

const BYTES = 400_000;
const { values, positionals } = parseArgs({
  options: { times: { type: 'string', default: '3' }, one: { type: 'string' } },
  allowPositionals: true,
});

function measure(shape: Hostile): void {
  const bytes = justBelow(shape, BYTES);
  const begun = process.cpuUsage();
  const module = Module.decode(bytes);
  const instance = instantiatePaused(new Store(), module, []);
  for (let k = 0; k < module.funcTypes.length; k++) makeCode(codeOf(instance.funcAt(k)));
  const { user, system } = process.cpuUsage(begun);
  console.log((user + system) / 1000);
}

function median(shape: Hostile): number {
  const args = [path.join(root, 'scripts/run-ts.mjs'), path.join(root, 'bench/tall.ts'), '--one', shape.name];
  const found = Array.from({ length: Number(values.times) }, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${shape.name}: ${stderr}`);
    return Number(stdout);
  });
  return found.sort((a, b) => a - b)[found.length >> 1];
}

if (values.one !== undefined) measure(HOSTILE.find(({ name }) => name === values.one)!);
else {
  const chosen = HOSTILE.filter(
    ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  );
  const all = chosen.map((shape) => {
    const ms = median(shape);
    console.log(`${ms.toFixed(0).padStart(6)} ms  ${shape.name}`);
    return ms;
  });
  console.log(`${all.length} shapes, at most ${Math.max(...all).toFixed(0)} ms`);
}
