/** For `tiering.ts` in bundles where code stays what it is: no tier and no better factories can come. */
import type { Safepoint } from './code';
import type { Step } from './step';

export function afterSafepoint({ resume }: Safepoint): Step | null {
  return resume;
}

export function raisedAnyway(): undefined {}
