/**
 * Work that is counted, for tests: a clock says something else on a busy machine. Imported once, it makes V8 count from then on, as for
 * coverage; a function that has run before that is counted without its branches.
 */
import { Session } from 'node:inspector/promises';
import { root } from './laws/files.ts';

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** Code of this repository, and neither its packages nor a test. */
function isOurs(url: string): boolean {
  const file = url.replace(/^file:\/\//, '');
  return file.startsWith(`${root}/`) && !file.includes('/node_modules/') && !file.includes('.test.');
}

/** Entries of blocks since it was asked last. */
async function counted(): Promise<number> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  let blocks = 0;
  for (const { functions } of result.filter(({ url }) => isOurs(url))) {
    for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
  }
  return blocks;
}

/**
 * How often a block of our code (a function's body, a branch, the body of a loop) is entered while `run` runs. What is done inside one
 * built-in function (a copy, a fill) does not count.
 */
export async function workOf(run: () => unknown): Promise<number> {
  await counted();
  await run();
  return counted();
}
