/**
 * Which functions are hot: those that are often found running when a slice of fuel ends. They are lowered again with factories of their
 * own, and go on in the new code at once. That costs some 3 microseconds for each closure, which then starts in the host's
 * interpreter, so a function must have been found several times: the time that it has taken is by then what the change costs. Other
 * tiers are asked first, when the store's policy says so.
 */

import type { Func } from '../runtime';
import { type FuncCode, isSafepoint, type Safepoint } from './code';
import { isMaking, makeSome } from './driver';
import { hasFreshFactories, sharesBest } from './factories';
import { tieredIn } from './offers';
import { policyOf } from './policy';
import { registers } from './registers';
import type { Step } from './step';

/** Samples after which all heat is halved. */
const WINDOW = 1024;
/** Heat at which a function is hot: reached by about 0.4 % of the samples. Where code shares the best set, once is enough. */
const HOT = 8;
/** A long function costs more to lower and to get warm again, so it must be found once more for this many bytes. */
const BYTES_PER_SAMPLE = 512;
/** Another tier's code is so much better that it is asked for sooner: what it takes to make is a few slices of the interpreter. */
const HOT_FOR_TIERS = 2;
const BYTES_PER_TIER_SAMPLE = 4096;

let samples = 0;
let epoch = 0;

/** The step that goes on past the safepoint at which a slice of fuel ended: in better code, if it is time for it. */
export function afterSafepoint(site: Safepoint): Step | null {
  if (!isSafepoint(site)) return site.resume;
  const { code } = site;
  const { state } = code;
  const heat = warmed(state);
  const size = sizeOf(code.func);
  const raised = raise(site, heat >= Math.max(HOT_FOR_TIERS, size / BYTES_PER_TIER_SAMPLE));
  const isHot = heat >= Math.max(sharesBest() ? 1 : HOT, size / BYTES_PER_SAMPLE);
  if (raised !== undefined) return raised;
  if (!hasFreshFactories() || (!isHot && !isMaking(state))) return site.resume;
  const better = makeSome(state, true, registers.lowering);
  if (better === undefined || better === code) return site.resume;
  if (site.kind === 'entry') return better.entrySite.resume;
  return better.loopAt(site.targetLoop) ?? site.resume;
}

/**
 * Calls of tiers after which their caller in the interpreter is hot. Slices end in what takes the fuel: a loop that calls a tier in each turn
 * may never be found. A prime, since of several calls in a turn only one may have a safepoint behind it.
 */
export const RETURNS = 61;

/**
 * Where a frame goes on in another tier, whatever the slice says of its heat: when calls of tiers return to it all the time, or when it has
 * code there. What a tier has of one loop may end at a branch back to the loop around it, of which it has more.
 */
export function raisedAnyway(site: Safepoint): Step | undefined {
  const { tiered, returns } = site.code.state;
  return isSafepoint(site) && (tiered !== undefined || returns >= RETURNS) ? raise(site, true) : undefined;
}

/** Where the frame goes on in another tier, if the policy wants that and the tier can enter here. Its calls begin there from now on. */
function raise({ kind, targetLoop, code }: Safepoint, isHot: boolean): Step | undefined {
  const { state, func } = code;
  const policy = policyOf(func.store);
  if (policy.tiers.length === 0) return undefined;
  const tiered = tieredIn(
    policy.atSafepoint(func, undefined, isHot || state.tiered !== undefined),
    state,
    'hot',
  );
  if (tiered === undefined) return undefined;
  state.entry = tiered.code.entry;
  return tiered.code.at(kind === 'entry' ? { kind } : { kind: 'loop', targetLoop });
}

/** Counts that a function has been found running once more: its heat. */
function warmed(state: FuncCode): number {
  if (++samples % WINDOW === 0) epoch++;
  if (state.heatEpoch !== epoch) {
    state.heat = epoch - state.heatEpoch > 8 ? 0 : state.heat >> (epoch - state.heatEpoch);
    state.heatEpoch = epoch;
  }
  return ++state.heat;
}

function sizeOf({ instance, funcidx }: Func): number {
  const { importedFuncs, codeStart, codeEnd } = instance!.module;
  const defined = funcidx - importedFuncs;
  return codeEnd[defined] - codeStart[defined];
}
