/**
 * Normal forms: constants go to the right, shifts by constants are split at 32, and moves of floats become moves of integers, so that NaN
 * payloads survive on every engine (DESIGN.md, law 6).
 */
import { F32, F64, I32, I64, instructionOf, OP, type ValType } from '../decoder';
import type { ArithmeticOp, Expr, ShiftOp } from './expr';
import { compute, constant, constantI32, get, globalGet, load, select } from './makers';

/** `offset` only of what can trap. */
export function binary(op: ArithmeticOp, type: ValType, a: Expr, b: Expr, offset = -1): Expr {
  if (a.op === 'const' && b.op !== 'const') {
    const mirrored = instructionOf[OP[op]]!.mirror;
    if (mirrored !== undefined) return binary(mirrored, type, b, a);
  }
  if (b.op === 'const') {
    switch (op) {
      case 'i32.sub':
        return compute('i32.add', type, a, constantI32(-b.low | 0));
      case 'i32.eq':
        if (b.low === 0) return compute('i32.eqz', type, a);
        break;
      case 'i64.eq':
        if ((b.low | b.high) === 0) return compute('i64.eqz', type, a);
        break;
      case 'i64.shl':
      case 'i64.shr_s':
      case 'i64.shr_u':
      case 'i64.rotl':
        return shiftByConstant(op, a, b.low);
      case 'i64.rotr':
        return shiftByConstant('i64.rotl', a, -b.low);
    }
  }
  return compute(op, type, a, b, offset);
}

type Shift = 'i64.shl' | 'i64.shr_s' | 'i64.shr_u' | 'i64.rotl';
/** By less than 32, and by 32 and more. A table, since V8 may wait for ever for two constants that it concatenates (src/interpreter/forms.ts). */
const SHIFTS: Readonly<Record<Shift, readonly [ShiftOp, ShiftOp]>> = {
  'i64.shl': ['i64.shl<32', 'i64.shl>=32'],
  'i64.shr_s': ['i64.shr_s<32', 'i64.shr_s>=32'],
  'i64.shr_u': ['i64.shr_u<32', 'i64.shr_u>=32'],
  'i64.rotl': ['i64.rotl<32', 'i64.rotl>=32'],
};

function shiftByConstant(op: Shift, a: Expr, bits: number): Expr {
  const by = bits & 63;
  if (by === 0) return a;
  const [short, long] = SHIFTS[op];
  return by < 32 ? compute(short, I64, a, constantI32(by)) : compute(long, I64, a, constantI32(by - 32));
}

/** An expression for the bits of a float: an i32 for an f32, an i64 for an f64. Others stay themselves. */
export function bits(expr: Expr): Expr {
  if (expr.kind !== 'f' && expr.kind !== 'F') return expr;
  const wide = expr.kind === 'F';
  const type = wide ? I64 : I32;
  switch (expr.op) {
    case 'get':
      return get(type, expr.slot, expr.locals, expr.reads, expr.half, expr.held);
    case 'global.get':
      return globalGet(type, expr.globalidx);
    case 'const':
      return constant(type, expr.low, expr.high);
    case 'f32.load':
      return load('i32.load', type, expr.a, expr.memoryOffset, expr.memidx, expr.offset);
    case 'f64.load':
      return load('i64.load', type, expr.a, expr.memoryOffset, expr.memidx, expr.offset);
    case 'f32.reinterpret_i32':
    case 'f64.reinterpret_i64':
      return expr.a;
    case 'f32.neg':
    case 'f64.neg':
    case 'f32.abs':
    case 'f64.abs':
      if (isArithmetic(expr)) break;
      return signOperation(expr.op, bits(expr.a));
    case 'select':
      if (isArithmetic(expr)) break;
      return select(bits(expr.a), bits(expr.b), expr.condition);
  }
  return compute(wide ? 'i64.reinterpret_f64' : 'i32.reinterpret_f32', type, expr);
}

function signOperation(op: 'f32.neg' | 'f64.neg' | 'f32.abs' | 'f64.abs', a: Expr): Expr {
  switch (op) {
    case 'f32.neg':
      return binary('i32.xor', I32, a, constant(I32, -2147483648, 0));
    case 'f32.abs':
      return binary('i32.and', I32, a, constant(I32, 2147483647, 0));
    case 'f64.neg':
      return binary('i64.xor', I64, a, constant(I64, 0, -2147483648));
    case 'f64.abs':
      return binary('i64.and', I64, a, constant(I64, -1, 2147483647));
  }
}

/** True when a float comes from arithmetic, whose NaN is canonical; false when it is moved and must keep its bits. */
export function isArithmetic(expr: Expr): boolean {
  if (expr.kind !== 'f' && expr.kind !== 'F') return false;
  switch (expr.op) {
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
      return isMade(expr.a);
    case 'select':
      return isMade(expr.a) && isMade(expr.b);
    default:
      return true;
  }
}
/**
 * The same of an operand, wherever it was computed: the sign of a NaN that is negated must not depend on which operands had to wait. The
 * native tier keeps the same rule (src/compiler/native/nans.ts).
 */
function isMade(expr: Expr): boolean {
  return expr.op === 'get' ? expr.isMade : isArithmetic(expr);
}

/** copysign works on bits; the result is a float again. */
export function copysign(a: Expr, b: Expr): Expr {
  if (a.kind === 'f') {
    const magnitude = binary('i32.and', I32, bits(a), constant(I32, 2147483647, 0));
    const sign = binary('i32.and', I32, bits(b), constant(I32, -2147483648, 0));
    return compute('f32.reinterpret_i32', F32, binary('i32.or', I32, magnitude, sign));
  }
  const magnitude = binary('i64.and', I64, bits(a), constant(I64, -1, 2147483647));
  const sign = binary('i64.and', I64, bits(b), constant(I64, 0, -2147483648));
  return compute('f64.reinterpret_i64', F64, binary('i64.or', I64, magnitude, sign));
}
