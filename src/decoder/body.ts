/**
 * What stands at the head of a function body and of its blocks, read from a module that has been validated: local declarations, block
 * types, opcodes. Whoever walks a body begins here.
 */
import { InternalError } from '../errors';
import { type Instruction, instructionOf, PREFIX_BASE } from './instructions';
import type { ModuleData } from './module';
import { Reader } from './reader';
import { NO_TYPES } from './typelist';
import { readHeapType, readValType, type TypeScope } from './typereader';
import { F64, type FuncType, type HeapType, I32, slotsOf, type ValType } from './types';

/** A validated module uses nothing that is switched off. */
function scopeOf({ types }: ModuleData): TypeScope {
  return { need() {}, types, groupEnd: 0 };
}
const EMPTY: FuncType = { params: NO_TYPES, results: NO_TYPES };
const EMPTY_BLOCK = 0x40;

/** A reader of a defined function's code entry, which begins with the local declarations. */
export function codeReader(module: ModuleData, funcidx: number): Reader {
  const defined = funcidx - module.importedFuncs;
  return new Reader(module.bytes, module.codeStart[defined], module.codeEnd[defined]);
}

export function funcTypeOf(module: ModuleData, funcidx: number): FuncType {
  return module.types[module.funcTypes[funcidx]].composite.func;
}

/** Reads an opcode; the reader then stands at the instruction's immediates. */
export function readInstruction(reader: Reader): Instruction {
  const offset = reader.pos;
  const byte = reader.u8();
  const base = PREFIX_BASE[byte];
  const row = instructionOf[base === undefined ? byte : base + reader.u32()];
  if (row === undefined) throw new InternalError(`no instruction at ${offset} of a validated module`);
  return row;
}

/** Reads a value type in a body. */
export function readBodyValType(reader: Reader, module: ModuleData): ValType {
  const byte = reader.bytes[reader.pos];
  if (byte < F64 || byte > I32) return readValType(reader, scopeOf(module));
  reader.pos++;
  return byte;
}

/** Reads a heap type in a body. */
export function readBodyHeapType(reader: Reader, module: ModuleData): HeapType {
  return readHeapType(reader, scopeOf(module));
}

/** The index of the block's function type; -1 when the block has at most a result, whose type stands in the body. */
export function readBlockTypeIndex(
  reader: Reader,
  module: ModuleData,
): { typeidx: number; inline: FuncType } {
  const byte = reader.bytes[reader.pos];
  if (byte === EMPTY_BLOCK) {
    reader.pos++;
    return { typeidx: -1, inline: EMPTY };
  }
  // A value type's code has the sign bit of a one-byte s33 set; a type index has not.
  if ((byte & 0xc0) === 0x40) {
    return { typeidx: -1, inline: { params: NO_TYPES, results: [readBodyValType(reader, module)] } };
  }
  return { typeidx: reader.s33(), inline: EMPTY };
}

export function readBlockType(reader: Reader, module: ModuleData): FuncType {
  const { typeidx, inline } = readBlockTypeIndex(reader, module);
  return typeidx < 0 ? inline : module.types[typeidx].composite.func;
}

/** Locals of one type in a row. */
export interface LocalGroup {
  readonly type: ValType;
  readonly count: number;
  /** Index of the first one. */
  readonly localidx: number;
  /** Slots of the locals before it: a v128 takes two. */
  readonly slot: number;
}

/** One local declaration as it stands in the module. */
export interface LocalDeclaration {
  readonly offset: number;
  readonly type: ValType;
  readonly count: number;
}

/** Reads the local declarations of a code entry; the reader then stands at the first instruction. */
export function readLocalDeclarations(reader: Reader, module: ModuleData): LocalDeclaration[] {
  const declarations: LocalDeclaration[] = [];
  for (let more = reader.u32(); more > 0; more--) {
    const offset = reader.pos;
    const count = reader.u32();
    declarations.push({ offset, type: readBodyValType(reader, module), count });
  }
  return declarations;
}

/** Reads them likewise: how many locals they declare. */
export function countLocals(reader: Reader, module: ModuleData): number {
  let locals = 0;
  for (let more = reader.u32(); more > 0; more--) {
    locals += reader.u32();
    readBodyValType(reader, module);
  }
  return locals;
}

/**
 * Reads them as groups, with the parameters first. Neighbours of one type are one group, and no group is empty. A function may declare
 * 50,000 locals in a few bytes, so groups are what walks keep.
 */
export function readLocals(type: FuncType, reader: Reader, module: ModuleData): LocalGroup[] {
  const groups: LocalGroup[] = [];
  let localidx = 0;
  let slot = 0;
  // The group that grows.
  let open: ValType | undefined;
  let count = 0;
  const close = (): void => {
    if (open === undefined) return;
    groups.push({ type: open, count, localidx, slot });
    localidx += count;
    slot += count * slotsOf(open);
    count = 0;
  };
  const add = (of: ValType, more: number): void => {
    if (more === 0) return;
    if (of !== open) close();
    open = of;
    count += more;
  };
  for (const param of type.params) add(param, 1);
  for (let more = reader.u32(); more > 0; more--) {
    const declared = reader.u32();
    add(readBodyValType(reader, module), declared);
  }
  close();
  return groups;
}

/** The group of a local. */
export function groupOf<Group extends LocalGroup>(groups: readonly Group[], localidx: number): Group {
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
export function typesOfLocals(groups: readonly LocalGroup[]): ValType[] {
  const types: ValType[] = [];
  for (const { type, count } of groups) for (let k = 0; k < count; k++) types.push(type);
  return types;
}
