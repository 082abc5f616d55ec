/**
 * Atomic instructions (threads proposal). Nobody else accesses a memory that is not shared while an instruction runs, so each is what its name
 * says there, one step after the other; and nobody waits. Shared ones: shared-atomics.ts.
 */
import { instructionOf, OP } from '../decoder';
import { ATOMIC_ROWS, type AtomicOp } from '../decoder/atomics';
import { trap } from '../errors';
import type { Memory } from '../runtime';
import { type Access, read, taken, type Words, write } from './atomic-words';
import { type EffectMaker, operand } from './operands';
import { sharedAccessOf } from './shared-atomics';

const sign = (low: number): number => low ^ 0x80000000;
/** Of what is in memory and the operand, what comes there. */
const COMPUTE: Readonly<Record<string, (old: Words, by: Words) => Words>> = {
  add: (old, by) => {
    const low = (old.low + by.low) | 0;
    return { low, high: old.high + by.high + Number(sign(low) < sign(old.low)) };
  },
  sub: (old, by) => ({
    low: old.low - by.low,
    high: old.high - by.high - Number(sign(old.low) < sign(by.low)),
  }),
  and: (old, by) => ({ low: old.low & by.low, high: old.high & by.high }),
  or: (old, by) => ({ low: old.low | by.low, high: old.high | by.high }),
  xor: (old, by) => ({ low: old.low ^ by.low, high: old.high ^ by.high }),
  xchg: (_, by) => by,
};

/** Where an access of so many bytes is, or a trap: its place is checked before its alignment, as V8 does it. */
function place(memory: Memory, address: number, offset: number, bytes: number): number {
  const at = address + offset;
  memory.check(at, bytes);
  if (at % bytes !== 0) throw trap('unalignedAtomic');
  return at;
}

function accessOf(op: AtomicOp): Access {
  if (op.includes('wait')) {
    return () => {
      throw trap('unsharedWait');
    };
  }
  if (op.includes('notify')) return () => ({ low: 0, high: 0 });
  if (op.includes('load')) return (memory, at, bytes) => read(memory, at, bytes);
  if (op.includes('store')) {
    return (memory, at, bytes, frames, word) => {
      write(memory, at, bytes, taken(frames, word, bytes));
      return undefined;
    };
  }
  const compute = COMPUTE[/rmw\d*\.(\w+?)(_u)?$/.exec(op)![1]];
  if (compute !== undefined) {
    return (memory, at, bytes, frames, word) => {
      const old = read(memory, at, bytes);
      write(memory, at, bytes, compute(old, taken(frames, word, bytes)));
      return old;
    };
  }
  return (memory, at, bytes, frames, word) => {
    const old = read(memory, at, bytes);
    const expected = taken(frames, word, bytes);
    if (old.low === expected.low && old.high === expected.high) {
      write(memory, at, bytes, taken(frames, word + 2, bytes));
    }
    return old;
  };
}

const makerOf =
  (op: AtomicOp): EffectMaker =>
  ({ instance, x, y }, frames) => {
    if (op === 'atomic.fence') return () => {};
    const memory = instance.memories[x];
    const wide = memory.type.address === 'i64';
    const bytes = instructionOf[OP[op]]!.width / 8;
    const access = (memory.type.shared ? sharedAccessOf(op) : undefined) ?? accessOf(op);
    return (word) => {
      const at = place(memory, operand(frames, word, wide), y, bytes);
      const result = access(memory, at, bytes, frames, word + 2);
      if (result === undefined) return;
      frames.ints[word] = result.low;
      frames.ints[word + 1] = result.high;
    };
  };

export const ATOMICS = Object.fromEntries(
  ATOMIC_ROWS.map(([, op]): [AtomicOp, EffectMaker] => [op, makerOf(op)]),
) as Record<AtomicOp, EffectMaker>;
