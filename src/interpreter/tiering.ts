/**
 * Which functions are hot: those that are often found running when a slice of fuel ends. They are lowered again with factories of their
 * own, and go on in the new code at once. That costs some 3 microseconds for each closure, which then starts in the host's
 * interpreter, so a function must have been found several times: the time that it has taken is by then what the change costs.
 */
import { isSafepoint, type Safepoint } from './code';
import { hasFreshFactories } from './factories';
import type { Func } from './func';
import { registers, type Step } from './registers';

/** Samples after which all heat is halved. */
const WINDOW = 1024;
/** Heat at which a function is hot: reached by about 0.4 % of the samples. */
const HOT = 8;
/** A long function costs more to lower and to get warm again, so it must be found once more for this many bytes. */
const BYTES_PER_SAMPLE = 512;

let samples = 0;
let epoch = 0;

/** The step that goes on past the safepoint at which a slice of fuel ended: in better code, if it is time for it. */
export function afterSafepoint(site: Safepoint): Step | null {
  if (!isSafepoint(site)) return site.resume;
  const { code } = site;
  const { func } = code;
  if (++samples % WINDOW === 0) epoch++;
  if (func.heatEpoch !== epoch) {
    func.heat = epoch - func.heatEpoch > 8 ? 0 : func.heat >> (epoch - func.heatEpoch);
    func.heatEpoch = epoch;
  }
  if (!hasFreshFactories() || (++func.heat < hotAt(func) && func.lowering === undefined)) return site.resume;
  const better = func.lowerSome(true, registers.lowering);
  if (better === undefined || better === code) return site.resume;
  if (site.kind === 'entry') return better.entrySite.resume;
  return better.loops.get(site.targetLoop) ?? site.resume;
}

function hotAt({ instance, funcidx }: Func): number {
  const { importedFuncs, codeStart, codeEnd } = instance!.module;
  const defined = funcidx - importedFuncs;
  return Math.max(HOT, (codeEnd[defined] - codeStart[defined]) / BYTES_PER_SAMPLE);
}
