/** Types in the binary format (spec chapter "binary/types"). */
import { invalid, malformed } from '../errors';
import { internFuncType } from './canonical';
import type { Context } from './context';
import { checkLimit, MEMORY_RANGE, TABLE_RANGE } from './limits';
import type { Reader } from './reader';
import { SIMD_ROWS } from './simd';
import type {
  AddressType,
  DefType,
  FuncType,
  GlobalType,
  Limits,
  MemoryType,
  TableType,
  ValType,
} from './types';
import { EXTERNREF, F64, FUNCREF, HEAP, I32, V128 } from './types';
import { proposalOfType, unsupported } from './unsupported';

/** Told of each feature a type needs. */
export type UsesFeatures = Pick<Context, 'need'>;

const DEFINITION_TYPE = 0x60;

const FLAG_MAX = 0x01;
const FLAG_SHARED = 0x02;
const FLAG_64 = 0x04;
const FLAG_PAGE_SIZE = 0x08;
const MALFORMED_FLAGS = 'malformed limits flags';

function noSuchType(code: number, offset: number, message: string): Error {
  const proposal = proposalOfType(code);
  return proposal ? unsupported(proposal, offset) : malformed(message, offset);
}

export function readRefType(r: Reader, context: UsesFeatures): ValType {
  const offset = r.pos;
  const code = r.typeCode();
  if (code === HEAP.func) return FUNCREF;
  if (code === HEAP.extern) {
    context.need('referenceTypes', offset);
    return EXTERNREF;
  }
  // A code of seven bits that is a number or nothing at all is no proposal's reference type.
  throw code === 0x7b
    ? malformed('malformed reference type', offset)
    : noSuchType(code, offset, 'malformed reference type');
}

export function readValType(r: Reader, context: UsesFeatures): ValType {
  const offset = r.pos;
  const code = r.typeCode();
  if (code >= F64 && code <= I32) return code;
  if (code === V128 && SIMD_ROWS.length > 0) {
    context.need('simd', offset);
    return V128;
  }
  if (code === HEAP.func || code === HEAP.extern) {
    context.need('referenceTypes', offset);
    return code === HEAP.func ? FUNCREF : EXTERNREF;
  }
  throw noSuchType(code, offset, 'malformed value type');
}

/** The operand of `ref.null`: the reference type it makes. */
export function readHeapType(r: Reader, context: UsesFeatures): ValType {
  const offset = r.pos;
  const code = r.s33();
  if (code >= 0) throw unsupported('function references', offset);
  if (code < -64) throw malformed('malformed heap type', offset);
  r.pos = offset;
  const byte = r.typeCode();
  if (byte === HEAP.func) return FUNCREF;
  if (byte === HEAP.extern) {
    context.need('referenceTypes', offset);
    return EXTERNREF;
  }
  throw noSuchType(byte, offset, 'malformed heap type');
}

function readResultType(r: Reader, context: UsesFeatures, limit: 'params' | 'results'): ValType[] {
  const offset = r.pos;
  const count = r.count();
  checkLimit(limit, count, offset);
  if (limit === 'results' && count > 1) context.need('multiValue', offset);
  const types: ValType[] = [];
  for (let i = 0; i < count; i++) types.push(readValType(r, context));
  return types;
}

/** An entry of the type section. */
export function readDefType(r: Reader, context: UsesFeatures): DefType {
  const offset = r.pos;
  const form = r.typeCode();
  if (form !== DEFINITION_TYPE) throw noSuchType(form, offset, 'malformed definition type');
  const params = readResultType(r, context, 'params');
  const results = readResultType(r, context, 'results');
  return internFuncType({ params, results });
}

export function readTypeIndex(r: Reader, context: Context): number {
  const offset = r.pos;
  const typeidx = r.u32();
  if (typeidx >= context.types.length) throw invalid(`unknown type ${typeidx}`, offset);
  return typeidx;
}

export function funcTypeAt(context: Context, typeidx: number): FuncType {
  return context.types[typeidx].composite.func;
}

interface Bound {
  readonly hi: number;
  readonly lo: number;
  readonly value: number;
}

function readBound(r: Reader): Bound {
  const value = r.u64AsNumber();
  return { value, hi: r.hi >>> 0, lo: r.lo >>> 0 };
}

/** Minimum and maximum; `flags` have been read. Ranges are checked by the caller, which knows the unit. */
function readLimits(r: Reader, flags: number, offset: number): Limits {
  const min = readBound(r);
  const max = (flags & FLAG_MAX) !== 0 ? readBound(r) : undefined;
  if (max && (min.hi > max.hi || (min.hi === max.hi && min.lo > max.lo))) {
    throw invalid('size minimum must not be greater than maximum', offset);
  }
  return { address: (flags & FLAG_64) !== 0 ? 'i64' : 'i32', min: min.value, max: max?.value };
}

function checkRange(limits: Limits, range: number, message: string, offset: number): void {
  if (limits.min > range || (limits.max !== undefined && limits.max > range)) throw invalid(message, offset);
}

export function readTableType(r: Reader, context: UsesFeatures): TableType {
  const element = readRefType(r, context);
  const offset = r.pos;
  const flags = r.u8();
  if ((flags & ~(FLAG_MAX | FLAG_64)) !== 0) throw malformed(MALFORMED_FLAGS, offset);
  if ((flags & FLAG_64) !== 0) context.need('memory64', offset, `${MALFORMED_FLAGS}: `);
  const limits = readLimits(r, flags, offset);
  const range = TABLE_RANGE[limits.address];
  checkRange(limits, range, `table size must be at most ${rangeName(limits.address)}`, offset);
  return { address: limits.address, min: limits.min, max: limits.max, element };
}

function rangeName(address: AddressType): string {
  return address === 'i32' ? '2^32-1' : '2^64-1';
}

export function readMemoryType(r: Reader, context: UsesFeatures): MemoryType {
  const offset = r.pos;
  const flags = r.u8();
  if ((flags & ~(FLAG_MAX | FLAG_SHARED | FLAG_64 | FLAG_PAGE_SIZE)) !== 0) {
    throw malformed(MALFORMED_FLAGS, offset);
  }
  if ((flags & FLAG_SHARED) !== 0) throw unsupported('threads', offset, `${MALFORMED_FLAGS}: `);
  if ((flags & FLAG_64) !== 0) context.need('memory64', offset, `${MALFORMED_FLAGS}: `);
  if ((flags & FLAG_PAGE_SIZE) !== 0) {
    context.need('customPageSizes', offset, `${MALFORMED_FLAGS}: `);
  }
  const { address, min, max } = readLimits(r, flags, offset);
  const pageBits = (flags & FLAG_PAGE_SIZE) !== 0 ? readPageBits(r) : 16;
  const most =
    pageBits === 0
      ? `${rangeName(address)} bytes`
      : address === 'i32'
        ? '65536 pages (4GiB)'
        : '2^48 pages (256TiB)';
  checkRange(
    { address, min, max },
    MEMORY_RANGE[address][pageBits],
    `memory size must be at most ${most}`,
    offset,
  );
  return { address, min, max, shared: false, pageBits };
}

/** The binary logarithm of a page size: 1 byte or 64 KiB. */
function readPageBits(r: Reader): 0 | 16 {
  const offset = r.pos;
  const bits = r.u32();
  if (bits >= 64) throw malformed('invalid custom page size', offset);
  if (bits !== 0 && bits !== 16) throw invalid('invalid custom page size', offset);
  return bits;
}

export function readGlobalType(r: Reader, context: UsesFeatures): GlobalType {
  const value = readValType(r, context);
  const offset = r.pos;
  const mutability = r.u8();
  if (mutability > 1) throw malformed('malformed mutability', offset);
  return { value, mutable: mutability === 1 };
}
