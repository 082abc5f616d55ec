/** Where on the machine's stack the values go that a frame has pushed. */
import { isRef, slotsOf, type ValType } from '../../decoder';
import type { LocalGroup } from '../../decoder/body';
import { typesOf } from '../../decoder/typelist';
import { emittedType } from './emitter';
import type { FrameShape, Point } from './frame';

/** How what frames push at a point becomes slots: made once, since thousands of frames leave at the same one. */
export interface Landing {
  readonly point: Point;
  /** Slots of the frame's locals and operands. */
  readonly slots: number;
  /** Pairs: a slot, and the one of what the frame has pushed that it holds. */
  readonly numbers: Int32Array;
  readonly refs: Int32Array;
  /** Where the branch that came to the loop is in what the frame has pushed, or -1. */
  readonly site: number;
}

export function landingOf(shape: FrameShape, point: Point): Landing {
  const types = typesOf(point.operands);
  const numbers: number[] = [];
  const refs: number[] = [];
  let slot = 0;
  const land = (from: number, type: ValType): void => {
    if (isRef(type)) refs.push(slot, from);
    else for (let k = 0; k < slotsOf(type); k++) numbers.push(slot + k, from + k);
    slot += slotsOf(type);
  };
  for (const { type, count } of shape.locals) for (let k = 0; k < count; k++) land(slot, type);
  const site = shape.hasSite ? slot : -1;
  let pushed = slot + Number(shape.hasSite);
  const shadowSlots = new Map<number, number>();
  for (const { height, type } of shape.shadows) {
    shadowSlots.set(height * 128 + emittedType(type), pushed);
    pushed += slotsOf(type);
  }
  types.forEach((type, height) => {
    const local = point.inLocals?.[height] ?? -1;
    land(local < 0 ? shadowSlots.get(height * 128 + emittedType(type))! : slotOf(shape.locals, local), type);
  });
  return { point, slots: slot, numbers: Int32Array.from(numbers), refs: Int32Array.from(refs), site };
}

function slotOf(locals: readonly LocalGroup[], localidx: number): number {
  const group = locals.find((one) => localidx < one.localidx + one.count)!;
  return group.slot + (localidx - group.localidx) * slotsOf(group.type);
}
