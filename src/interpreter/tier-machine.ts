/**
 * The machine as a tier sees it (tiers.ts): how frames of the tier and of the interpreter stand on one stack. A frame of a tier that waits
 * for something on the machine has a call site without code, which returns to the tier; when the frame leaves, the interpreter's own site
 * takes that one's stead.
 */
import { InternalError } from '../errors';
import type { Bulk, EffectWork } from '../lowering';
import type { Func, Instance } from '../runtime';
import { makeBulk } from './bulk';
import { CallSite, codeOf, type Safepoint } from './code';
import { giveUpTiers, makeCode } from './driver';
import { makeEffect } from './effects';
import { chargeDownTo, goOn, hostThrew, isPropagating, propagated } from './exceptions';
import { hostCalls } from './hostcall';
import { decide } from './offers';
import { policyOf } from './policy';
import { registers, stack } from './registers';
import { hasRoom } from './room';
import { nextSlice } from './slices';
import type { Step } from './step';
import { RETURNS } from './tiering';
import type { LeavePoint, Place, PlainFunction, Raised, Search, Tier, TierCode, TierMachine } from './tiers';
import { nestAt, running, type Turn } from './turn';
import { unsettled } from './unsettled';

/** What the sites of a tier's frames name as their next step: whoever runs the callee's steps notices it and returns to the tier. */
const toTheTier: Step = () => {
  throw new InternalError('a step has returned past the tier that called it');
};

/** What a tier goes on with that has left to make a call with fewer frames on the host's stack. One machine, one step at a time. */
let onward: Step | null = null;

export class MachineOfTier implements TierMachine {
  readonly registers = registers;
  readonly stack = stack();
  private readonly tier: Tier;

  constructor(tier: Tier) {
    this.tier = tier;
  }

  coverRefs(end: number): void {
    const { refs } = this.stack;
    while (refs.length < end >> 1) refs.push(null);
  }

  /** Frames leave from the innermost outwards, and an array that is first written far behind its end becomes a slow one. */
  private coverSites(sp: number): void {
    const { sites, frames, callees } = stack();
    while (sites.length <= sp) sites.push(null);
    while (frames.length <= sp) frames.push(0);
    while (callees.length <= sp) callees.push(undefined);
  }

  current(func: Func): TierCode | undefined {
    const state = codeOf(func);
    if (func.callback === undefined) decide(state);
    const { tiered, entry } = state;
    return tiered?.tier === this.tier && entry === tiered.code.entry ? tiered.code : undefined;
  }

  refuel(func: Func, units: 0 | 1 = 1): boolean {
    const turn = runningTurn();
    const { reason } = turn.endSlice(units);
    if (reason !== undefined) return false;
    const [tier] = policyOf(func.store).atSafepoint(func, this.tier, false);
    if (tier !== this.tier) {
      const state = codeOf(func);
      state.entry = makeCode(state).called;
      return false;
    }
    turn.meter.pace.found(true);
    turn.startSlice(this.tier.haste);
    return true;
  }

  withhold(): void {
    runningTurn().withhold();
  }

  reconsider(instance: Instance): void {
    for (const func of instance.knownFuncs()) giveUpTiers(codeOf(func));
  }

  call(callee: Func, caller: Place, offset: number, fp: number): boolean {
    const { sp } = caller;
    this.mark(sp, caller.func, offset, callee);
    stack().frames[sp] = caller.fp;
    registers.sp = sp + 1;
    registers.fp = fp;
    const turn = runningTurn();
    const { entry } = codeOf(callee);
    if (!mayNest(turn)) {
      onward = entry;
      return false;
    }
    const { nest } = registers;
    if (callee.callback === undefined) curb(turn);
    turn.nested++;
    registers.nest = Math.min(nest, 1);
    try {
      return runUntil(turn, entry, sp);
    } finally {
      registers.nest = nest;
      turn.nested--;
    }
  }

  readonly unsettled = unsettled;
  readonly hasRoom = hasRoom;

  mayCallPlain(hasTurn: boolean): boolean {
    return hasTurn ? mayNest(runningTurn()) : nestAt(running.depth) > 0;
  }

  beginPlain(callee: PlainFunction, func: Func, callerFp: number, sp: number, fp: number): number {
    const { sites, frames, callees } = stack();
    this.coverSites(sp);
    if ((callee.site as CallSite | undefined)?.caller !== func)
      callee.site = siteOfTier(func, 0, callee.func);
    sites[sp] = callee.site as CallSite;
    callees[sp] = callee.func;
    frames[sp] = callerFp;
    registers.sp = sp + 1;
    registers.fp = fp;
    registers.top = fp + callee.words;
    const { nest } = registers;
    runningTurn().nested++;
    registers.nest = Math.min(nest, 1);
    hostCalls.push(callee);
    return nest;
  }
  plainReturned(callerFp: number, sp: number): void {
    registers.sp = sp;
    registers.fp = callerFp;
  }
  plainThrew(error: unknown, fp: number): unknown {
    try {
      // Above a frame of a tier it throws.
      hostThrew(error, fp);
    } catch (passing) {
      return passing;
    }
    return error;
  }
  endPlain(callee: PlainFunction, nest: number): void {
    hostCalls.pop();
    callee.func.store.exposures.look();
    registers.nest = nest;
    runningTurn().nested--;
  }

  returned({ sp }: Place): Step | null {
    const turn = runningTurn();
    curb(turn);
    const { sites, frames } = stack();
    registers.sp = sp - 1;
    registers.fp = frames[sp - 1];
    const { code, next } = sites[sp - 1]!;
    // The caller is found at its next safepoint, if it comes to one before the next call.
    if (code !== null && ++code.state.returns % RETURNS === 0) turn.withhold();
    return next;
  }

  leaveAt(frame: Place, { kind, offset, targetLoop, operands }: LeavePoint): void {
    const code = makeCode(codeOf(frame.func));
    const resume = kind === 'entry' ? code.entrySite.resume : (code.loopAt(targetLoop) ?? null);
    if (kind === 'call' || resume === null) {
      throw nowhere(offset);
    }
    this.standAt({ code, kind, offset, targetLoop, operands, resume }, frame);
  }

  leaveBulk(frame: Place, offset: number): void {
    this.standAt(makeCode(codeOf(frame.func)).bulkAt(offset)!, frame);
  }

  private standAt(site: Safepoint, { fp, sp }: Place): void {
    this.coverRefs(fp + site.code.size);
    registers.fp = fp;
    registers.sp = sp;
    registers.yielded = site;
  }

  leaveCall({ func, fp, sp }: Place, offset: number, callee: Func): void {
    const code = makeCode(codeOf(func));
    const site = code.callAt(offset);
    if (site === undefined) throw nowhere(offset);
    const { sites, frames, callees } = stack();
    this.coverRefs(fp + code.size);
    this.coverSites(sp);
    sites[sp] = site.callee === null || site.callee === callee ? site : site.replaced(callee);
    frames[sp] = fp;
    callees[sp] = callee;
  }

  left(): Step | null {
    const step = onward;
    onward = null;
    return step;
  }

  tailCall(callee: Func, { fp, sp }: Place): Step | null {
    curb(runningTurn());
    const { sites } = stack();
    const site = sites[sp - 1]!;
    if (site.callee !== callee) sites[sp - 1] = site.replaced(callee);
    registers.sp = sp;
    registers.fp = fp;
    return codeOf(callee).entry;
  }

  passing(thrown: unknown, { sp }: Place): unknown {
    return isPropagating(thrown) ? thrown.below(sp) : thrown;
  }
  exceptionIn(thrown: unknown): Raised | undefined {
    return isPropagating(thrown) ? thrown : undefined;
  }
  raised({ exception, search, uncaught }: Raised, { sp }: Place): unknown {
    return propagated(exception, sp, search, uncaught);
  }
  looked(sp: number, search: Search): void {
    chargeDownTo(sp, search);
  }

  mark(sp: number, func: Func | undefined, offset: number, callee: Func | undefined): void {
    const { sites, callees } = stack();
    this.coverSites(sp);
    sites[sp] = siteOfTier(func, offset, callee);
    callees[sp] = callee;
  }

  effect(instance: Instance, effect: EffectWork): (word: number) => void {
    return makeEffect(instance, effect);
  }
  bulk(instance: Instance, bulk: Bulk): (word: number) => boolean {
    return makeBulk(instance, bulk);
  }
}

/**
 * Runs of steps inside tiers that may stand on the host's stack, each above the frames of a tier. Deeper, a tier leaves before it calls:
 * two tiers may call each other as often as the store's limit on frames allows.
 */
const MOST_NESTED = 8;

/** Calls into steps that tiers may make on the host's stack: none where the host's stack holds many executions already. */
function mayNest({ nested, depth }: Turn): boolean {
  return nested < MOST_NESTED && nestAt(depth) > 0;
}

/** The interpreter goes on in a slice that a tier may have begun. */
function curb(turn: Turn): void {
  const excess = registers.fuel - turn.meter.pace.restOfTiers;
  if (excess <= 0) return;
  turn.withheld += excess;
  registers.fuel -= excess;
}

/** A frame of a tier waits there. */
function siteOfTier(func: Func | undefined, offset: number, callee: Func | undefined): CallSite {
  const site = new CallSite(null, offset, callee ?? null, undefined, 0, func);
  site.next = toTheTier;
  return site;
}

function nowhere(offset: number): InternalError {
  return new InternalError(`a tier leaves at offset ${offset}, where no frame can stand`);
}
function runningTurn(): Turn {
  if (running.turn === undefined) throw new InternalError('a tier runs outside of an execution');
  return running.turn;
}

/** Runs steps until the call that waits at `sp` has returned. False when the execution stops, or waits for the host, before that. */
function runUntil(turn: Turn, first: Step, sp: number): boolean {
  let step: Step | null = first;
  const { nest } = registers;
  for (;;) {
    try {
      while (step !== null) {
        step = step(registers.fp);
        if (registers.sp === sp) return true;
      }
    } catch (error) {
      // It may be handled in a frame above the call.
      if (!isPropagating(error)) throw error;
      step = goOn(error, sp);
      registers.nest = nest;
      continue;
    }
    step = nextSlice(turn);
    if (step === null) return false;
  }
}
