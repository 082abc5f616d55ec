/**
 * Atomic instructions (threads proposal). Nobody else accesses a memory while an instruction runs, so each is what its name says, one step
 * after the other; and since no memory is shared, nobody waits.
 */
import { instructionOf, OP } from '../decoder';
import { ATOMIC_ROWS, type AtomicOp } from '../decoder/atomics';
import { trap } from '../errors';
import type { Memory } from '../runtime';
import { type EffectMaker, operand } from './operands';
import type { Stack } from './registers';

/** A number of up to 64 bits, by words. */
interface Words {
  readonly low: number;
  readonly high: number;
}

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

function read({ views: { u8 } }: Memory, at: number, bytes: number): Words {
  const words = [0, 0];
  for (let k = 0; k < bytes; k++) words[k >> 2] |= u8[at + k] << (8 * (k & 3));
  return { low: words[0], high: words[1] };
}

function write(memory: Memory, at: number, bytes: number, { low, high }: Words): void {
  const { u8 } = memory.views;
  memory.touch(at, bytes);
  for (let k = 0; k < bytes; k++) u8[at + k] = (k < 4 ? low : high) >> (8 * (k & 3));
}

/** The operand in the slot at a word index, as many bits of it as are accessed. */
function taken({ ints }: Stack, word: number, bytes: number): Words {
  const mask = bytes < 4 ? (1 << (8 * bytes)) - 1 : -1;
  return { low: ints[word] & mask, high: bytes > 4 ? ints[word + 1] : 0 };
}

/** Where an access of so many bytes is, or a trap: its place is checked before its alignment, as V8 does it. */
function place(memory: Memory, address: number, offset: number, bytes: number): number {
  const at = address + offset;
  memory.check(at, bytes);
  if (at % bytes !== 0) throw trap('unalignedAtomic');
  return at;
}

/** What the instruction does to the memory at a place; what it gives, or undefined. Its operands but the address begin at a word index. */
type Access = (memory: Memory, at: number, bytes: number, frames: Stack, word: number) => Words | undefined;

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
    const access = accessOf(op);
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
