/**
 * Immediates of the instructions of a validated module, by their kind: how they are passed over, how they are printed, what they call.
 * These are one table in columns, so that a bundle that prints nothing goes without printers. Whoever needs their values reads them with
 * the reader, in the binary format's order; the reads that several rooms share stand here and in body.ts. The validator's rules read and
 * check in one go, with the suite's error for each case (`IMMEDIATES` in rules.ts).
 */
import { readBlockTypeIndex, readBodyHeapType, readBodyValType } from './body';
import { readCatchClauses } from './catches';
import type { CallImmediates, Immediates, Instruction } from './instructions';
import { commentText, f32Text, f64Text, hexText, i64Text, signatureText, u64Text, wordText } from './listing';
import type { ModuleData, NameMap, Names } from './module';
import type { Reader } from './reader';
import { type AddressType, BOTTOM, heapTypeName, I32, I64, type ValType, valTypeNameIn } from './types';

/** What a printer knows of the instruction at hand. */
export interface Listing {
  readonly module: ModuleData & {
    readonly names: Names;
    funcName(funcidx: number): string | undefined;
  };
  /** The function that is listed. */
  readonly funcidx: number;
  readonly reader: Reader;
  readonly row: Instruction;
  /** The blocks around, the function's own first. */
  readonly blocks: readonly { readonly offset: number }[];
}

/** Passes over them; returns the type that 'a' and 't' in a signature stand for, or BOTTOM where there is none. */
type Skip = (reader: Reader, module: ModuleData) => ValType;
/** As in the text format, each with a space before it. */
type Print = (listing: Listing) => string;

const MEMORY_FLAG = 0x40;

/** The memory index of a memarg; the static offset is the u64 behind it. */
export function readMemidx(reader: Reader): number {
  return (reader.u32() & MEMORY_FLAG) === 0 ? 0 : reader.u32();
}

const addressType = (address: AddressType): ValType => (address === 'i64' ? I64 : I32);
const memoryAddress = (reader: Reader, module: ModuleData): ValType =>
  addressType(module.memories[reader.u32()].address);
const tableAddress = (reader: Reader, module: ModuleData): ValType =>
  addressType(module.tables[reader.u32()].address);

/** Nothing that a signature depends on. */
const over =
  (read: (reader: Reader, module: ModuleData) => unknown): Skip =>
  (reader, module) => {
    read(reader, module);
    return BOTTOM;
  };
function skipMemarg(reader: Reader, module: ModuleData): ValType {
  const { address } = module.memories[readMemidx(reader)];
  reader.u64();
  return addressType(address);
}
const skipIndex = over((reader) => reader.u32());
const skipByte = over((reader) => reader.skip(1));
const skipTwo = over((reader) => {
  reader.u32();
  reader.u32();
});

const printByte = ({ reader }: Listing): string => ` ${reader.u8()}`;
const printIndex = ({ reader }: Listing): string => ` ${reader.u32()}`;
/** An index with the name that the name section gives. */
const printNamed =
  (namesOf: (names: Names, funcidx: number) => NameMap | undefined): Print =>
  ({ reader, module, funcidx }) => {
    const index = reader.u32();
    return ` ${index}${commentText(namesOf(module.names, funcidx)?.get(index))}`;
  };
const printTwo = (listing: Listing): string => printIndex(listing) + printIndex(listing);
/** The binary format has these two the other way round from the text format. */
const printSwapped = ({ reader }: Listing): string => {
  const second = reader.u32();
  return ` ${reader.u32()} ${second}`;
};

const SKIP: Readonly<Record<Immediates, Skip>> = {
  none: () => BOTTOM,
  block: over((reader) => reader.s33()),
  tryTable: over((reader) => {
    reader.s33();
    readCatchClauses(reader);
  }),
  tag: skipIndex,
  label: skipIndex,
  labels: over((reader) => {
    for (let more = reader.u32(); more >= 0; more--) reader.u32();
  }),
  callee: skipIndex,
  func: skipIndex,
  typeTable: skipTwo,
  calleeType: skipIndex,
  types: over((reader, module) => {
    for (let more = reader.u32(); more > 0; more--) readBodyValType(reader, module);
  }),
  local: skipIndex,
  global: skipIndex,
  table: tableAddress,
  tableTable: skipTwo,
  memarg: skipMemarg,
  memory: memoryAddress,
  memoryMemory: skipTwo,
  data: skipIndex,
  dataMemory: (reader, module) => {
    reader.u32();
    return memoryAddress(reader, module);
  },
  elem: skipIndex,
  elemTable: (reader, module) => {
    reader.u32();
    return tableAddress(reader, module);
  },
  heap: over(readBodyHeapType),
  i32: over((reader) => reader.s32()),
  i64: over((reader) => reader.s64()),
  f32: over((reader) => reader.skip(4)),
  f64: over((reader) => reader.skip(8)),
  v128: over((reader) => reader.skip(16)),
  lane: skipByte,
  memargLane: (reader, module) => {
    const address = skipMemarg(reader, module);
    reader.skip(1);
    return address;
  },
  shuffle: over((reader) => reader.skip(16)),
  atomic: skipMemarg,
  fence: skipByte,
};

const PRINT: Readonly<Record<Immediates, Print>> = {
  none: () => '',
  block: printBlockType,
  tryTable: printTryTable,
  tag: /* @__PURE__ */ printNamed(({ tags }) => tags),
  label: printLabel,
  labels: (listing) => {
    let text = '';
    for (let more = listing.reader.u32(); more >= 0; more--) text += printLabel(listing);
    return text;
  },
  callee: printFunc,
  func: printFunc,
  typeTable: ({ reader }) => {
    const typeidx = reader.u32();
    return ` ${reader.u32()} (type ${typeidx})`;
  },
  calleeType: ({ reader }) => ` (type ${reader.u32()})`,
  types: ({ reader, module }) => {
    let text = '';
    for (let more = reader.u32(); more > 0; more--) {
      text += ` (result ${valTypeNameIn(readBodyValType(reader, module), module.types)})`;
    }
    return text;
  },
  local: /* @__PURE__ */ printNamed(({ locals }, funcidx) => locals.get(funcidx)),
  global: /* @__PURE__ */ printNamed(({ globals }) => globals),
  table: /* @__PURE__ */ printNamed(({ tables }) => tables),
  tableTable: printTwo,
  memarg: printMemarg,
  memory: /* @__PURE__ */ printNamed(({ memories }) => memories),
  memoryMemory: printTwo,
  data: /* @__PURE__ */ printNamed(({ datas }) => datas),
  dataMemory: printSwapped,
  elem: /* @__PURE__ */ printNamed(({ elements }) => elements),
  elemTable: printSwapped,
  heap: ({ reader, module }) => ` ${heapTypeName(readBodyHeapType(reader, module), module.types)}`,
  i32: ({ reader }) => ` ${reader.s32()}`,
  i64: ({ reader }) => {
    reader.s64();
    return ` ${i64Text(reader.lo, reader.hi)}`;
  },
  f32: ({ reader }) => ` ${f32Text(reader.word())}`,
  f64: ({ reader }) => {
    reader.f64();
    return ` ${f64Text(reader.lo, reader.hi)}`;
  },
  v128: ({ reader }) => {
    let text = ' i32x4';
    for (let k = 0; k < 4; k++) text += ` ${wordText(reader.word())}`;
    return text;
  },
  lane: printByte,
  memargLane: (listing) => printMemarg(listing) + printByte(listing),
  shuffle: (listing) => {
    let text = '';
    for (let k = 0; k < 16; k++) text += printByte(listing);
    return text;
  },
  atomic: printMemarg,
  fence: ({ reader }) => {
    reader.skip(1);
    return '';
  },
};

/** Immediates of instructions that call a function: do they name it? */
export const CALLS: Readonly<Partial<Record<Immediates, 'named' | 'unnamed'>>> = {
  callee: 'named',
  typeTable: 'unnamed',
  calleeType: 'unnamed',
} satisfies Record<CallImmediates, 'named' | 'unnamed'>;

/** Passes over an instruction's immediates; returns the type that 'a' and 't' in its signature stand for. */
export function skipImmediates(reader: Reader, row: Instruction, module: ModuleData): ValType {
  return SKIP[row.imm](reader, module);
}

export function printImmediates(listing: Listing): string {
  return PRINT[listing.row.imm](listing);
}

function printBlockType({ reader, module }: Listing): string {
  const { typeidx, inline } = readBlockTypeIndex(reader, module);
  if (typeidx < 0) return signatureText(inline, module.types);
  return ` (type ${typeidx})${signatureText(module.types[typeidx].composite.func, module.types)}`;
}

function printTryTable(listing: Listing): string {
  const type = printBlockType(listing);
  const clauses = readCatchClauses(listing.reader).map(({ tagidx, takesRef, labelidx }) => {
    const name = `catch${tagidx < 0 ? '_all' : ''}${takesRef ? '_ref' : ''}`;
    return ` (${name}${tagidx < 0 ? '' : ` ${tagidx}`}${labelText(listing, labelidx)})`;
  });
  return type + clauses.join('');
}

function printFunc({ module, reader }: Listing): string {
  const funcidx = reader.u32();
  return ` ${funcidx}${commentText(module.funcName(funcidx))}`;
}

/** A label with the offset of the block it leaves or repeats. */
function printLabel(listing: Listing): string {
  return labelText(listing, listing.reader.u32());
}

function labelText({ blocks }: Listing, labelidx: number): string {
  const block = blocks.length - 1 - labelidx;
  return block === 0 ? ` ${labelidx}` : ` ${labelidx}${commentText(hexText(blocks[block].offset))}`;
}

function printMemarg({ reader, row }: Listing): string {
  const flags = reader.u32();
  const memory = (flags & MEMORY_FLAG) === 0 ? '' : ` ${reader.u32()}`;
  reader.u64();
  const offset = reader.lo === 0 && reader.hi === 0 ? '' : ` offset=${u64Text(reader.lo, reader.hi)}`;
  const bytes = 1 << (flags & (MEMORY_FLAG - 1));
  return memory + offset + (bytes === row.width / 8 ? '' : ` align=${bytes}`);
}
