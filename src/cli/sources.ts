/** Files and lines in backtraces, which need the debug sections read: only when there is a backtrace to print. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProgramEnding } from '../../embed/loop/program';

/** Lets backtraces of the module in `file` name their sources; what it refers to lies beside it. */
export async function showSourcesOf(file: string): Promise<void> {
  const { showSources } = await import('../debug');
  showSources((url) => readBeside(file, url));
}

/** The same, if the run has ended with something to trace. */
export async function showSourcesFor(file: string, ending: ProgramEnding): Promise<void> {
  if (ending.kind === 'trapped' || ending.kind === 'stopped') await showSourcesOf(file);
}

export function readBeside(file: string, url: string): Uint8Array | undefined {
  try {
    const place = url.startsWith('file:') ? fileURLToPath(url) : resolve(dirname(file), url);
    return readFileSync(place);
  } catch {
    return undefined;
  }
}
