/**
 * Where the locals and operands of a frame lie. A slot is eight bytes; a value takes one, a v128 two. Locals come first, in their order;
 * operands follow, bottom first. A function may declare 50,000 locals in a few bytes, so they stay groups.
 */
import { type FuncType, isRef, type Reader, slotsOf, type ValType } from '../decoder';
import { readValType, type UsesFeatures } from '../decoder/typereader';

/** What the module uses is switched on: it has been validated. */
export const VALIDATED: UsesFeatures = { need() {} };

/** Locals of one type in a row. */
export interface LocalGroup {
  readonly type: ValType;
  readonly count: number;
  /** Index and slot of the first one. */
  readonly localidx: number;
  readonly slot: number;
}

export class Locals {
  readonly groups: readonly LocalGroup[];
  readonly count: number;
  readonly params: number;
  /** Slots of all locals, and of the parameters. */
  readonly slots: number;
  readonly paramSlots: number;

  private constructor(groups: readonly LocalGroup[], params: number, paramSlots: number) {
    this.groups = groups;
    this.params = params;
    this.paramSlots = paramSlots;
    const last = groups[groups.length - 1];
    this.count = last === undefined ? 0 : last.localidx + last.count;
    this.slots = last === undefined ? 0 : last.slot + last.count * slotsOf(last.type);
  }

  /** Reads the local declarations of a code entry; the reader then stands at its first instruction. */
  static read(type: FuncType, reader: Reader): Locals {
    const groups: LocalGroup[] = [];
    let localidx = 0;
    let slot = 0;
    const add = (of: ValType, count: number): void => {
      if (count === 0) return;
      const last = groups[groups.length - 1];
      if (last !== undefined && last.type === of) {
        groups[groups.length - 1] = { ...last, count: last.count + count };
      } else {
        groups.push({ type: of, count, localidx, slot });
      }
      localidx += count;
      slot += count * slotsOf(of);
    };
    for (const param of type.params) add(param, 1);
    const paramSlots = slot;
    for (let more = reader.u32(); more > 0; more--) {
      const count = reader.u32();
      add(readValType(reader, VALIDATED), count);
    }
    return new Locals(groups, type.params.length, paramSlots);
  }

  get hasRefs(): boolean {
    return this.groups.some(({ type }) => isRef(type));
  }

  /** The group of a local. */
  groupOf(localidx: number): LocalGroup {
    const { groups } = this;
    let low = 0;
    let high = groups.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (groups[middle].localidx <= localidx) low = middle;
      else high = middle - 1;
    }
    return groups[low];
  }

  /** Types of all locals, parameters first: as long as the frame, so for those who read one. */
  types(): ValType[] {
    const types: ValType[] = [];
    for (const { type, count } of this.groups) for (let k = 0; k < count; k++) types.push(type);
    return types;
  }
}

/** Slots that values of these types take. */
export function slotsOfAll(types: readonly ValType[]): number {
  let slots = 0;
  for (const type of types) slots += slotsOf(type);
  return slots;
}
