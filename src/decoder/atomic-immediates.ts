/** Immediates of atomic instructions: as the validator reads them (rules.ts has the others), and for plain.ts. A part that a bundle can go without. */
import { invalid, malformed } from '../errors';
import { ATOMIC_ROWS, type AtomicOp } from './atomics';
import { readMemidx } from './immediates';
import type { Instruction } from './instructions';
import type { ModuleData } from './module';
import type { Reader } from './reader';
import type { ValType } from './types';
import { BOTTOM } from './types';
import type { Validator } from './validator';

type ReadImmediates = (v: Validator, row: Instruction) => ValType;

export const readAtomicImmediates = (readMemarg: ReadImmediates) => ({
  atomic: (v: Validator, row: Instruction): ValType => {
    const { pos, bytes } = v.reader;
    const address = readMemarg(v, row);
    if (8 << (bytes[pos] & ALIGNMENT) !== row.width) throw invalid('atomic alignment must be natural', pos);
    return address;
  },
  fence: (v: Validator): ValType => {
    if (v.reader.u8() !== 0) throw malformed('zero byte expected', v.reader.pos - 1);
    return BOTTOM;
  },
});
/** Of the flags of a memarg that has been read. */
const ALIGNMENT = 0x3f;

/** What an instruction takes and gives, as plain.ts has it. */
interface Effect {
  readonly x: number;
  readonly y: number;
}
type Read<E extends Effect> = (reader: Reader, module: ModuleData, top: ValType) => E;

/** Of an access the memory and the static offset, with the types that `asSigned` tells. */
export function readAtomic<E extends Effect>(asSigned: (op: AtomicOp) => Read<E>): Record<AtomicOp, Read<E>> {
  const readOf = (op: AtomicOp): Read<E> => {
    const read = asSigned(op);
    return (reader, module, top) => {
      const { pos } = reader;
      const effect = read(reader, module, top);
      const behind = reader.pos;
      reader.pos = pos;
      const x = readMemidx(reader);
      const y = reader.u64AsNumber();
      reader.pos = behind;
      return { ...effect, x, y };
    };
  };
  return Object.fromEntries(
    ATOMIC_ROWS.map(([, op, , imm]) => [op, imm === 'fence' ? asSigned(op) : readOf(op)]),
  ) as Record<AtomicOp, Read<E>>;
}
