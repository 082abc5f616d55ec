/**
 * How much of its steady speed each program has in its first second, which begins with the module's bytes: work done in it, by what the last second
 * of six does, in the time of the thread that runs it. Medians over interleaved rounds.
 *   npm run bench:first -- [--rounds 3] [--engine "tswasm javascript"] [part of a name...]
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import type { FirstSecond, FirstTask } from './first-child.ts';
import { root } from './paths.ts';
import { buildProgram, isBuildable, PROGRAMS } from './programs.ts';
import { geomean, type JsEngine, median } from './protocol.ts';

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      engine: { type: 'string', default: 'tswasm javascript' },
    },
  },
  { rounds: 1 },
);
const child = await bundleTs(path.join(root, 'bench', 'first-child.ts'));
const [engine, tier] = options.engine.split(' ') as [JsEngine, string | undefined];

function measured(file: string): FirstSecond {
  const task: FirstTask = { engine, file, ...(tier && { tier }) };
  const { stdout, stderr, status } = spawnSync(process.execPath, [child, JSON.stringify(task)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as FirstSecond;
}

const chosen = PROGRAMS.filter(isBuildable).filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
const files = new Map<string, string>();
for (const program of chosen) files.set(program.name, await buildProgram(program));
const found = new Map<string, FirstSecond[]>(chosen.map(({ name }) => [name, []]));
for (let round = 0; round < Number(options.rounds); round++) {
  for (const [name, file] of files) found.get(name)!.push(measured(file));
}

console.log(`Node ${process.version}, ${options.engine}, ${options.rounds} rounds\n`);
console.log('| program | first second / steady | a repetition, us |');
console.log('| --- | ---: | ---: |');
const shares: number[] = [];
for (const [name, rounds] of found) {
  const share = median(rounds.map(({ share }) => share));
  shares.push(share);
  console.log(`| ${name} | ${share.toFixed(2)} | ${median(rounds.map(({ us }) => us)).toFixed(1)} |`);
}
console.log(`\ngeometric mean ${geomean(shares).toFixed(2)}, least ${Math.min(...shares).toFixed(2)}`);
