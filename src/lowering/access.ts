/** Where loads and stores find their bytes: the immediates, and the address as back ends take it. */
import type { Instruction, Limits } from '../decoder';
import { readMemidx } from '../decoder/immediates';
import type { Builder } from './builder';
import type { Expr } from './expr';
import { address, narrow } from './makers';

export const isWide = ({ address: width }: Limits): boolean => width === 'i64';

/** What a load or store does with its address. */
export interface Access {
  readonly memidx: number;
  /** The static offset, unsigned 64 bits as a double. */
  readonly memoryOffset: number;
  readonly wide: boolean;
  readonly bytes: number;
}

export function readAccess({ reader, module }: Builder, row: Instruction): Access {
  const memidx = readMemidx(reader);
  const memoryOffset = reader.u64AsNumber();
  return { memidx, memoryOffset, wide: isWide(module.memories[memidx]), bytes: row.width / 8 };
}

export const FAR = 2 ** 31;
/** Out of bounds of every memory there is: an access of as many bytes from the largest 32-bit offset on. */
const NO_OFFSET = -1;
const NO_BYTES = 0x7fffffff;

/** The address as an i32 to which a back end can add the offset; offsets from 2^31 on are added by an expression of its own. */
export function addressOf(operand: Expr, access: Access, offset: number): { a: Expr; memoryOffset: number } {
  const { memidx, memoryOffset, wide, bytes } = access;
  const a = wide ? narrow(operand, 'memoryBounds', offset) : operand;
  // As an int32: a back end that captured a double would add doubles for ever.
  if (memoryOffset < FAR) return { a, memoryOffset: memoryOffset | 0 };
  const reachable = memoryOffset < 2 ** 32;
  const far = reachable
    ? address(a, memoryOffset | 0, bytes, memidx, offset)
    : address(a, NO_OFFSET, NO_BYTES, memidx, offset);
  return { a: far, memoryOffset: 0 };
}
