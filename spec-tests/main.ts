/**
 * Runs the official suite from the command line:
 *   npm run spec -- [--engine NAME] [--host jitless|quickjs|chromium|firefox] [--verbose] [--all-problems] [file or part of a path ...]
 * Engines: tswasm, tswasm-full, tswasm-fresh, tswasm-stepN, tswasm-hotN, native, native-mixed, native-kept, javascript, javascript-mixed, ahead-TARGET, mixed, tiersN,
 * migrateN, movesN, host (engines/index.ts says what each is).
 * A file that exists is run as it is; anything else selects files of the suite. Exit code 1 when a result is not as listed.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { misused, optionsOf } from '../scripts/options';
import { INSTRUCTIONS } from '../src/decoder/instructions';
import type { Engine } from './engine';
import { engineNamed } from './engines/index';
import { HOST_NAMES, Host } from './hosts/index';
import { listScripts, locateTestsuite, missingNotice } from './locate';
import { readExpectedFailures, showTotals, totals, verdict, withoutParts } from './report';
import { type FileResult, isClean, runScript } from './runner';

interface Options {
  engine: Engine;
  /** Where the engine runs, if that is not here. */
  host: string | undefined;
  verbose: boolean;
  problems: number;
  patterns: string[];
}

function readOptions(): Options {
  const { values, positionals } = optionsOf(import.meta.url, {
    allowPositionals: true,
    options: {
      engine: { type: 'string', default: 'tswasm' },
      host: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      'all-problems': { type: 'boolean', default: false },
    },
  });
  return {
    engine: named(values.engine),
    host: values.host,
    verbose: values.verbose,
    problems: values['all-problems'] ? Number.POSITIVE_INFINITY : 5,
    patterns: positionals,
  };
}
/** Whether it is bundled with the parts of tswasm.min.js: `run-ts.mjs --small`. */
const LEAVES_OUT = !INSTRUCTIONS.some(({ feature }) => feature === 'simd');

class UsageError extends Error {}
function named(name: string): Engine {
  const engine = engineNamed(name);
  if (!engine) throw new UsageError(`unknown engine ${name}`);
  return engine;
}

async function hostNamed(name: string, engine: string): Promise<Host> {
  const host = await Host.open(name, engine);
  if (host === undefined)
    throw new UsageError(`no engine ${engine} on ${name}; hosts: ${HOST_NAMES.join(', ')}`);
  return host;
}

/** What there is to run. */
interface Selection {
  /** Name in the report, path on disk. */
  readonly scripts: readonly { name: string; file: string }[];
  /** What was asked for and is not here, as a text to print. */
  readonly missing?: string;
}

function selectScripts(patterns: readonly string[]): Selection {
  const given = patterns.filter((p) => p.endsWith('.wast') && existsSync(p));
  const parts = patterns.filter((p) => !given.includes(p));
  const scripts = given.map((file) => ({ name: file, file }));
  if (patterns.length > 0 && parts.length === 0) return { scripts };
  const suite = locateTestsuite();
  if ('missing' in suite) return { scripts, missing: missingNotice(suite.missing) };
  const names = listScripts(suite.path);
  const unknown = parts.find((part) => !names.some((name) => name.includes(part)));
  if (unknown !== undefined) {
    throw new UsageError(`no file ${unknown}, and no script of ${suite.path} has that in its path`);
  }
  for (const name of names) {
    if (parts.length > 0 && !parts.some((p) => name.includes(p))) continue;
    scripts.push({ name, file: path.join(suite.path, name) });
  }
  return { scripts };
}

function report(result: FileResult, options: Options): void {
  if (isClean(result) && !options.verbose) return;
  const { passed, failed, skipped } = result;
  console.log(
    `${isClean(result) ? 'clean' : 'FAIL '} ${result.path}: ${passed} passed, ${failed} failed, ${skipped} skipped`,
  );
  for (const p of result.problems.slice(0, options.problems))
    console.log(`    :${p.line} ${p.command}: ${p.message}`);
  const more = result.problems.length - options.problems;
  if (more > 0) console.log(`    and ${more} more`);
  if (options.verbose)
    for (const n of result.notes) console.log(`    note :${n.line} ${n.command}: ${n.message}`);
}

async function main(): Promise<number> {
  const options = readOptions();
  const { engine } = options;
  const results: FileResult[] = [];
  const { scripts, missing } = selectScripts(options.patterns);
  const host = options.host === undefined ? undefined : await hostNamed(options.host, engine.name);
  for (const { name, file } of scripts) {
    const source = readFileSync(file, 'utf8');
    const result = await (host?.run(name, source) ?? runScript(engine, name, source));
    results.push(result);
    report(result, options);
  }
  const listed = readExpectedFailures();
  const expected = LEAVES_OUT ? withoutParts(listed, results) : listed;
  const told = await (host ?? engine).finish?.();
  await host?.close();
  if (told) console.log(told);
  if (host !== undefined) console.log(`on ${options.host}`);
  console.log(`\nengine ${engine.name}\n${showTotals(totals(results, expected))}`);
  // At the end, where it is seen: what was not run was not passed.
  if (missing !== undefined) console.error(missing);
  if (engine.name === 'host') return missing === undefined ? 0 : 1; // the list says what tswasm lacks
  const wrong = results
    .map((r) => [r.path, verdict(r, expected)] as const)
    .filter(([, v]) => v !== undefined);
  for (const [file, message] of wrong) console.log(`NOT AS LISTED: ${file}: ${message?.split('\n')[0]}`);
  return wrong.length > 0 || missing !== undefined ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  misused(import.meta.url, error.message);
}
