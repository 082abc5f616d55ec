/**
 * Where the locals and operands of a frame lie. A slot is eight bytes; a value takes one, a v128 two. Locals come first, in their order;
 * operands follow, bottom first. A function may declare 50,000 locals in a few bytes, so they stay groups.
 */
import { type FuncType, isRef, type ModuleData, type Reader, slotsOf, type ValType } from '../decoder';
import { groupOf, type LocalGroup, readLocals, typesOfLocals } from '../decoder/body';

export class Locals {
  readonly groups: readonly LocalGroup[];
  readonly count: number;
  readonly params: number;
  /** Slots of all locals, and of the parameters. */
  readonly slots: number;
  readonly paramSlots: number;

  /** Reads the local declarations of a code entry; the reader then stands at its first instruction. */
  constructor(type: FuncType, reader: Reader, module: ModuleData) {
    this.groups = readLocals(type, reader, module);
    const last = this.groups[this.groups.length - 1];
    this.count = last === undefined ? 0 : last.localidx + last.count;
    this.slots = last === undefined ? 0 : last.slot + last.count * slotsOf(last.type);
    this.params = type.params.length;
    this.paramSlots = slotsOfAll(type.params);
  }

  get hasRefs(): boolean {
    return this.groups.some(({ type }) => isRef(type));
  }

  /** The group of a local. */
  groupOf(localidx: number): LocalGroup {
    return groupOf(this.groups, localidx);
  }

  /** Types of all locals, parameters first: as long as the frame, so for those who read one. */
  types(): ValType[] {
    return typesOfLocals(this.groups);
  }
}

/** Where the slots of each value in a list begin, and behind the last those of all end. */
const layouts = new WeakMap<readonly ValType[], Int32Array>();

/** Of a list that is asked about again and again: a type's, of up to 1,000 values. */
function layoutOf(types: readonly ValType[]): Int32Array {
  let layout = layouts.get(types);
  if (layout === undefined) {
    layout = new Int32Array(types.length + 1);
    for (let k = 0; k < types.length; k++) layout[k + 1] = layout[k] + slotsOf(types[k]);
    layouts.set(types, layout);
  }
  return layout;
}

/** Slots that the first values of these types take. */
export function slotsBefore(types: readonly ValType[], count: number): number {
  return layoutOf(types)[count];
}

/** Slots that values of these types take. */
export function slotsOfAll(types: readonly ValType[]): number {
  if (types.length > 1) return layoutOf(types)[types.length];
  return types.length === 0 ? 0 : slotsOf(types[0]);
}
