/**
 * The heavy runs, one after the other: `npm run check:full -- [--list] [--only part-of-a-name ...]`. They take hours, so `npm test` has
 * small ones of the same kinds. What a run prints is in node_modules/.cache/tswasm-check-full. Exit code 1 when one fails. What has to be
 * skipped is said where it is skipped, and again at the end.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInShell, runSteps } from './check-full/run.ts';
import { STEPS } from './check-full/steps.ts';
import { root } from './laws/files.ts';
import { optionsOf } from './options.ts';

export async function main(args: readonly string[]): Promise<number> {
  const { values } = optionsOf(import.meta.url, {
    args: [...args],
    options: { list: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
  });
  const { only } = values;
  const steps = STEPS.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
  if (steps.length === 0) {
    console.error(`no step has ${only?.join(' or ')} in its name; --list shows them`);
    return 2;
  }
  if (values.list) {
    for (const { name, command, env } of steps) {
      const variables = Object.entries(env ?? {}).map(([variable, value]) => `${variable}=${value}`);
      console.log([`${name}:`, ...variables, ...command].join(' '));
    }
    return 0;
  }
  const logs = path.join(root, 'node_modules/.cache/tswasm-check-full');
  mkdirSync(logs, { recursive: true });
  return runSteps(steps, { run: runInShell(logs), print: (line) => console.log(line) });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.chdir(root);
  process.exitCode = await main(process.argv.slice(2));
}
