/** Which functions are hot: those found running when a slice of fuel ends. They are lowered again with factories of their own. */
import type { Safepoint } from './code';
import { hasFreshFactories } from './factories';
import type { Step } from './registers';

/** Slices that must end in a function before it is lowered again. */
const HOT = 2;

/** The step that goes on past the safepoint at which a slice of fuel ended: in better code, if it is time for it. */
export function afterSafepoint(site: Safepoint): Step | null {
  const { func } = site.code;
  if (!hasFreshFactories() || ++func.heat < HOT) return site.resume;
  const code = func.lower(true);
  if (site.kind === 'entry') return code.entrySite.resume;
  return code.loops.get(site.targetLoop) ?? site.resume;
}
