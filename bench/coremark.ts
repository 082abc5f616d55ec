/**
 * CoreMark, compiled from C, in every engine, interleaved. The binary is not ours and not in the repository:
 *   TSWASM_COREMARK=coremark.wasm [TSWASM_WASM3=wasm3] npm run bench:coremark -- [--rounds N] [--engines a,b]
 * A score is iterations in a second, more is better. One run takes between ten and thirty seconds.
 */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { root } from './paths.ts';
import { median } from './protocol.ts';

const { values: options } = optionsOf(
  import.meta.url,
  {
    options: { rounds: { type: 'string', default: '3' }, engines: { type: 'string' } },
  },
  { rounds: 1 },
);
const file = process.env['TSWASM_COREMARK'];
if (!file) {
  console.error('TSWASM_COREMARK must name a coremark.wasm for WASI');
  process.exit(2);
}
const wasm3 = process.env['TSWASM_WASM3'];
const child = await bundleTs(path.join(root, 'bench', 'coremark-child.ts'));
const commands: Record<string, readonly string[]> = {
  ...(wasm3 && { wasm3: [wasm3, file] }),
  native: [process.execPath, child, 'native', file],
  tswasm: [process.execPath, child, 'tswasm', file],
  'tswasm javascript': [process.execPath, child, 'tswasm', file, 'javascript'],
  polywasm: [process.execPath, child, 'polywasm', file],
  jitless: [process.execPath, '--jitless', child, 'tswasm', file],
  'jitless polywasm': [process.execPath, '--jitless', child, 'polywasm', file],
};
const wanted = options.engines?.split(',') ?? Object.keys(commands);
const scores = new Map<string, number[]>();
for (let round = 0; round < Number(options.rounds); round++) {
  for (const [engine, [command, ...args]] of Object.entries(commands)) {
    if (!wanted.includes(engine)) continue;
    const { stdout, stderr } = spawnSync(command!, args);
    const score = Number(/CoreMark 1\.0 : ([\d.]+)/.exec(stdout.toString())?.[1]);
    if (!(score > 0)) {
      console.error(`${engine}: no score\n${stdout}${stderr.toString().slice(0, 500)}`);
      process.exitCode = 1;
      continue;
    }
    scores.set(engine, [...(scores.get(engine) ?? []), score]);
    console.error(`round ${round + 1}: ${engine} ${score.toFixed(0)}`);
  }
}
const base = scores.has('wasm3') ? 'wasm3' : 'native';
const baseScore = scores.has(base) ? median(scores.get(base)!) : Number.NaN;
for (const [engine, all] of scores) {
  const score = median(all);
  console.log(
    `${engine.padEnd(18)} ${score.toFixed(0).padStart(6)}   ${(score / baseScore).toFixed(3)} of ${base}`,
  );
}
