/**
 * Expressions: values that the lowering has not computed yet, as trees (the operand stack holds them until something forces them).
 * The makers normalise: constants to the right, shifts by constants split at 32, float moves turned into integer moves, so that NaN
 * payloads survive on every engine (DESIGN.md, law 6).
 */
import { F32, F64, I32, I64, type Instruction, isRef, type ValType } from '../decoder';
import type { TrapCode } from '../errors';
import type { Views } from './memory';
import { f32FromBits, f64FromBits } from './numerics';

export type ExprKind = 'i' | 'I' | 'f' | 'F' | 'r';

/** What an expression must not be moved across. */
export const READS_MEMORY = 1;
export const TRAPS = 2;
export const READS_GLOBAL = 4;

export class Expr {
  readonly name: string;
  readonly kind: ExprKind;
  readonly a: Expr | undefined;
  readonly b: Expr | undefined;
  readonly c: Expr | undefined;
  /** Effects, as bits. */
  flags: number;
  /** Locals read, one bit each, the 31st for all from there on. */
  locals: number;
  /** Highest word offset of an operand slot that is read, or -1. */
  top: number;
  /** Nodes. */
  size: number;
  /**
   * Word offset of the slot (get), bits (const), static offset (load), index of the global's low word (global.get). Always an int32: V8 would
   * keep a field that once held more as doubles, so that closures captured slots as doubles, and added doubles.
   */
  lo = 0;
  hi = 0;
  memory: Views | undefined = undefined;
  cells: Int32Array | undefined = undefined;
  /** Byte offset, of what can trap. */
  at = -1;
  /** What goes wrong when an index does not fit (index64). */
  trap: TrapCode = 'memoryBounds';
  /** The full type of a reference. */
  type: ValType;

  constructor(name: string, type: ValType, a?: Expr, b?: Expr, c?: Expr, flags = 0) {
    this.name = name;
    this.type = type;
    this.kind = kindOf(type);
    this.a = a;
    this.b = b;
    this.c = c;
    let locals = 0;
    let top = -1;
    let size = 1;
    if (a !== undefined) {
      flags |= a.flags;
      locals |= a.locals;
      top = a.top;
      size += a.size;
    }
    if (b !== undefined) {
      flags |= b.flags;
      locals |= b.locals;
      top = Math.max(top, b.top);
      size += b.size;
    }
    if (c !== undefined) {
      flags |= c.flags;
      locals |= c.locals;
      top = Math.max(top, c.top);
      size += c.size;
    }
    this.flags = flags;
    this.locals = locals;
    this.top = top;
    this.size = size;
  }
}

export function kindOf(type: ValType): ExprKind {
  if (type === I32) return 'i';
  if (type === I64) return 'I';
  if (type === F32) return 'f';
  if (type === F64) return 'F';
  if (isRef(type)) return 'r';
  throw new Error('a type that lowering does not know');
}

export const TYPE_OF_KIND = { i: I32, I: I64, f: F32, F: F64 } as const;

export function localBit(index: number): number {
  return index < 31 ? 1 << index : 1 << 31;
}

export function getLocal(type: ValType, slot: number, index: number): Expr {
  const expr = new Expr('get', type);
  expr.lo = slot;
  expr.locals = localBit(index);
  expr.size = 0;
  return expr;
}
export function getOperand(type: ValType, slot: number): Expr {
  const expr = new Expr('get', type);
  expr.lo = slot;
  expr.top = slot;
  expr.size = 0;
  return expr;
}
export function constant(type: ValType, lo: number, hi: number): Expr {
  const expr = new Expr('const', type);
  expr.lo = lo;
  expr.hi = hi;
  expr.size = 0;
  return expr;
}
/** A constant as the number that a closure captures. */
export function constantNumber(expr: Expr): number {
  return expr.kind === 'f'
    ? f32FromBits(expr.lo)
    : expr.kind === 'F'
      ? f64FromBits(expr.lo, expr.hi)
      : expr.lo;
}
export function globalGet(type: ValType, cells: Int32Array, at: number): Expr {
  const expr = new Expr('global.get', type, undefined, undefined, undefined, READS_GLOBAL);
  expr.cells = cells;
  expr.lo = at;
  return expr;
}
export function select(a: Expr, b: Expr, condition: Expr): Expr {
  return new Expr('select', a.type, a, b, condition);
}

const SWAPPED: Readonly<Record<string, string>> = {
  add: 'add',
  mul: 'mul',
  and: 'and',
  or: 'or',
  xor: 'xor',
  eq: 'eq',
  ne: 'ne',
  lt_s: 'gt_s',
  lt_u: 'gt_u',
  gt_s: 'lt_s',
  gt_u: 'lt_u',
  le_s: 'ge_s',
  le_u: 'ge_u',
  ge_s: 'le_s',
  ge_u: 'le_u',
};

export function unary(name: string, type: ValType, a: Expr, traps: boolean, at: number): Expr {
  const expr = new Expr(name, type, a, undefined, undefined, traps ? TRAPS : 0);
  if (traps) expr.at = at;
  return expr;
}

export function binary(name: string, type: ValType, a: Expr, b: Expr, traps: boolean, at: number): Expr {
  const integer = name.charCodeAt(0) === 105; // i
  if (integer && a.name === 'const' && b.name !== 'const') {
    const swapped = SWAPPED[name.slice(4)];
    if (swapped !== undefined) return binary(name.slice(0, 4) + swapped, type, b, a, traps, at);
  }
  if (integer && b.name === 'const') {
    if (name === 'i32.sub') return new Expr('i32.add', type, a, constant(I32, -b.lo | 0, 0));
    if (name === 'i32.eq' && b.lo === 0) return new Expr('i32.eqz', type, a);
    if (name === 'i64.eq' && (b.lo | b.hi) === 0) return new Expr('i64.eqz', type, a);
    const shift = SHIFTS[name];
    if (shift !== undefined) return shiftByConstant(shift, type, a, name === 'i64.rotr' ? -b.lo : b.lo);
  }
  const expr = new Expr(name, type, a, b, undefined, traps ? TRAPS : 0);
  if (traps) expr.at = at;
  return expr;
}

const SHIFTS: Readonly<Record<string, string>> = {
  'i64.shl': 'i64.shl',
  'i64.shr_s': 'i64.shr_s',
  'i64.shr_u': 'i64.shr_u',
  'i64.rotl': 'i64.rotl',
  'i64.rotr': 'i64.rotl',
};

function shiftByConstant(name: string, type: ValType, a: Expr, by: number): Expr {
  by &= 63;
  if (by === 0) return a;
  return by < 32
    ? new Expr(`${name}<32`, type, a, constant(I32, by, 0))
    : new Expr(`${name}>=32`, type, a, constant(I32, by - 32, 0));
}

export function load(
  name: string,
  type: ValType,
  address: Expr,
  offset: number,
  memory: Views,
  at: number,
): Expr {
  const expr = new Expr(name, type, address, undefined, undefined, READS_MEMORY | TRAPS);
  expr.lo = offset;
  expr.memory = memory;
  expr.at = at;
  return expr;
}

/** An expression for the bits of a float: an i32 for an f32, an i64 for an f64. Integers stay themselves. */
export function bits(expr: Expr): Expr {
  if (expr.kind !== 'f' && expr.kind !== 'F') return expr;
  const wide = expr.kind === 'F';
  const type = wide ? I64 : I32;
  switch (expr.name) {
    case 'get':
    case 'global.get': {
      const copy = new Expr(expr.name, type, undefined, undefined, undefined, expr.flags);
      copy.lo = expr.lo;
      copy.cells = expr.cells;
      copy.locals = expr.locals;
      copy.top = expr.top;
      copy.size = expr.size;
      return copy;
    }
    case 'const':
      return constant(type, expr.lo, expr.hi);
    case 'f32.load':
    case 'f64.load':
      return load(wide ? 'i64.load' : 'i32.load', type, expr.a!, expr.lo, expr.memory!, expr.at);
    case 'f32.reinterpret_i32':
    case 'f64.reinterpret_i64':
      return expr.a!;
    case 'f32.neg':
    case 'f64.neg':
    case 'f32.abs':
    case 'f64.abs':
      if (isArithmetic(expr)) break;
      return signOperation(expr.name, bits(expr.a!));
    case 'select':
      if (isArithmetic(expr)) break;
      return select(bits(expr.a!), bits(expr.b!), expr.c!);
    default:
  }
  return new Expr(wide ? 'i64.reinterpret_f64' : 'i32.reinterpret_f32', type, expr);
}

function signOperation(name: string, a: Expr): Expr {
  if (a.kind === 'i') {
    return name === 'f32.neg'
      ? binary('i32.xor', I32, a, constant(I32, -2147483648, 0), false, -1)
      : binary('i32.and', I32, a, constant(I32, 2147483647, 0), false, -1);
  }
  return name === 'f64.neg'
    ? binary('i64.xor', I64, a, constant(I64, 0, -2147483648), false, -1)
    : binary('i64.and', I64, a, constant(I64, -1, 2147483647), false, -1);
}

/** True when a float comes from arithmetic, whose NaN is canonical; false when it is moved and must keep its bits. */
export function isArithmetic(expr: Expr): boolean {
  switch (expr.name) {
    case 'get':
    case 'global.get':
    case 'const':
    case 'f32.load':
    case 'f64.load':
    case 'f32.reinterpret_i32':
    case 'f64.reinterpret_i64':
      return false;
    case 'f32.neg':
    case 'f64.neg':
    case 'f32.abs':
    case 'f64.abs':
      return isArithmetic(expr.a!);
    case 'select':
      return isArithmetic(expr.a!) && isArithmetic(expr.b!);
    default:
      return expr.kind === 'f' || expr.kind === 'F';
  }
}

/** copysign works on bits; the result is a float again. */
export function copysign(a: Expr, b: Expr): Expr {
  if (a.kind === 'f') {
    const magnitude = binary('i32.and', I32, bits(a), constant(I32, 2147483647, 0), false, -1);
    const sign = binary('i32.and', I32, bits(b), constant(I32, -2147483648, 0), false, -1);
    return unary('f32.reinterpret_i32', F32, binary('i32.or', I32, magnitude, sign, false, -1), false, -1);
  }
  const magnitude = binary('i64.and', I64, bits(a), constant(I64, -1, 2147483647), false, -1);
  const sign = binary('i64.and', I64, bits(b), constant(I64, 0, -2147483648), false, -1);
  return unary('f64.reinterpret_i64', F64, binary('i64.or', I64, magnitude, sign, false, -1), false, -1);
}

export function isTrapping(row: Instruction): boolean {
  return /div_|rem_|\.trunc_f/.test(row.name) && row.name.charCodeAt(0) === 105;
}
