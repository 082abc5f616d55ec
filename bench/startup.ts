/**
 * Start-up: bytes to instance (decode, validate, instantiate), tswasm against polywasm, which does not validate, and native.
 *   npm run bench:startup -- [--rounds N] [file.wasm...]
 * Without files: modules found in this project's development dependencies. Every measurement is a fresh process.
 */

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { defaultFiles, importStubs } from './modules.ts';
import { root } from './paths.ts';
import { type JsEngine, median } from './protocol.ts';

interface Start {
  readonly compileMs: number;
  readonly instantiateMs: number;
}

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '5' } },
  },
  { rounds: 1 },
);
const files = positionals.length > 0 ? positionals : await defaultFiles();
const child = await bundleTs(path.join(root, 'bench', 'startup-child.ts'));
const engines: JsEngine[] = ['tswasm', 'polywasm', 'native'];

console.log(
  `Node ${process.version}, median of ${options.rounds} processes each; milliseconds, compile + instantiate`,
);
for (const file of files) {
  const stubs = JSON.stringify(importStubs(file));
  const times = new Map<JsEngine, Start[]>();
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const engine of engines) {
      const { stdout, stderr } = spawnSync(process.execPath, [child, engine, file, stubs]);
      const line = stdout.toString().trim();
      if (line === '') console.error(`${engine} ${file}: ${stderr.toString().slice(0, 400)}`);
      else times.set(engine, [...(times.get(engine) ?? []), JSON.parse(line) as Start]);
    }
  }
  const cells = [...times].map(([engine, all]) => {
    const compile = median(all.map((t) => t.compileMs));
    const instantiate = median(all.map((t) => t.instantiateMs));
    return `${engine} ${compile.toFixed(0)} + ${instantiate.toFixed(0)} = ${(compile + instantiate).toFixed(0)}`;
  });
  const size = (statSync(file).size / 1e6).toFixed(1);
  console.log(`${path.basename(file)} (${size} MB): ${cells.join('; ')}`);
}
