/**
 * The official suite elsewhere: on other versions of Node, whose V8s have other flags, texts of traps and tiers, in Deno, in Bun, whose engine is
 * another, and on pages of the browsers that are here; the command line on the Nodes. What is not here is told.
 */
import { spawnSync } from 'node:child_process';
import { BROWSER_NAMES, findBrowser, findEngine, findNodes, noBrowser, noEngine } from '../engines.mjs';
import { ENGINES_ELSEWHERE } from './steps.ts';

const SUITE = ['scripts/run-ts.mjs', 'spec-tests/main.ts', '--engine'];
/** Frames of long functions as they leave and go on: engines differ in how they find handlers. */
const LEAVING = ['node_modules/vitest/vitest.mjs', 'run', 'src/compiler/native/in-place.test.ts'];
const COMMAND = ['node_modules/vitest/vitest.mjs', 'run', 'src/cli', 'embed/node/cli.test.ts'];

function run(host: string, words: readonly string[]): void {
  console.log(`\n${host} ${words.join(' ')}`);
  if (spawnSync(host, words, { stdio: 'inherit' }).status !== 0) process.exitCode = 1;
}
function skipped(why: string): void {
  console.log(`\nSKIPPED: ${why}`);
}

const nodes = findNodes();
if (nodes.length === 0) skipped('no other version of Node: TSWASM_NODES may name some');
for (const node of nodes) for (const engine of ENGINES_ELSEWHERE) run(node, [...SUITE, engine]);

for (const [name, words] of [
  ['bun', []],
  ['deno', ['run', '--allow-all', '--quiet']],
] as const) {
  const program = findEngine(name);
  if (program === undefined) skipped(noEngine(name));
  else for (const engine of ENGINES_ELSEWHERE) run(program, [...words, ...SUITE, engine]);
  if (program !== undefined && name === 'bun') run(program, LEAVING);
}

for (const name of BROWSER_NAMES) {
  if (findBrowser(name) === undefined) skipped(noBrowser(name));
  else for (const engine of ENGINES_ELSEWHERE) run(process.execPath, [...SUITE, engine, '--host', name]);
}

for (const node of nodes) run(node, COMMAND);
