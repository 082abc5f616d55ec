/** The command line as it is in the sources: the one in dist/, or, where that is older than they are, one bundled for a test. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { isBuilt } from '../../../scripts/is-built.mjs';
import { root } from '../../../scripts/laws/files';
import { bundleTs } from '../../../scripts/run-ts.mjs';

let bundled: Promise<string> | undefined;

/** Path of a script that Node can run. */
export function cliScript(): Promise<string> {
  bundled ??= isBuilt()
    ? Promise.resolve(path.join(root, 'dist/cli.cjs'))
    : bundleTs(path.join(root, 'src/cli/main.ts'));
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
    timeout: 300_000,
    ...options,
    input: options.input ?? '',
  });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}
