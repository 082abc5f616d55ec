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

/** Slots that values of these types take. */
export function slotsOfAll(types: readonly ValType[]): number {
  let slots = 0;
  for (const type of types) slots += slotsOf(type);
  return slots;
}
