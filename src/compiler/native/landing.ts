/** Where on the machine's stack the values go that a frame has pushed. */
import { isRef, slotsOf, type ValType } from '../../decoder';
import type { LocalGroup } from '../../decoder/body';
import { typesOf } from '../../decoder/typelist';
import { emittedType } from './emitter';
import type { FrameShape, Kept, Point } from './frame';

/** How what frames push at a point becomes slots: made once, since thousands of frames leave at the same one. */
export interface Landing {
  readonly point: Point;
  /** Slots of the frame's locals and operands. */
  readonly slots: number;
  /** Pairs: a slot, and the one of what the frame has pushed that it holds, or -1: zero, or null. */
  readonly numbers: Int32Array;
  readonly refs: Int32Array;
  /** Where the branch that came to the loop is in what the frame has pushed, or -1. */
  readonly site: number;
}

export function landingOf(shape: FrameShape, point: Point): Landing {
  return point.kept === undefined ? landingOfAll(shape, point) : landingOfKept(shape, point, point.kept);
}

/** Of a frame that has left in place. */
function landingOfKept({ locals }: FrameShape, point: Point, kept: readonly Kept[]): Landing {
  const numbers: number[] = [];
  const refs: number[] = [];
  const froms: number[] = [];
  let pushed = 0;
  for (const { type } of kept) {
    froms.push(pushed);
    pushed += slotsOf(type);
  }
  let slot = 0;
  const land = (at: number, type: ValType): void => {
    const from = at < 0 ? -1 : froms[at];
    if (isRef(type)) refs.push(slot, from);
    else for (let k = 0; k < slotsOf(type); k++) numbers.push(slot + k, from < 0 ? from : from + k);
    slot += slotsOf(type);
  };
  for (const { type, count, localidx } of locals)
    for (let k = localidx; k < localidx + count; k++)
      land(
        kept.findIndex(({ original }) => original === k),
        type,
      );
  typesOf(point.operands).forEach((type, height) => {
    const local = point.inLocals?.[height] ?? -1;
    land(
      kept.findIndex((one) =>
        local < 0 ? one.original < 0 && one.height === height : one.original === local,
      ),
      type,
    );
  });
  const site = kept.findIndex(({ original, height }) => original < 0 && height < 0);
  return {
    point,
    slots: slot,
    numbers: Int32Array.from(numbers),
    refs: Int32Array.from(refs),
    site: site < 0 ? site : froms[site],
  };
}

function landingOfAll(shape: FrameShape, point: Point): Landing {
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
