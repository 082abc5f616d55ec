/**
 * Branch hints (custom section `metadata.code.branch_hint`): which `br_if` and `if` are likely taken. Hints are a help, never a reason to
 * reject: what does not decode is left out.
 */
import { CompileError } from '../errors';
import type { BranchHints, ByteRange } from './module';
import { Reader } from './reader';

export const BRANCH_HINTS = 'metadata.code.branch_hint';

/** By function index. */
export function readBranchHints(
  bytes: Uint8Array,
  section: ByteRange | undefined,
): ReadonlyMap<number, BranchHints> {
  const functions = new Map<number, BranchHints>();
  if (section === undefined) return functions;
  const r = new Reader(bytes, section.start, section.end);
  try {
    for (let more = r.count(); more > 0; more--) {
      const funcidx = r.u32();
      const hints = new Map<number, boolean>();
      for (let count = r.count(); count > 0; count--) {
        const offset = r.u32();
        const size = r.u32();
        const value = r.u8();
        if (size === 1 && value <= 1) hints.set(offset, value === 1);
        else r.skip(Math.max(0, size - 1));
      }
      functions.set(funcidx, hints);
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return functions;
}
