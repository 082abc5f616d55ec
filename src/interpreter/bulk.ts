/**
 * Bulk operations on memories and tables (spec "exec/instructions"). A long one is done in parts, and the machine can stop between
 * them: the operands in their slots always say what is left to do, so going on is executing the instruction again. The first part
 * checks all bounds; memories and tables do not shrink, so the later checks pass, but for a memory whose bytes the host has transferred away
 * meanwhile: that traps.
 */

import type { Bulk, BulkOp } from '../lowering';
import type { Instance } from '../runtime';
import { chargeBytes, chargeElements } from './fuel';
import { operand } from './operands';
import { registers, type Stack, stack } from './registers';

/** Does a part on the three operands from word index `at` on. True when nothing is left. */
export type BulkOperation = (at: number) => boolean;

/** Bytes, or elements of a table, done between two looks at the clock: well below a millisecond, also on hosts that do not compile. */
const MEMORY_PART = 2 ** 18;
const TABLE_PART = 2 ** 12;

/** Which operands are 64 bits wide, and how a range from `first` on of `count` is done. */
interface Work {
  readonly wide: readonly [to: boolean, from: boolean, count: boolean];
  /** All of it is in bounds, or a trap. */
  check(to: number, from: number, count: number): void;
  run(to: number, from: number, count: number): void;
  /** The parts go from the end to the start. */
  backward?(to: number, from: number): boolean;
  /** It is about elements of a table, not bytes of a memory. */
  readonly isTable: boolean;
  /** The middle operand is a value, not a position. */
  readonly value?: boolean;
}

const MAKERS: Readonly<Record<BulkOp, (instance: Instance, x: number, y: number, frames: Stack) => Work>> = {
  'memory.fill': (instance, x) => {
    const memory = instance.memories[x];
    const wide = memory.type.address === 'i64';
    return {
      isTable: false,
      wide: [wide, false, wide],
      value: true,
      check: (to, _, count) => memory.check(to, count),
      run: (to, value, count) => memory.fill(to, value & 0xff, count),
    };
  },
  'memory.copy': (instance, x, y) => {
    const memory = instance.memories[x];
    const source = instance.memories[y];
    const toWide = memory.type.address === 'i64';
    const fromWide = source.type.address === 'i64';
    return {
      isTable: false,
      wide: [toWide, fromWide, toWide && fromWide],
      check: (to, from, count) => {
        source.check(from, count);
        memory.check(to, count);
      },
      run: (to, from, count) => memory.copy(to, source, from, count),
      backward: (to, from) => source === memory && to > from,
    };
  },
  'memory.init': (instance, x, y) => {
    const memory = instance.memories[y];
    return {
      isTable: false,
      wide: [memory.type.address === 'i64', false, false],
      check: (to, from, count) => memory.checkInit(to, instance.dataOf(x), from, count),
      run: (to, from, count) => memory.init(to, instance.dataOf(x), from, count),
    };
  },
  'table.fill': (instance, x, _, frames) => {
    const table = instance.tables[x];
    const wide = table.type.address === 'i64';
    return {
      isTable: true,
      wide: [wide, false, wide],
      value: true,
      check: (to, _value, count) => table.check(to, count),
      run: (to, slot, count) => table.fill(to, frames.refs[slot], count),
    };
  },
  'table.copy': (instance, x, y) => {
    const table = instance.tables[x];
    const source = instance.tables[y];
    const toWide = table.type.address === 'i64';
    const fromWide = source.type.address === 'i64';
    return {
      isTable: true,
      wide: [toWide, fromWide, toWide && fromWide],
      check: (to, from, count) => {
        source.check(from, count);
        table.check(to, count);
      },
      run: (to, from, count) => table.copy(to, source, from, count),
      backward: (to, from) => source === table && to > from,
    };
  },
  'table.init': (instance, x, y) => {
    const table = instance.tables[y];
    return {
      isTable: true,
      wide: [table.type.address === 'i64', false, false],
      check: (to, from, count) => table.checkInit(to, instance.elementCount(x), from, count),
      run: (to, from, count) => instance.initTable(table, to, x, from, count),
    };
  },
};

export function makeBulk(instance: Instance, { op, x, y, offset }: Bulk): BulkOperation {
  const frames = stack();
  const work = MAKERS[op](instance, x, y, frames);
  const { wide, value, isTable } = work;
  const part = isTable ? TABLE_PART : MEMORY_PART;
  const charge = isTable ? chargeElements : chargeBytes;
  return (at) => {
    registers.trapOffset = offset;
    const to = operand(frames, at, wide[0]);
    const middle = value && isTable ? (at >> 1) + 1 : operand(frames, at + 2, wide[1]);
    const count = operand(frames, at + 4, wide[2]);
    work.check(to, middle, count);
    if (count <= part) {
      work.run(to, middle, count);
      charge(count);
      // Straight code may do many: the last part of one is where a slice that is used up ends. Nothing is left to do then.
      if (registers.fuel >= 0 || count === 0) return true;
      put(frames, at + 4, 0, wide[2]);
      return false;
    }
    const left = count - part;
    charge(part);
    if (work.backward?.(to, middle) === true) {
      work.run(to + left, middle + left, part);
    } else {
      work.run(to, middle, part);
      put(frames, at, to + part, wide[0]);
      if (!value) put(frames, at + 2, middle + part, wide[1]);
    }
    put(frames, at + 4, left, wide[2]);
    return false;
  };
}

function put(frames: Stack, word: number, value: number, wide: boolean): void {
  frames.ints[word] = value | 0;
  if (wide) frames.ints[word + 1] = (value / 4294967296) | 0;
}
