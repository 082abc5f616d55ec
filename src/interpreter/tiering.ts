/**
 * Which functions are hot: those that are often found running when a slice of fuel ends. They are lowered again with factories of their
 * own. Only functions with a good share of the time get them: fresh closures start in the host's interpreter, and hundreds of
 * lukewarm functions are faster on the shared set that the host has compiled long ago (bench program `many`: 5 times).
 */
import type { Safepoint } from './code';
import { hasFreshFactories } from './factories';
import type { Step } from './registers';

/** Samples after which all heat is halved. */
const WINDOW = 1024;
/**
 * Heat at which a function is hot: reached by about 3 % of the samples, and after some 10 ms in it, which is what its new code costs.
 */
const HOT = 48;

let samples = 0;
let epoch = 0;

/** The step that goes on past the safepoint at which a slice of fuel ended: in better code, if it is time for it. */
export function afterSafepoint(site: Safepoint): Step | null {
  if (site.kind === 'bulk') return site.resume;
  const { code } = site;
  const { func } = code;
  if (++samples % WINDOW === 0) epoch++;
  if (func.heatEpoch !== epoch) {
    func.heat = epoch - func.heatEpoch > 8 ? 0 : func.heat >> (epoch - func.heatEpoch);
    func.heatEpoch = epoch;
  }
  if (++func.heat < HOT || !hasFreshFactories()) return site.resume;
  const better = func.lower(true);
  if (better === code) return site.resume;
  if (site.kind === 'entry') return better.entrySite.resume;
  return better.loops.get(site.targetLoop) ?? site.resume;
}
