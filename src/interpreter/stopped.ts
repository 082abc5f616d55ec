/**
 * What a stopped execution holds. Its frames are a copy of the machine's stack, which can be put back at once; or, when it is restored, or
 * its code has been dropped, they are in the terms of the specification alone. Then code is made for them first, when it runs.
 */
import { isQuiet } from '../decoder/quiet';
import type { BacktraceFrame } from '../errors';
import { frameAt } from './backtrace';
import { drops, isSafepoint, type Safepoint, unitsOf } from './code';
import { type FrameState, frameState, type PendingHostCall, type StackFrame } from './frames';
import { type Saved, savedStack, savedValues } from './saved';
import type { HostWait } from './wait';

/** Where the innermost frame of a paused execution stands: at a safepoint, or, restored, in a host call that is made again. */
export type Stand =
  | { readonly kind: 'safepoint'; readonly safepoint: Safepoint }
  | { readonly kind: 'hostCall'; readonly pending: PendingHostCall };

export interface Paused {
  readonly kind: 'paused';
  readonly saved: Saved;
  readonly stand: Stand;
}
export interface Waiting {
  readonly kind: 'waiting';
  readonly saved: Saved;
  readonly wait: HostWait;
}
/** Paused or, with `wait`, waiting. */
export interface Unbuilt {
  readonly kind: 'unbuilt';
  readonly frames: readonly StackFrame[];
  /** The call that the innermost frame makes when it runs: of the host, or of a function that is not lowered yet. */
  readonly pending: PendingHostCall | undefined;
  readonly wait: HostWait | undefined;
}
export type Stopped = Paused | Waiting | Unbuilt;

/** What it is to those outside. */
export function stateOf(stopped: Stopped): 'paused' | 'waiting' {
  return waitOf(stopped) === undefined ? 'paused' : 'waiting';
}

export function waitOf(stopped: Stopped): HostWait | undefined {
  return stopped.kind === 'paused' ? undefined : stopped.wait;
}

/** The host call that it waits for, or that it makes again when it runs. */
export function pendingOf(stopped: Stopped): PendingHostCall | undefined {
  const wait = waitOf(stopped);
  if (wait !== undefined) return { func: wait.call.func, args: wait.call.args() };
  if (stopped.kind === 'unbuilt') return stopped.pending?.func.instance ? undefined : stopped.pending;
  return stopped.kind === 'paused' && stopped.stand.kind === 'hostCall' ? stopped.stand.pending : undefined;
}

/** The safepoint that the innermost frame stands at, where there is code for it. */
function safepointOf(stopped: Stopped): Safepoint | undefined {
  return stopped.kind === 'paused' && stopped.stand.kind === 'safepoint'
    ? stopped.stand.safepoint
    : undefined;
}

/** Whether it stands where a snapshot can be taken. */
export function atSafepoint(stopped: Stopped): boolean {
  if (stopped.kind !== 'unbuilt') {
    const safepoint = safepointOf(stopped);
    return safepoint === undefined || isSafepoint(safepoint);
  }
  const last = stopped.frames[stopped.frames.length - 1];
  return last?.kind !== 'bulk' && stopped.pending?.func.instance === undefined;
}

/** Units of fuel that the safepoint costs which it stands at, and passes when it runs. */
export function unitsToPass(stopped: Stopped): 0 | 1 {
  const safepoint = safepointOf(stopped);
  if (safepoint !== undefined) return unitsOf(safepoint);
  if (stopped.kind !== 'unbuilt') return 0;
  const last = stopped.frames[stopped.frames.length - 1];
  if (last?.kind === 'entry') return isQuiet(last.instance.module, last.funcidx) ? 0 : 1;
  return last?.kind === 'loop' ? 1 : 0;
}

/** Frames, outermost first. */
export function framesOf(stopped: Stopped): readonly StackFrame[] {
  if (stopped.kind === 'unbuilt') return stopped.frames;
  const { fp } = stopped.saved;
  const stack = savedStack(stopped.saved);
  const states: StackFrame[] = [];
  for (let k = 1; k < stack.sites.length; k++) {
    const site = stack.sites[k]!;
    states.push(frameState(stack, site.code!, 'call', site.offset, -1, site.operands, stack.frames[k]));
  }
  const safepoint = safepointOf(stopped);
  if (safepoint !== undefined && safepoint.kind !== 'lowering') {
    const { code, kind, offset, targetLoop, operands } = safepoint;
    states.push(frameState(stack, code, kind, offset, targetLoop, operands, fp));
  }
  return states;
}

/** The wasm backtrace, innermost first. */
export function placesOf(stopped: Stopped): BacktraceFrame[] {
  const places = framesOf(stopped).map(({ instance, funcidx, offset }) =>
    frameAt(instance.funcAt(funcidx), offset),
  );
  const safepoint = safepointOf(stopped);
  // Its function has no frame yet.
  if (safepoint?.kind === 'lowering') places.push(frameAt(safepoint.code.func, safepoint.offset));
  return places.reverse();
}

/** The same, when code that it stands in may have been dropped: without any. */
export function withCodeOfNow(stopped: Stopped): Stopped {
  if (stopped.kind === 'unbuilt' || stopped.saved.drops === drops.count) return stopped;
  const { saved } = stopped;
  const safepoint = safepointOf(stopped);
  const callee = safepoint?.kind === 'lowering' ? safepoint.code.func : undefined;
  const entering = callee && {
    func: callee,
    args: savedValues(savedStack(saved), callee.type.params, saved.fp),
  };
  const frames = framesOf(stopped);
  return { kind: 'unbuilt', frames, pending: pendingOf(stopped) ?? entering, wait: waitOf(stopped) };
}

/** Frames that stand at a safepoint are those that the snapshot format knows. */
export function frameStates(stopped: Stopped): FrameState[] {
  return framesOf(stopped) as FrameState[];
}
