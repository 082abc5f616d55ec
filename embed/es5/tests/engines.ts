/**
 * Engines that run scripts in ECMAScript 5 and less, as programs on this machine: those that a variable names, or that are in PATH. Each runs
 * a file and prints what it prints.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findEngine } from '../../../scripts/engines.mjs';

interface Row {
  readonly variable: string;
  readonly inPath: string | undefined;
  /** Before the file. */
  readonly args: readonly string[];
}

/** MicroQuickJS gets a heap of 64 KB, in which it also compiles. */
const ROWS = {
  espruino: { variable: 'TSWASM_ESPRUINO', inPath: undefined, args: [] },
  mqjs: { variable: 'TSWASM_MQJS', inPath: undefined, args: ['--memory-limit', '65536'] },
  duktape: { variable: 'TSWASM_DUK', inPath: 'duk', args: [] },
} as const satisfies Record<string, Row>;
export type SmallEngine = keyof typeof ROWS | 'hermes';
export const SMALL_ENGINES: readonly SmallEngine[] = ['espruino', 'mqjs', 'duktape', 'hermes'];

/** Milliseconds that a script may take: these engines are a hundred times slower than V8, on a machine that is busy. */
const PATIENCE = 300_000;

export function programOf(engine: SmallEngine): string | undefined {
  if (engine === 'hermes') return findEngine('hermes');
  const { variable, inPath } = ROWS[engine];
  const named = process.env[variable];
  if (named || inPath === undefined) return named;
  return spawnSync('which', [inPath], { encoding: 'utf8' }).stdout?.trim() || undefined;
}

export function whyNone(engine: SmallEngine): string {
  return engine === 'hermes'
    ? 'SKIPPED: no hermes here; node scripts/engines.mjs brings it'
    : `SKIPPED: no ${engine} here; name its program in ${ROWS[engine].variable}`;
}

/** What a script prints. */
export function runScript(engine: SmallEngine, script: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-small-'));
  const file = path.join(folder, 'script.js');
  writeFileSync(file, script);
  const args = engine === 'hermes' ? [] : ROWS[engine].args;
  const { stdout, stderr, error } = spawnSync(programOf(engine)!, [...args, file], {
    encoding: 'utf8',
    timeout: PATIENCE,
    input: '',
  });
  rmSync(folder, { recursive: true, force: true });
  if (error) throw error;
  return stdout + stderr;
}
