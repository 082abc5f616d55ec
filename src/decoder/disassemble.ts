/**
 * A listing of one function: an instruction a line with its byte offset, in the text format's notation, not folded. Immediates are
 * printed by their kind, so a new instruction with known immediates needs nothing here.
 */
import { InternalError } from '../errors';
import type { Module } from './decode';
import type { Immediates, Instruction } from './instructions';
import { instructionOf, OP, PREFIX_BASE } from './instructions';
import { Reader } from './reader';
import { readHeapType, readValType, type UsesFeatures } from './typereader';
import type { FuncType, ValType } from './types';
import { HEAP, heapOf, valTypeName } from './types';

const EMPTY_BLOCK = 0x40;
/** The module has been validated with whatever features it needs. */
const anyFeature: UsesFeatures = { need: () => {} };

interface Listing {
  readonly module: Module;
  readonly reader: Reader;
  readonly row: Instruction;
  /** Offsets of the block-like instructions around, the function's own frame first. */
  readonly frames: number[];
}

const index = ({ reader }: Listing): string => ` ${reader.u32()}`;
/** The binary format has these two the other way round from the text format. */
const swapped = ({ reader }: Listing): string => {
  const second = reader.u32();
  return ` ${reader.u32()} ${second}`;
};

const IMMEDIATES: Readonly<Record<Immediates, (listing: Listing) => string>> = {
  none: () => '',
  block: blockType,
  label,
  labels: (listing) => {
    let text = '';
    for (let more = listing.reader.count(); more >= 0; more--) text += label(listing);
    return text;
  },
  func: ({ module, reader }) => {
    const funcidx = reader.u32();
    return ` ${funcidx}${comment(module.funcName(funcidx))}`;
  },
  typeTable: ({ reader }) => {
    const typeidx = reader.u32();
    return ` ${reader.u32()} (type ${typeidx})`;
  },
  types: ({ reader }) => {
    let text = '';
    for (let more = reader.count(); more > 0; more--) {
      text += ` (result ${valTypeName(readValType(reader, anyFeature))})`;
    }
    return text;
  },
  local: index,
  global: index,
  table: index,
  tableTable: (listing) => index(listing) + index(listing),
  memarg,
  memory: index,
  memoryMemory: (listing) => index(listing) + index(listing),
  data: index,
  dataMemory: swapped,
  elem: index,
  elemTable: swapped,
  heap: ({ reader }) => ` ${heapName(readHeapType(reader, anyFeature))}`,
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
};

/** The lines of a defined function. */
export function* disassemble(module: Module, funcidx: number): Generator<string> {
  const defined = funcidx - module.importedFuncs;
  const reader = new Reader(module.bytes, module.codeStart[defined], module.codeEnd[defined]);
  const type = `(type ${module.funcTypes[funcidx]})${signature(module.funcType(funcidx))}`;
  yield `(func (;${funcidx};)${comment(module.funcName(funcidx))} ${type}`;
  yield* locals(reader);
  const frames = [reader.pos];
  while (frames.length > 0) {
    const offset = reader.pos;
    const row = readInstruction(reader);
    const text = row.name.split(' ')[0] + IMMEDIATES[row.imm]({ module, reader, row, frames });
    if (row.op === OP.end) frames.pop();
    const depth = frames.length - (row.op === OP.else ? 1 : 0);
    yield `${hex(offset)} ${'  '.repeat(depth)}${text}`;
    if (row.imm === 'block') frames.push(offset);
  }
  yield ')';
}

function readInstruction(reader: Reader): Instruction {
  const byte = reader.u8();
  const first = PREFIX_BASE[byte];
  const row = instructionOf[first === undefined ? byte : first + reader.u32()];
  if (row === undefined) throw new InternalError(`no instruction at ${reader.pos} of a validated module`);
  return row;
}

function* locals(reader: Reader): Generator<string> {
  for (let groups = reader.count(); groups > 0; groups--) {
    const offset = reader.pos;
    const count = reader.u32();
    const name = valTypeName(readValType(reader, anyFeature));
    yield `${hex(offset)}   (local${` ${name}`.repeat(count)})`;
  }
}

function hex(offset: number): string {
  return `0x${offset.toString(16).padStart(6, '0')}`;
}

function comment(text: string | undefined): string {
  return text === undefined ? '' : ` (; ${text.replaceAll(';)', '; )')} ;)`;
}

function signature({ params, results }: FuncType): string {
  const list = (word: string, types: readonly ValType[]): string =>
    types.length === 0 ? '' : ` (${word} ${types.map(valTypeName).join(' ')})`;
  return list('param', params) + list('result', results);
}

function blockType({ module, reader }: Listing): string {
  const start = reader.pos;
  const byte = reader.u8();
  if (byte === EMPTY_BLOCK) return '';
  reader.pos = start;
  if ((byte & 0xc0) === 0x40) return ` (result ${valTypeName(readValType(reader, anyFeature))})`;
  const typeidx = reader.u32();
  return ` (type ${typeidx})${signature(module.types[typeidx].composite.func)}`;
}

/** A label with the offset of the block it leaves or repeats. */
function label({ reader, frames }: Listing): string {
  const labelidx = reader.u32();
  const frame = frames.length - 1 - labelidx;
  return frame === 0 ? ` ${labelidx}` : ` ${labelidx}${comment(hex(frames[frame]))}`;
}

function memarg({ reader, row }: Listing): string {
  const flags = reader.u32();
  const memory = (flags & 0x40) === 0 ? '' : ` ${reader.u32()}`;
  reader.u64();
  const offset = reader.lo === 0 && reader.hi === 0 ? '' : ` offset=${u64Text(reader.lo, reader.hi)}`;
  const bytes = 1 << (flags & 0x3f);
  return memory + offset + (bytes === row.width / 8 ? '' : ` align=${bytes}`);
}

function heapName(type: ValType): string {
  const entry = Object.entries(HEAP).find(([, code]) => code === heapOf(type));
  return entry ? entry[0] : `${type}`;
}

/** Hexadecimal where a double would not be exact. */
function u64Text(lo: number, hi: number): string {
  if (hi >>> 0 < 0x200000) return `${(hi >>> 0) * 0x100000000 + (lo >>> 0)}`;
  return `0x${(hi >>> 0).toString(16)}${(lo >>> 0).toString(16).padStart(8, '0')}`;
}

function i64Text(lo: number, hi: number): string {
  if (hi < 0 && hi >= -0x200000) return `${hi * 0x100000000 + (lo >>> 0)}`;
  return u64Text(lo, hi);
}

const floats = new DataView(new ArrayBuffer(8));

function f32Text(bits: number): string {
  floats.setInt32(0, bits);
  return floatText(floats.getFloat32(0), bits < 0, (bits & 0x7fffff).toString(16), '400000');
}

function f64Text(lo: number, hi: number): string {
  floats.setInt32(0, hi);
  floats.setInt32(4, lo);
  const payload = (hi & 0xfffff).toString(16) + (lo >>> 0).toString(16).padStart(8, '0');
  return floatText(floats.getFloat64(0), hi < 0, payload.replace(/^0+/, ''), '8000000000000');
}

function floatText(value: number, negative: boolean, payload: string, canonical: string): string {
  const sign = negative ? '-' : '';
  if (Number.isNaN(value)) return payload === canonical ? `${sign}nan` : `${sign}nan:0x${payload}`;
  return sign + (Number.isFinite(value) ? String(Math.abs(value)) : 'inf');
}
