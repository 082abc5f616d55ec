/** For `hints.ts` in bundles that neither list instructions nor compile: no branch has a hint. */
import type { BranchHints } from './module';

export const BRANCH_HINTS = '';

export function readBranchHints(): ReadonlyMap<number, BranchHints> {
  return new Map();
}
