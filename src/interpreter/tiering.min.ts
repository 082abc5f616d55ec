/** Without fresh factories nothing is lowered again (scripts/min.ts puts this for `tiering.ts`). */
import type { Safepoint } from './code';
import type { Step } from './registers';

export function afterSafepoint(site: Safepoint): Step | null {
  return site.resume;
}
