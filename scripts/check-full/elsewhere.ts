/** The official suite on other versions of Node, whose V8s have other flags, texts of traps and tiers, and in Bun, whose engine is another; the command line on Node. */
import { spawnSync } from 'node:child_process';
import { findEngine, findNodes } from '../engines.mjs';
import { ENGINES_ELSEWHERE } from './steps.ts';

const SUITE = ['scripts/run-ts.mjs', 'spec-tests/main.ts', '--engine'];
const COMMAND = ['node_modules/vitest/vitest.mjs', 'run', 'src/cli', 'embed/node/cli.test.ts'];

function run(host: string, words: readonly string[]): void {
  console.log(`\n${host} ${words.join(' ')}`);
  if (spawnSync(host, words, { stdio: 'inherit' }).status !== 0) process.exitCode = 1;
}

const nodes = findNodes();
const bun = findEngine('bun');
for (const host of bun === undefined ? nodes : [...nodes, bun]) {
  for (const engine of ENGINES_ELSEWHERE) run(host, [...SUITE, engine]);
}
for (const node of nodes) run(node, COMMAND);
