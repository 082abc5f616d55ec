/** Immediates that more than one handler reads. */
import type { FuncType, Instruction, ModuleData, Reader } from '../decoder';
import { readValType } from '../decoder/typereader';
import { VALIDATED } from './frame';

const EMPTY: FuncType = { params: [], results: [] };
const EMPTY_BLOCK = 0x40;

export function readBlockType(reader: Reader, module: ModuleData): FuncType {
  const byte = reader.bytes[reader.pos];
  if (byte === EMPTY_BLOCK) {
    reader.pos++;
    return EMPTY;
  }
  // A value type's code has the sign bit of a one-byte s33 set; a type index has not.
  if (byte >= 0x40 && byte < 0x80) return { params: [], results: [readValType(reader, VALIDATED)] };
  return module.types[reader.s33()].composite.func;
}

/** Memory index; the static offset is `reader.u64AsNumber()` behind it. */
export function readMemidx(reader: Reader): number {
  return (reader.u32() & 0x40) === 0 ? 0 : reader.u32();
}

export function skipImmediates(reader: Reader, { imm }: Instruction, module: ModuleData): void {
  switch (imm) {
    case 'none':
      break;
    case 'block':
      readBlockType(reader, module);
      break;
    case 'labels':
      for (let count = reader.u32(); count >= 0; count--) reader.u32();
      break;
    case 'types':
      for (let count = reader.u32(); count > 0; count--) readValType(reader, VALIDATED);
      break;
    case 'memarg':
      readMemidx(reader);
      reader.u64();
      break;
    case 'typeTable':
    case 'tableTable':
    case 'memoryMemory':
    case 'dataMemory':
    case 'elemTable':
      reader.u32();
      reader.u32();
      break;
    case 'heap':
      reader.s33();
      break;
    case 'i32':
      reader.s32();
      break;
    case 'i64':
      reader.s64();
      break;
    case 'f32':
      reader.skip(4);
      break;
    case 'f64':
      reader.skip(8);
      break;
    default:
      reader.u32();
  }
}
