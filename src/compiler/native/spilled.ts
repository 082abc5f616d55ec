/** Frames that emitted code has spilled, put where they lie on the machine's stack, and given to the machine (src/interpreter/tiers.ts). */
import { isRef, slotsOf, type ValType } from '../../decoder';
import type { LocalGroup } from '../../decoder/body';
import { typesOf } from '../../decoder/typelist';
import type { LeavePoint, Place, TierMachine } from '../../interpreter/tiers';
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

/** Gives frames to the machine, innermost first. `callee`: whom the innermost one waits for, if it waits for a call. */
export function leave(
  machine: TierMachine,
  { program, instance }: NativeInstance,
  frames: readonly SpilledFrame[],
  callee: Func | undefined,
): void {
  let waitsFor = callee;
  for (const frame of frames) {
    const { id, pointidx, fp, sp } = frame;
    const shape = program.shape(id);
    const point = shape.points[pointidx];
    const func = instance.funcAt(program.funcidxOf(id));
    const place: Place = { func, fp, sp };
    const site = put(machine, frame, shape, point);
    if (point.kind === 'call') machine.leaveCall(place, point.offset, waitsFor!);
    else machine.leaveAt(place, leavePoint(point, site));
    waitsFor = func;
  }
}

function leavePoint({ kind, offset, targetLoop, operands }: Point, site: number): LeavePoint {
  return { kind, offset: offset < 0 ? site : offset, targetLoop, operands };
}

/** Writes a frame's locals and operands to their slots. Returns the branch that came to the loop, where that is kept. */
function put(
  machine: TierMachine,
  frame: SpilledFrame,
  shape: FrameShape,
  { operands, inLocals }: Point,
): number {
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
  return site;
}

function slotOf(locals: readonly LocalGroup[], localidx: number): number {
  const group = locals.find((one) => localidx < one.localidx + one.count)!;
  return group.slot + (localidx - group.localidx) * slotsOf(group.type);
}
