/** Types in the binary format (spec chapter "binary/types"). */
import { invalid, malformed } from '../errors';
import { defTypeOf, internGroup, recursiveHeap, type SubType } from './canonical';
import type { Context } from './context';
import { EXCEPTION_ROWS } from './exceptions';
import type { Feature } from './features';
import { checkLimit, MEMORY_RANGE, TABLE_RANGE } from './limits';
import { matchesAll } from './matching';
import type { Reader } from './reader';
import { needShared } from './shared-memories';
import { SIMD_ROWS } from './simd';
import type {
  AddressType,
  DefType,
  FuncType,
  GlobalType,
  HeapType,
  Limits,
  MemoryType,
  TableType,
  ValType,
} from './types';
import { concreteHeap, F64, FUNCREF, HEAP, I32, refType, V128 } from './types';
import { proposalOfType, unsupported } from './unsupported';

/** What reading a type needs to know: it tells of each feature, and asks what a type index means. */
export type TypeScope = Pick<Context, 'need' | 'groupEnd'> & { readonly types: readonly DefType[] };

const FUNCTION = 0x60;
const SUB = 0x50;
const SUB_FINAL = 0x4f;
const RECURSIVE = 0x4e;

const FLAG_MAX = 0x01;
const FLAG_SHARED = 0x02;
const FLAG_64 = 0x04;
const FLAG_PAGE_SIZE = 0x08;
const MALFORMED_FLAGS = 'malformed limits flags';

function noSuchType(code: number, offset: number, message: string): Error {
  const proposal = proposalOfType(code);
  return proposal ? unsupported(proposal, offset) : malformed(message, offset);
}

/** What brought the abstract heap types. */
const ABSTRACT: Readonly<Record<HeapType, Feature>> = {
  [HEAP.func]: 'referenceTypes',
  [HEAP.extern]: 'referenceTypes',
  [HEAP.nofunc]: 'functionReferences',
  [HEAP.noextern]: 'functionReferences',
  [HEAP.exn]: 'exceptionHandling',
  [HEAP.noexn]: 'exceptionHandling',
};
/** Undefined also for a proposal whose part the bundle goes without. */
function featureOf(code: number): Feature | undefined {
  const feature: Feature | undefined = ABSTRACT[code];
  return feature !== 'exceptionHandling' || EXCEPTION_ROWS.length > 0 ? feature : undefined;
}
/** Before a heap type, where the reference is not a nullable one to an abstract type. */
const REF_NULL = 0x63;
const REF = 0x64;

/** The reference type that a code of one byte begins, or undefined. Of a table of functions, the code was there from the start. */
function refTypeOf(code: number, offset: number, r: Reader, scope: TypeScope): ValType | undefined {
  if (code === REF_NULL || code === REF) {
    scope.need('functionReferences', offset);
    return refType(code === REF_NULL, readHeapType(r, scope));
  }
  const feature = featureOf(code);
  if (feature === undefined) return undefined;
  scope.need(feature, offset);
  return refType(true, code);
}

export function readRefType(r: Reader, scope: TypeScope): ValType {
  const offset = r.pos;
  const code = r.typeCode();
  if (code === HEAP.func) return FUNCREF;
  const type = refTypeOf(code, offset, r, scope);
  if (type !== undefined) return type;
  // A code of seven bits that is a number or nothing at all is no proposal's reference type.
  throw code === 0x7b
    ? malformed('malformed reference type', offset)
    : noSuchType(code, offset, 'malformed reference type');
}

export function readValType(r: Reader, scope: TypeScope): ValType {
  const offset = r.pos;
  const code = r.typeCode();
  if (code >= F64 && code <= I32) return code;
  if (code === V128 && SIMD_ROWS.length > 0) {
    scope.need('simd', offset);
    return V128;
  }
  const type = refTypeOf(code, offset, r, scope);
  if (type !== undefined) return type;
  throw noSuchType(code, offset, 'malformed value type');
}

export function readHeapType(r: Reader, scope: TypeScope): HeapType {
  const offset = r.pos;
  const typeidx = r.s33();
  if (typeidx >= 0) {
    scope.need('functionReferences', offset);
    return heapTypeAt(scope, typeidx, offset);
  }
  if (typeidx < -64) throw malformed('malformed heap type', offset);
  r.pos = offset;
  const code = r.typeCode();
  const feature = featureOf(code);
  if (feature === undefined) throw noSuchType(code, offset, 'malformed heap type');
  if (code !== HEAP.func) scope.need(feature, offset);
  return code;
}

function heapTypeAt({ types, groupEnd }: TypeScope, typeidx: number, offset: number): HeapType {
  if (typeidx >= types.length) {
    if (typeidx >= groupEnd) throw invalid(`unknown type ${typeidx}`, offset);
    return recursiveHeap(typeidx - types.length);
  }
  const { id } = types[typeidx];
  checkLimit('typeIds', id + 1, offset);
  return concreteHeap(id);
}

function readResultType(r: Reader, scope: TypeScope, limit: 'params' | 'results'): ValType[] {
  const offset = r.pos;
  const count = r.count();
  checkLimit(limit, count, offset);
  if (limit === 'results' && count > 1) scope.need('multiValue', offset);
  const types: ValType[] = [];
  for (let i = 0; i < count; i++) types.push(readValType(r, scope));
  return types;
}

/** An entry of the type section: a recursion group, or the one type of one. Its types join those of the context. */
export function readTypeGroup(r: Reader, context: Context): void {
  const offset = r.pos;
  const isGroup = r.typeCode() === RECURSIVE;
  if (!isGroup) r.pos = offset;
  else context.need('gc', offset);
  const count = isGroup ? r.count() : 1;
  const first = context.types.length;
  checkLimit('types', first + count, offset);
  context.groupEnd = first + count;
  const group: SubType[] = [];
  const offsets: number[] = [];
  for (let k = 0; k < count; k++) {
    offsets.push(r.pos);
    group.push(readSubType(r, context, k));
  }
  const types = internGroup(group);
  for (const type of types) context.types.push(type);
  types.forEach((type, k) => {
    checkSubType(type, offsets[k]);
  });
}

function readSubType(r: Reader, context: Context, position: number): SubType {
  const offset = r.pos;
  let form = r.typeCode();
  const final = form !== SUB;
  let supertype: HeapType | undefined;
  if (form === SUB || form === SUB_FINAL) {
    context.need('gc', offset);
    const supers = r.count();
    if (supers > 1) throw invalid('sub type with more than one supertype', offset);
    if (supers === 1) supertype = readSuperType(r, context, position);
    form = r.typeCode();
  }
  if (form !== FUNCTION) throw noSuchType(form, offset, 'malformed definition type');
  const params = readResultType(r, context, 'params');
  const results = readResultType(r, context, 'results');
  return { composite: { kind: 'func', func: { params, results } }, final, supertype };
}

/** A supertype must have been defined before. */
function readSuperType(r: Reader, context: Context, position: number): HeapType {
  const offset = r.pos;
  const typeidx = r.u32();
  if (typeidx >= context.types.length + position) throw invalid(`unknown type ${typeidx}`, offset);
  return heapTypeAt(context, typeidx, offset);
}

/** A type against the supertype that it names (spec "valid/types", "sub types"). */
function checkSubType({ composite: { func }, supertype, depth }: DefType, offset: number): void {
  if (supertype === undefined) return;
  checkLimit('subtypingDepth', depth, offset);
  const above = defTypeOf(supertype);
  const over = above.composite.func;
  if (!above.final && matchesAll(over.params, func.params) && matchesAll(func.results, over.results)) return;
  throw invalid('sub type does not match its super type', offset);
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

/** The type of a tag: a function type without results. */
export function readTagType(r: Reader, context: Context): { typeidx: number; type: FuncType } {
  const offset = r.pos;
  if (r.u8() !== 0) throw malformed('malformed tag attribute', offset);
  const typeidx = readTypeIndex(r, context);
  const type = funcTypeAt(context, typeidx);
  if (type.results.length > 0) throw invalid('non-empty tag result type', offset);
  return { typeidx, type };
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

export function readTableType(r: Reader, context: TypeScope): TableType {
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

export function readMemoryType(r: Reader, context: TypeScope): MemoryType {
  const offset = r.pos;
  const flags = r.u8();
  if ((flags & ~(FLAG_MAX | FLAG_SHARED | FLAG_64 | FLAG_PAGE_SIZE)) !== 0) {
    throw malformed(MALFORMED_FLAGS, offset);
  }
  const shared = (flags & FLAG_SHARED) !== 0;
  if (shared) needShared(context, (flags & FLAG_MAX) !== 0, offset, `${MALFORMED_FLAGS}: `);
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
  return { address, min, max, shared, pageBits };
}

/** The binary logarithm of a page size: 1 byte or 64 KiB. */
function readPageBits(r: Reader): 0 | 16 {
  const offset = r.pos;
  const bits = r.u32();
  if (bits >= 64) throw malformed('invalid custom page size', offset);
  if (bits !== 0 && bits !== 16) throw invalid('invalid custom page size', offset);
  return bits;
}

export function readGlobalType(r: Reader, context: TypeScope): GlobalType {
  const value = readValType(r, context);
  const offset = r.pos;
  const mutability = r.u8();
  if (mutability > 1) throw malformed('malformed mutability', offset);
  return { value, mutable: mutability === 1 };
}
