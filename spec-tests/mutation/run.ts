/** Damages generated modules, and checks what decoder and engine make of it. */
import { available } from '../differential/check';
import { generate } from '../differential/generate';
import { encodeModule } from '../differential/ir';
import { Random } from '../differential/random';
import { checkDecode } from './decode-check';
import { mutate } from './mutate';
import { checkRun } from './run-check';

const MUTANTS_PER_MODULE = 20;

export interface MutationResult {
  readonly count: number;
  readonly valid: number;
  readonly unsupported: number;
  readonly defects: { readonly index: number; readonly message: string; readonly bytes: Uint8Array }[];
}

/** The mutants `start` to `start + count`; the same on every host with the same features. */
export function runMutants(start: number, count: number): MutationResult {
  const features = available();
  const result = { count, valid: 0, unsupported: 0, defects: [] as MutationResult['defects'] };
  let original: Uint8Array = new Uint8Array();
  let from = -1;
  for (let index = start; index < start + count; index++) {
    const seed = Math.floor(index / MUTANTS_PER_MODULE);
    if (seed !== from) original = encodeModule(generate(seed, features).module);
    from = seed;
    const bytes = mutate(new Random(index ^ 0x5bd1e995), original);
    const verdict = checkDecode(bytes);
    if (verdict.kind === 'unsupported') result.unsupported++;
    if (verdict.kind === 'module') result.valid++;
    const message =
      verdict.kind === 'module'
        ? checkRun(verdict.module)
        : verdict.kind === 'defect'
          ? verdict.message
          : undefined;
    if (message !== undefined) result.defects.push({ index, message, bytes });
  }
  return result;
}
