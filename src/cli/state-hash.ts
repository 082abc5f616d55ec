/** `--state-hash`: one line that two runs can be compared by. */
import type { ProgramEnding } from '../../embed/loop/program';
import { SnapshotError } from '../errors';
import type { Instance } from '../index';
import { StateError, type Wasi } from '../wasi';
import type { OptionSpec, Options } from './options';
import { complain } from './output';
import { EXIT } from './report';

export const STATE_HASH: OptionSpec = {
  name: 'state-hash',
  help: 'at the end print a hash of memory, globals, tables, files in memory and the rest of the state',
};

/** Tells the hash, if it is asked for. Gives our exit code, which is `code` unless there is no hash. */
export async function tellStateHash(
  options: Options,
  file: string,
  { instance, wasi, ending, code }: Ended,
): Promise<number> {
  if (!options.has(STATE_HASH.name)) return code;
  try {
    if (ending.kind === 'stopped') throw new SnapshotError('the program was stopped before its end', 'state');
    const { postmortem } = await import('../snapshot');
    complain(`${file}: state sha256:${wasi.stateDigest(postmortem(instance))}`);
    return code;
  } catch (error) {
    if (!(error instanceof SnapshotError || error instanceof StateError)) throw error;
    complain(`${file}: no state hash: ${error.message}`);
    return code === EXIT.success ? EXIT.failure : code;
  }
}

interface Ended {
  readonly instance: Instance;
  readonly wasi: Wasi;
  readonly ending: ProgramEnding;
  readonly code: number;
}
