/** Runtimes for models on this machine: onnxruntime, where it is installed. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { type NnBackend, type OnnxRuntime, onnxBackend } from 'tswasm/wasi-nn';
import { FleetError } from '../protocol/errors';

const RUNTIME = 'onnxruntime-node';

/** `none`; a folder whose node_modules has the runtime; or what is installed beside this program, if anything is. */
export function backendsOf(choice: string | undefined): readonly NnBackend[] {
  if (choice === 'none') return [];
  const from = choice === undefined ? import.meta.url : path.join(path.resolve(choice), 'package.json');
  try {
    return [onnxBackend(createRequire(from)(RUNTIME) as OnnxRuntime)];
  } catch (error) {
    if (choice === undefined) return [];
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new FleetError('capability-missing', `--models ${choice}: no ${RUNTIME} there (${why})`);
  }
}
