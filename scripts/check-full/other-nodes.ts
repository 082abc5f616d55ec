/** The official suite and the command line on other versions of Node: their V8s have other flags, texts of traps and tiers. */
import { spawnSync } from 'node:child_process';
import { findNodes } from '../engines.mjs';
import { ENGINES_ELSEWHERE } from './steps.ts';

const SUITE = ['scripts/run-ts.mjs', 'spec-tests/main.ts', '--engine'];
const COMMAND = ['node_modules/vitest/vitest.mjs', 'run', 'src/cli', 'embed/node/cli.test.ts'];

for (const node of findNodes()) {
  for (const words of [...ENGINES_ELSEWHERE.map((engine) => [...SUITE, engine]), COMMAND]) {
    console.log(`\n${node} ${words.join(' ')}`);
    if (spawnSync(node, words, { stdio: 'inherit' }).status !== 0) process.exitCode = 1;
  }
}
