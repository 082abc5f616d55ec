/**
 * Mutation tests from the command line:
 *   node scripts/run-ts.mjs spec-tests/mutation.ts [--count 100000] [--start 0]
 * Exit code 1 when a damaged binary gives anything but a module or a CompileError, or another verdict than native's.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { optionsOf } from '../scripts/options';
import { enableNativeFeatures } from './differential/check';
import { runMutants } from './mutation/run';

const { values } = optionsOf(
  import.meta.url,
  {
    options: { count: { type: 'string', default: '10000' }, start: { type: 'string', default: '0' } },
  },
  { count: 1, start: 0 },
);
await enableNativeFeatures();
const began = Date.now();
const { count, valid, unsupported, defects } = runMutants(Number(values.start), Number(values.count));
const outDir = path.join('node_modules', '.cache', 'tswasm-mutation');
for (const defect of defects.slice(0, 20)) {
  mkdirSync(outDir, { recursive: true });
  const file = path.join(outDir, `${defect.index}.wasm`);
  writeFileSync(file, defect.bytes);
  console.log(`mutant ${defect.index} (${file}): ${defect.message}`);
}
const seconds = ((Date.now() - began) / 1000).toFixed(1);
const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
console.log(
  `${count} mutants, ${valid} valid, ${unsupported} of unsupported features, ${defects.length} defects, ${seconds} s, ${memory} MB`,
);
process.exitCode = defects.length > 0 ? 1 : 0;
