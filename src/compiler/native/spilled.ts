/** Frames that emitted code has spilled, put where they lie on the machine's stack, and given to the machine (src/interpreter/tiers.ts). */
import type { Place, TierMachine } from '../../interpreter/tiers';
import type { Func } from '../../runtime';
import type { Crossing } from './crossing';
import type { NativeInstance } from './native-instance';
import type { Program } from './program';

/** As it came: the number of its body, of its point, its place, and the slot of the first value that it has pushed (crossing.ts). */
export interface SpilledFrame {
  readonly id: number;
  readonly pointidx: number;
  readonly fp: number;
  readonly sp: number;
  readonly first: number;
}

/** Puts what a frame has pushed into its slots. Where they end, in words. */
export function land(
  machine: TierMachine,
  crossing: Crossing,
  program: Program,
  { id, pointidx, fp, first }: SpilledFrame,
): number {
  const { slots, numbers, refs } = program.landing(id, pointidx);
  const end = fp + 2 * slots;
  machine.coverRefs(end);
  crossing.land(numbers, refs, first, fp);
  return end;
}

/**
 * Gives frames to the machine, innermost first. What that one stands in: it waits for a call of `callee`; or for the rest of a bulk operation,
 * whose operands, as words, have become `rest`.
 */
export function leave(
  machine: TierMachine,
  crossing: Crossing,
  { program, instance }: NativeInstance,
  frames: readonly SpilledFrame[],
  callee: Func | undefined,
  rest: Int32Array | undefined,
): void {
  let waitsFor = callee;
  for (const frame of frames) {
    const { id, pointidx, fp, sp, first } = frame;
    const { point, site } = program.landing(id, pointidx);
    const func = instance.funcAt(program.funcidxOf(id));
    const place: Place = { func, fp, sp };
    const end = land(machine, crossing, program, frame);
    const { kind, targetLoop, operands } = point;
    const offset = point.offset < 0 ? crossing.wordAt(first + site) : point.offset;
    if (kind === 'call') machine.leaveCall(place, offset, waitsFor!);
    else if (kind === 'bulk') {
      machine.stack.ints.set(rest!, end - rest!.length);
      machine.leaveBulk(place, offset);
    } else machine.leaveAt(place, { kind, offset, targetLoop, operands });
    waitsFor = func;
  }
}
