/** Passing over the immediates of validated instructions, by their kind in the instruction table. */

import type { Instruction } from '../decoder/instructions';
import type { ModuleData } from '../decoder/module';
import type { Reader } from '../decoder/reader';
import { type AddressType, EXTERNREF, FUNCREF, HEAP, I32, I64, V128, type ValType } from '../decoder/types';
import { InternalError } from '../errors';

export const addressType = (address: AddressType): ValType => (address === 'i64' ? I64 : I32);

/** A value type of a module that has been validated. */
export function readValType(reader: Reader): ValType {
  const code = reader.u8();
  if (code === HEAP.func) return FUNCREF;
  if (code === HEAP.extern) return EXTERNREF;
  if (code >= V128 && code <= I32) return code;
  throw new InternalError(`value type 0x${code.toString(16)} in a validated body`);
}

/** Reads the immediates of an instruction with a signature: the type that 'a' or 't' in it stands for. */
export function readAddress(reader: Reader, row: Instruction, module: ModuleData): ValType {
  const start = reader.pos;
  skipImmediates(reader, row);
  if (!row.sig.includes('a') && !row.sig.includes('t')) return I32;
  const end = reader.pos;
  reader.pos = start;
  let type = I32;
  if (row.imm === 'memarg') type = addressType(module.memories[memoryOfMemarg(reader)].address);
  else if (row.imm === 'memory') type = addressType(module.memories[reader.u32()].address);
  else if (row.imm === 'table') type = addressType(module.tables[reader.u32()].address);
  reader.pos = end;
  return type;
}

const MEMORY_FLAG = 0x40;
function memoryOfMemarg(reader: Reader): number {
  return (reader.u32() & MEMORY_FLAG) !== 0 ? reader.u32() : 0;
}

const index = (reader: Reader): void => {
  reader.u32();
};
const twoIndices = (reader: Reader): void => {
  reader.u32();
  reader.u32();
};

const SKIP: Readonly<Record<Instruction['imm'], (reader: Reader) => void>> = {
  none: () => {},
  block: (r) => {
    r.s33();
  },
  label: index,
  labels: (r) => {
    for (let count = r.u32(); count >= 0; count--) r.u32();
  },
  func: index,
  typeTable: twoIndices,
  types: (r) => {
    for (let count = r.u32(); count > 0; count--) readValType(r);
  },
  local: index,
  global: index,
  table: index,
  tableTable: twoIndices,
  memarg: (r) => {
    memoryOfMemarg(r);
    r.u64();
  },
  memory: index,
  memoryMemory: twoIndices,
  data: index,
  dataMemory: twoIndices,
  elem: index,
  elemTable: twoIndices,
  heap: (r) => {
    r.s33();
  },
  i32: (r) => {
    r.s32();
  },
  i64: (r) => r.s64(),
  f32: (r) => r.skip(4),
  f64: (r) => r.skip(8),
};

export function skipImmediates(reader: Reader, row: Instruction): void {
  SKIP[row.imm](reader);
}
