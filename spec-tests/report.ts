/** Totals, and the comparison of a run with expected-failures.txt. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FileResult, isClean } from './runner';

/** Features that a file may wait for. Anything that tswasm implements is not among them. */
export const MISSING_FEATURES = [
  'simd',
  'relaxed-simd',
  'exceptions',
  'function-references',
  'gc',
  'wide-arithmetic',
] as const;
export type MissingFeature = (typeof MISSING_FEATURES)[number];

/** Not in the list: see `withoutParts`. */
const LEFT_OUT = 'what is left out';

export type ExpectedFailures = ReadonlyMap<
  string,
  { readonly feature: MissingFeature | typeof LEFT_OUT; readonly note: string }
>;

const listFile = path.join(path.dirname(fileURLToPath(import.meta.url)), 'expected-failures.txt');

function isMissingFeature(name: string): name is MissingFeature {
  return (MISSING_FEATURES as readonly string[]).includes(name);
}

/** Lines `path  feature  # note`; empty lines and lines that start with # say nothing. */
export function parseExpectedFailures(text: string): ExpectedFailures {
  const expected = new Map<string, { feature: MissingFeature; note: string }>();
  text.split('\n').forEach((line, index) => {
    const [entry, note = ''] = line.split(/#(.*)/);
    const words = entry.trim().split(/\s+/).filter(Boolean);
    if (words.length === 0) return;
    const at = `expected-failures.txt:${index + 1}`;
    const [file, feature] = words;
    if (words.length !== 2 || !isMissingFeature(feature))
      throw new Error(`${at}: not "path  feature  # note": ${line}`);
    if (expected.has(file)) throw new Error(`${at}: ${file} is listed twice`);
    expected.set(file, { feature, note: note.trim() });
  });
  return expected;
}

export function readExpectedFailures(): ExpectedFailures {
  return parseExpectedFailures(readFileSync(listFile, 'utf8'));
}

/**
 * The list of a bundle from which parts have been left out (scripts/small-parts.mjs): besides, scripts that need one of these. What that does not
 * explain in them is wrong as in the others.
 */
export function withoutParts(expected: ExpectedFailures, results: readonly FileResult[]): ExpectedFailures {
  const needing = results.filter(({ problems }) => problems.some(({ cause }) => cause === 'feature'));
  const added = needing.map(({ path }) => [path, { feature: LEFT_OUT, note: 'not in this bundle' }] as const);
  return new Map([...added, ...expected]);
}

/** What is wrong with a result given the list, or undefined. */
export function verdict(result: FileResult, expected: ExpectedFailures): string | undefined {
  const entry = expected.get(result.path);
  if (entry && isClean(result)) {
    return `unexpected pass: remove ${result.path} (${entry.feature}) from expected-failures.txt`;
  }
  // What a listed script lacks must explain all that fails in it.
  const problems = entry ? result.problems.filter((p) => p.cause === 'own') : result.problems;
  if (problems.length === 0) return undefined;
  const shown = problems.slice(0, 10).map((p) => `  ${result.path}:${p.line}: ${p.command}: ${p.message}`);
  const more = problems.length - shown.length;
  const what = entry ? `problems that ${entry.feature} does not explain` : 'problems';
  return [`${problems.length} ${what}`, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

export interface Totals {
  files: number;
  clean: number;
  expectedFailures: number;
  passed: number;
  failed: number;
  skipped: number;
  textFormat: number;
}

export function totals(results: readonly FileResult[], expected: ExpectedFailures): Totals {
  const sum: Totals = {
    files: 0,
    clean: 0,
    expectedFailures: 0,
    passed: 0,
    failed: 0,
    skipped: 0,
    textFormat: 0,
  };
  for (const result of results) {
    sum.files++;
    if (isClean(result)) sum.clean++;
    else if (expected.has(result.path)) sum.expectedFailures++;
    sum.passed += result.passed;
    sum.failed += result.failed;
    sum.skipped += result.skipped;
    sum.textFormat += result.textFormat;
  }
  return sum;
}

export function showTotals(t: Totals): string {
  const assertions = t.passed + t.failed + t.skipped;
  return [
    `${t.files} files: ${t.clean} clean, ${t.files - t.clean} with problems (${t.expectedFailures} of them expected)`,
    `${assertions} assertions: ${t.passed} passed, ${t.failed} failed, ${t.skipped} skipped`,
    `of the passed, ${t.textFormat} are text-format checks answered by wasm-tools alone`,
  ].join('\n');
}
