/** Frames that emitted code has spilled, put where they lie on the machine's stack, and given to the machine (src/interpreter/tiers.ts). */
import { isRef, slotsOf, type ValType } from '../../decoder';
import type { LocalGroup } from '../../decoder/body';
import { typesOf } from '../../decoder/typelist';
import type { Place, TierMachine } from '../../interpreter/tiers';
import type { Func } from '../../runtime';
import { emittedType } from './emitter';
import type { FrameShape, Point } from './frame';
import type { NativeInstance } from './native-instance';

/** As it came: the number of its body, of its point, its place, and what it has pushed. */
export interface SpilledFrame {
  readonly id: number;
  readonly pointidx: number;
  readonly fp: number;
  readonly sp: number;
  values: { readonly ints: Int32Array; readonly refs: readonly unknown[] };
}

/**
 * Gives frames to the machine, innermost first. What that one stands in: it waits for a call of `callee`; or for the rest of a bulk operation,
 * whose operands, as words, have become `rest`.
 */
export function leave(
  machine: TierMachine,
  { program, instance }: NativeInstance,
  frames: readonly SpilledFrame[],
  callee: Func | undefined,
  rest: Int32Array | undefined,
): void {
  let waitsFor = callee;
  for (const frame of frames) {
    const { id, pointidx, fp, sp } = frame;
    const shape = program.shape(id);
    const point = shape.points[pointidx];
    const func = instance.funcAt(program.funcidxOf(id));
    const place: Place = { func, fp, sp };
    const { site, end } = put(machine, frame, shape, point);
    const { kind, targetLoop, operands } = point;
    const offset = point.offset < 0 ? site : point.offset;
    if (kind === 'call') machine.leaveCall(place, offset, waitsFor!);
    else if (kind === 'bulk') {
      machine.stack.ints.set(rest!, end - rest!.length);
      machine.leaveBulk(place, offset);
    } else machine.leaveAt(place, { kind, offset, targetLoop, operands });
    waitsFor = func;
  }
}

/**
 * Writes a frame's locals and operands to their slots. Returns the branch that came to the loop, where that is kept, and the word behind the
 * operands.
 */
function put(
  machine: TierMachine,
  frame: SpilledFrame,
  shape: FrameShape,
  { operands, inLocals }: Point,
): { site: number; end: number } {
  const { fp, values } = frame;
  const types = typesOf(operands);
  let slot = 0;
  let word = fp;
  const copy = (from: number, type: ValType): void => {
    const { ints, refs } = machine.stack;
    if (isRef(type)) refs[word >> 1] = values.refs[from] ?? null;
    else for (let k = 0; k < 2 * slotsOf(type); k++) ints[word + k] = values.ints[2 * from + k];
    word += 2 * slotsOf(type);
  };
  machine.coverRefs(fp + values.ints.length + 2 * types.length + 2);
  for (const { type, count } of shape.locals) {
    for (let k = 0; k < count; k++, slot += slotsOf(type)) copy(slot, type);
  }
  const site = shape.hasSite ? values.ints[2 * slot++] : -1;
  const shadowSlots = new Map<number, number>();
  for (const { height, type } of shape.shadows) {
    shadowSlots.set(height * 128 + emittedType(type), slot);
    slot += slotsOf(type);
  }
  types.forEach((type, height) => {
    const local = inLocals?.[height] ?? -1;
    copy(local < 0 ? shadowSlots.get(height * 128 + emittedType(type))! : slotOf(shape.locals, local), type);
  });
  return { site, end: word };
}

function slotOf(locals: readonly LocalGroup[], localidx: number): number {
  const group = locals.find((one) => localidx < one.localidx + one.count)!;
  return group.slot + (localidx - group.localidx) * slotsOf(group.type);
}
