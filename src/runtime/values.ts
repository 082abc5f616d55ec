/**
 * Values at the boundary. `Value` is bit exact; `toJs` and `fromJs` are the JS API's ToJSValue and ToWebAssemblyValue. The only file of
 * the core that knows BigInt: a host without it replaces this file and has no i64 at its JavaScript boundary.
 */
import {
  F32,
  F64,
  HEAP,
  heapOf,
  heapTypeId,
  hierarchyOf,
  I32,
  I64,
  isNullable,
  isRef,
  V128,
  type ValType,
  valTypeName,
} from '../decoder';
import { f32FromBits, f64FromBits } from './numerics';
import { noJsForm, vectorBytes, ZERO_VECTOR } from './vector-values';

/** i32 and f32: `lo` holds the bits. i64 and f64: `lo` and `hi`. References: `ref`; null is the null reference. v128: `bytes`. */
export interface Value {
  /** Its type. */
  readonly type: ValType;
  /** The low word, or all of it. Floats are bits. */
  readonly lo: number;
  /** The high word of what has 64 bits. */
  readonly hi: number;
  /** What it refers to, or null. */
  readonly ref: unknown;
  /** The sixteen bytes of a v128, the first lane first. Nobody changes them. */
  readonly bytes?: Uint8Array;
}

/** What JavaScript has for a number: a BigInt for an i64. */
export type JsNumber = number | bigint;

/** What a funcref that is not null refers to: a function instance (func.ts). */
export abstract class FuncReference {
  abstract readonly store: object;
  /** @internal Whether it is of the type with this canonical id. */
  abstract isOf(typeId: number): boolean;
}

/** What an exnref that is not null refers to (exception.ts). */
export abstract class ExceptionReference {}

const cell = new DataView(new ArrayBuffer(8));

/** A 32-bit integer. */
export function i32(value: number): Value {
  return { type: I32, lo: value | 0, hi: 0, ref: null };
}
/** A 64-bit integer, of two words. */
export function i64(lo: number, hi: number): Value {
  return { type: I64, lo: lo | 0, hi: hi | 0, ref: null };
}
/** A 32-bit float. */
export function f32(value: number): Value {
  cell.setFloat32(0, value, true);
  return { type: F32, lo: cell.getInt32(0, true), hi: 0, ref: null };
}
/** A 64-bit float. */
export function f64(value: number): Value {
  cell.setFloat64(0, value, true);
  return { type: F64, lo: cell.getInt32(0, true), hi: cell.getInt32(4, true), ref: null };
}
/** A vector of sixteen bytes, the first lane first. Throws a TypeError for others. */
export function v128(bytes: Uint8Array): Value {
  return { type: V128, lo: 0, hi: 0, ref: null, bytes: vectorBytes(bytes) };
}
/** A reference, unchecked. */
export function reference(type: ValType, ref: unknown): Value {
  return { type, lo: 0, hi: 0, ref };
}
/** Zero, or the null reference. */
export function defaultValue(type: ValType): Value {
  if (type === V128) return v128(ZERO_VECTOR);
  return { type, lo: 0, hi: 0, ref: null };
}

/** Whether somebody has made a `Value` of it, and did not mean the object itself. */
function isValue(given: unknown): given is Value {
  return (
    typeof given === 'object' &&
    given !== null &&
    'type' in given &&
    'lo' in given &&
    'hi' in given &&
    'ref' in given
  );
}

/**
 * What a caller gives for a value of this type: a `Value` of the type, or a JavaScript value, which the JS API's conversions take. Functions
 * are those of `store`. Throws a TypeError that says what was expected. `what` names it, and `k` says which of several: `argument 0`.
 */
export function valueFor(what: string, type: ValType, given: unknown, store: object, k?: number): Value {
  if (!isValue(given)) return ownValue(what, fromJs(type, given), store, k);
  const { type: claimed, lo, hi, ref, bytes } = given;
  // A reference is what it is, whatever type of its hierarchy somebody has given it.
  const isOwn = isRef(type) && isRef(claimed) && hierarchyOf(claimed) === hierarchyOf(type);
  if (claimed !== type && !isOwn) {
    const other = typeof claimed === 'number' ? valTypeName(claimed) : 'something else';
    throw new TypeError(
      `${numbered(what, k)}: expected a value of type ${valTypeName(type)}, not of ${other}`,
    );
  }
  if (isRef(type)) return ownValue(what, refFromJs(type, ref), store, k);
  if (type === V128) return v128(bytes!);
  return { type, lo: lo | 0, hi: hi | 0, ref: null };
}

/** Made where it is needed: not for each call. */
function numbered(what: string, k: number | undefined): string {
  return k === undefined ? what : `${what} ${k}`;
}

/** @internal The value, unless it is a function of another store. */
export function ownValue(what: string, value: Value, store: object, k?: number): Value {
  if (
    value.ref instanceof FuncReference &&
    hierarchyOf(value.type) === HEAP.func &&
    value.ref.store !== store
  ) {
    throw new TypeError(`${numbered(what, k)}: the function belongs to another store`);
  }
  return value;
}

/** ToJSValue (JS API). i64 becomes a BigInt. */
export function toJs(value: Value): unknown {
  switch (value.type) {
    case I32:
      return value.lo;
    case I64:
      return (BigInt(value.hi) << 32n) | BigInt(value.lo >>> 0);
    case F32:
      return f32FromBits(value.lo);
    case F64:
      return f64FromBits(value.lo, value.hi);
    case V128:
      return noJsForm();
    default:
      return value.ref;
  }
}

/** What a summary shows of a value: as JavaScript has it, or the bytes of a vector. */
export function shownValue(value: Value): unknown {
  return value.bytes ?? toJs(value);
}

/** ToWebAssemblyValue (JS API). Throws a TypeError for what the type does not hold. */
export function fromJs(type: ValType, value: unknown): Value {
  switch (type) {
    case I32:
      return i32((value as number) | 0);
    case I64: {
      const bits = BigInt.asUintN(64, toBigInt64(value));
      return i64(Number(bits & 0xffffffffn), Number(bits >> 32n));
    }
    case F32:
      return f32(+(value as number));
    case F64:
      return f64(+(value as number));
    case V128:
      return noJsForm();
    default:
      return refFromJs(type, value);
  }
}

/** ToWebAssemblyValue of an integer, as the number or BigInt that JavaScript has for that. */
export function integerFromJs(type: ValType, value: unknown): JsNumber {
  return type === I32 ? (value as number) | 0 : toBigInt64(value);
}

/** ToBigInt, which a Number does not convert by. */
function toBigInt64(value: unknown): bigint {
  return BigInt.asIntN(64, value as bigint);
}

function refFromJs(type: ValType, value: unknown): Value {
  if (value === null && isNullable(type)) return reference(type, null);
  const heap = heapOf(type);
  if (heap === HEAP.extern) {
    if (value === null) throw new TypeError(`null is not a ${valTypeName(type)}`);
    return reference(type, value);
  }
  if (value instanceof FuncReference) {
    const typeId = heapTypeId(heap);
    if (typeId < 0 ? heap === HEAP.func : value.isOf(typeId)) return reference(type, value);
  }
  if (value instanceof ExceptionReference && heap === HEAP.exn) return reference(type, value);
  throw new TypeError(`value is not a ${valTypeName(type)}`);
}
