/** The command line as it is in the sources, bundled for a test. */
import { spawnSync } from 'node:child_process';
import { bundleTs } from '../../../scripts/run-ts.mjs';

let bundled: Promise<string> | undefined;

/** Path of a script that Node can run. */
export function cliScript(): Promise<string> {
  bundled ??= bundleTs(new URL('../../../src/cli/main.ts', import.meta.url).pathname);
  return bundled;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function cli(
  words: readonly string[],
  options: {
    readonly input?: string;
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly timeout?: number;
  } = {},
): Promise<CliResult> {
  const run = spawnSync(process.execPath, [await cliScript(), ...words], {
    encoding: 'utf8',
    timeout: 60_000,
    ...options,
    input: options.input ?? '',
  });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}
