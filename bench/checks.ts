/**
 * What it costs that guests can be paused: the built package beside the same without checks of the fuel (so nothing could stop it). In the
 * interpreter that is a copy in which the code of hot functions has none; cold code keeps them: that is how what is hot is found. In the
 * JavaScript tier its texts lose them as they are evaluated (bare.ts).
 *   npm run bench:checks -- [--tier javascript] [--rounds N] [program...]
 */

import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import type { FactoryText } from '../embed/node/factory-texts.ts';
import { optionsOf } from '../scripts/options.ts';
import { type Engine, engines, type Timing } from './engines.ts';
import { cache, root } from './paths.ts';
import { buildProgram, PROGRAMS } from './programs.ts';
import type { Measurement } from './protocol.ts';
import { estimate, type Pair } from './statistics.ts';

const { values, positionals } = optionsOf(
  import.meta.url,
  {
    options: { rounds: { type: 'string', default: '3' }, tier: { type: 'string', default: 'interpreter' } },
    allowPositionals: true,
  },
  { rounds: 1 },
);
const TIMING: Timing = { warmUpMs: 600, sampleMs: 100, samples: 5 };

/** Both ways in which a factory says it (src/interpreter/templates). */
const CHECKS: readonly (readonly [check: RegExp, instead: string])[] = [
  [/if\(--M\.fuel<0\)\{M\.yielded=\w+;return null\}/g, ''],
  [/\(--M\.fuel<0\?\(M\.yielded=\w+,null\):(\w+)\)/g, '$1'],
];

function withoutChecks(): string {
  const dist = path.join(cache, 'dist-without-checks');
  rmSync(dist, { recursive: true, force: true });
  cpSync(path.join(root, 'dist'), dist, { recursive: true });
  const file = path.join(dist, 'factories.json');
  const factories = JSON.parse(readFileSync(file, 'utf8')) as Record<string, FactoryText>;
  let changed = 0;
  for (const [name, [needs, text]] of Object.entries(factories)) {
    const bare = CHECKS.reduce((before, [check, instead]) => before.replaceAll(check, instead), text);
    if (/fuel|yielded/.test(bare) && name !== 'bulk') throw new Error(`${name} still has a check: ${bare}`);
    if (bare !== text) changed++;
    factories[name] = [needs, bare];
  }
  if (changed === 0) throw new Error('no checks found');
  writeFileSync(file, JSON.stringify(factories));
  console.log(`${changed} factories without their checks`);
  return dist;
}

interface Kind {
  readonly dist: string;
  readonly isBare: boolean;
}
const isJavaScript = values.tier === 'javascript';
const shipped = path.join(root, 'dist');
/** As it ships, and without checks. */
const kinds: readonly Kind[] = [
  { dist: shipped, isBare: false },
  isJavaScript ? { dist: shipped, isBare: true } : { dist: withoutChecks(), isBare: false },
];
const chosen = PROGRAMS.filter(({ name, group }) =>
  positionals.length === 0 ? group === 'basic' : positionals.includes(name),
);
const tswasm = engines(async () => '').find(({ name }) => name === `tswasm ${values.tier}`);
if (tswasm === undefined) throw new Error(`there is no engine "tswasm ${values.tier}"`);
const files = new Map<string, string>();
for (const program of chosen) files.set(program.name, await buildProgram(program));

async function measured({ measure }: Engine, { dist, isBare }: Kind, file: string): Promise<Measurement> {
  process.env['TSWASM_DIST'] = dist;
  if (isBare) process.env['TSWASM_BARE'] = '1';
  else delete process.env['TSWASM_BARE'];
  const found = await measure(file, TIMING);
  if (found === undefined) throw new Error(`${file} does not run`);
  return found;
}

console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${values.rounds} rounds\n`);
console.log('| program | with checks, us | without, us | with / without | of each round |');
console.log('| --- | ---: | ---: | ---: | --- |');
const all: Pair[][] = [];
for (const { name } of chosen) {
  const rounds: number[][] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    const found: Measurement[] = [];
    // In turn: neither is always the one that runs first.
    for (const k of order) found[k] = await measured(tswasm, kinds[k], files.get(name)!);
    const [checked, bare] = found;
    if (checked.checksum !== bare.checksum)
      throw new Error(`${name} computes ${bare.checksum} without checks, ${checked.checksum} with`);
    rounds.push(found.map(({ repMs }) => repMs));
  }
  // A process is slowed down by what else the machine does, never made faster: the best of the rounds is what the code can do.
  const [checked, bare] = [0, 1].map((k) => Math.min(...rounds.map((times) => times[k])));
  all.push(rounds.map(([after, before]) => ({ before, after })));
  const each = rounds.map((times) => (times[0] / times[1]).toFixed(2)).join(' ');
  const us = (ms: number) => (ms * 1000).toFixed(1);
  console.log(`| ${name} | ${us(checked)} | ${us(bare)} | ${(checked / bare).toFixed(2)} | ${each} |`);
}
const { ratio, low, high } = estimate(all);
console.log(`\ngeometric mean of all rounds: ${ratio.toFixed(3)} (${low.toFixed(3)} .. ${high.toFixed(3)})`);
