/** Values of calls as JSON, and back: numbers, or texts where a number would lose something. */
import {
  F32,
  F64,
  type Func,
  f32,
  f64,
  I32,
  I64,
  i32,
  i64,
  toJs,
  type ValType,
  type Value,
  valTypeName,
} from 'tswasm';
import { FleetError } from '../protocol/errors';

export type JsonValue = number | string;

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;
const WHOLE = /^[-+]?\d{1,20}$/;
const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/** The arguments of a call by position; too few or too many are an error, nothing is made up. */
export function argumentsFor(func: Func, given: readonly JsonValue[], name: string): Value[] {
  const { params } = func.type;
  if (given.length !== params.length)
    throw new FleetError('bad-request', `"${name}" takes ${params.length} arguments, not ${given.length}`);
  return params.map((type, k) => argument(type, given[k], `argument ${k} of "${name}"`));
}

function argument(type: ValType, given: JsonValue, place: string): Value {
  switch (type) {
    case I32:
      return i32(Number(whole(given, -(2n ** 31n), 2n ** 32n - 1n, place)));
    case I64:
      return long(whole(given, -(2n ** 63n), 2n ** 64n - 1n, place));
    case F32:
      return f32(float(given, place));
    case F64:
      return f64(float(given, place));
  }
  throw new FleetError(
    'bad-request',
    `${place} is a ${valTypeName(type)}, which no call from outside can give`,
  );
}

function long(value: bigint): Value {
  return i64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}

function whole(given: JsonValue, min: bigint, max: bigint, place: string): bigint {
  const fits = typeof given === 'number' ? Number.isSafeInteger(given) : WHOLE.test(given);
  const value = fits ? BigInt(given) : undefined;
  if (value === undefined || value < min || value > max)
    throw new FleetError('bad-request', `${place}: expected an integer from ${min} to ${max}, not ${given}`);
  return value;
}

function float(given: JsonValue, place: string): number {
  if (typeof given === 'number') return given;
  if (Object.hasOwn(NOT_FINITE, given)) return NOT_FINITE[given];
  if (!NUMBER.test(given)) throw new FleetError('bad-request', `${place}: expected a number, not ${given}`);
  return Number(given);
}

export function jsonOf(value: Value): JsonValue {
  const plain: unknown = toJs(value);
  if (typeof plain === 'number') return Number.isFinite(plain) ? plain : String(plain);
  if (typeof plain === 'bigint')
    return Number.isSafeInteger(Number(plain)) ? Number(plain) : plain.toString();
  return plain === null ? 'null' : 'a reference';
}
