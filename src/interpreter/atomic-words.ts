/** What atomic instructions take, and what they find: numbers of up to 64 bits. */
import type { Memory } from '../runtime';
import type { Stack } from './registers';

/** A number of up to 64 bits, by words. */
export interface Words {
  readonly low: number;
  readonly high: number;
}

/** What an instruction does to a memory at a place; what it gives, or undefined. Its operands but the address begin at a word index. */
export type Access = (
  memory: Memory,
  at: number,
  bytes: number,
  frames: Stack,
  word: number,
) => Words | undefined;

/** The operand in the slot at a word index, as many bits of it as are accessed. */
export function taken({ ints }: Stack, word: number, bytes: number): Words {
  const mask = bytes < 4 ? (1 << (8 * bytes)) - 1 : -1;
  return { low: ints[word] & mask, high: bytes > 4 ? ints[word + 1] : 0 };
}

export function read({ views: { u8 } }: Memory, at: number, bytes: number): Words {
  const words = [0, 0];
  for (let k = 0; k < bytes; k++) words[k >> 2] |= u8[at + k] << (8 * (k & 3));
  return { low: words[0], high: words[1] };
}

export function write(memory: Memory, at: number, bytes: number, { low, high }: Words): void {
  const { u8 } = memory.views;
  memory.touch(at, bytes);
  for (let k = 0; k < bytes; k++) u8[at + k] = (k < 4 ? low : high) >> (8 * (k & 3));
}
