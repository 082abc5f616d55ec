/** Element segments: eight kinds from three flags (spec chapter "binary/modules", element section). */
import { invalid, malformed } from '../errors';
import type { Context } from './context';
import { checkLimit } from './limits';
import { matches } from './matching';
import type { ConstExpr, ElementSegment } from './module';
import type { Reader } from './reader';
import { addressType } from './rules';
import { readRefType } from './typereader';
import type { ValType } from './types';
import { FUNCREF, HEAP, refType, valTypeNameIn } from './types';
import type { Validator } from './validator';

const NOT_ACTIVE = 1;
/** An explicit table index in an active segment, else: declarative. */
const TABLE_OR_DECLARATIVE = 2;
const EXPRESSIONS = 4;
const ELEM_KIND_FUNC = 0x00;

/** Yields where `isPartDone` says so. */
export function* readElement(
  r: Reader,
  context: Context,
  validator: Validator,
  end: number,
  isPartDone: () => boolean,
): Generator<undefined, ElementSegment, undefined> {
  const start = r.pos;
  const flags = r.u32();
  if (flags > 7) throw malformed('malformed elements segment kind', start);
  if (flags !== 0) context.need('bulkMemory', start);
  const active = (flags & NOT_ACTIVE) === 0;
  const explicit = (flags & TABLE_OR_DECLARATIVE) !== 0;
  const table = active && explicit ? r.u32() : 0;
  const offset = active ? readOffset(r, context, validator, table, end) : undefined;
  const type = readElementType(r, context, flags);
  const count = readCount(r);
  const exprs =
    (flags & EXPRESSIONS) !== 0 ? yield* readExprs(r, validator, type, count, end, isPartDone) : undefined;
  const funcs = exprs === undefined ? yield* readFuncs(r, context, count, isPartDone) : undefined;
  if (active) checkTable(context, table, type, start);
  const mode = active ? 'active' : explicit ? 'declarative' : 'passive';
  return { mode, table, offset, type, funcs, exprs };
}

function readOffset(
  r: Reader,
  context: Context,
  validator: Validator,
  table: number,
  end: number,
): ConstExpr {
  const type = context.tables[table];
  if (type === undefined) throw invalid(`unknown table ${table}`, r.pos);
  const offset = validator.constant(addressType(type.address), r.pos, end);
  r.pos = offset.end;
  return offset;
}

/** Kinds 0 and 4 have no type field. What is given by function indices is never null. */
function readElementType(r: Reader, context: Context, flags: number): ValType {
  const isTyped = (flags & (NOT_ACTIVE | TABLE_OR_DECLARATIVE)) !== 0;
  if ((flags & EXPRESSIONS) !== 0) return isTyped ? readRefType(r, context) : FUNCREF;
  if (!isTyped) return refType(false, HEAP.func);
  const offset = r.pos;
  if (r.u8() !== ELEM_KIND_FUNC) throw malformed('malformed element kind', offset);
  return refType(false, HEAP.func);
}

function readCount(r: Reader): number {
  const offset = r.pos;
  const count = r.count();
  checkLimit('tableInit', count, offset);
  return count;
}

function* readExprs(
  r: Reader,
  validator: Validator,
  type: ValType,
  count: number,
  end: number,
  isPartDone: () => boolean,
): Generator<undefined, Uint32Array, undefined> {
  const exprs = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    if (isPartDone()) yield;
    exprs[i] = r.pos;
    r.pos = validator.constant(type, r.pos, end).end;
  }
  return exprs;
}

const NO_FUNCS = new Uint32Array(0);

function* readFuncs(
  r: Reader,
  context: Context,
  count: number,
  isPartDone: () => boolean,
): Generator<undefined, Uint32Array, undefined> {
  if (count === 0) return NO_FUNCS;
  const funcs = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    if (isPartDone()) yield;
    const offset = r.pos;
    const funcidx = r.u32();
    if (funcidx >= context.funcTypes.length) throw invalid(`unknown function ${funcidx}`, offset);
    context.declare(funcidx);
    funcs[i] = funcidx;
  }
  return funcs;
}

function checkTable(context: Context, table: number, type: ValType, offset: number): void {
  const { element } = context.tables[table];
  if (matches(type, element)) return;
  const { types } = context;
  const names = `${valTypeNameIn(type, types)} does not match table's element type ${valTypeNameIn(element, types)}`;
  throw invalid(`type mismatch: element segment's type ${names}`, offset);
}
