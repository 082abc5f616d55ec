/** Arguments and results of a function called from the command line. */
import { F32, F64, type FuncType, I32, I64, isNullable, isRef, type ValType, valTypeName } from '../decoder';
import { fromJs, reference, toJs, type Value } from '../index';
import { UsageError } from './options';

/** What `--invoke` names: a function, and perhaps its arguments, as in `add(1, 2)`. */
export interface Call {
  readonly name: string;
  readonly args: readonly string[];
}

/** `exported` says which names there are: one may well have parentheses in it. */
export function parseCall(text: string, words: readonly string[], exported: (name: string) => boolean): Call {
  const match = exported(text) ? null : /^([^(]*)\((.*)\)$/s.exec(text);
  if (match === null) return { name: text, args: words };
  if (words.length > 0) throw new UsageError(`--invoke '${text}': ${words[0]} comes after the arguments`);
  const [, name, inside] = match;
  return { name: name.trim(), args: inside.trim() === '' ? [] : inside.split(',').map((arg) => arg.trim()) };
}

/** The words as values of the parameters' types. */
export function parseArguments(name: string, type: FuncType, words: readonly string[]): Value[] {
  if (words.length !== type.params.length) {
    const wanted = type.params.map(valTypeName).join(' ') || 'none';
    const count = type.params.length === 1 ? '1 argument' : `${type.params.length} arguments`;
    throw new UsageError(`--invoke ${name}: the function takes ${count} (${wanted}), not ${words.length}`);
  }
  return type.params.map((param, k) => parseValue(name, param, words[k]));
}

function parseValue(name: string, type: ValType, word: string): Value {
  if (type === I32 || type === I64) {
    const bits = type === I32 ? 32 : 64;
    const match = /^([+-]?)(\d+|0x[0-9a-f]+)$/i.exec(word.replaceAll('_', ''));
    const value = match && (match[1] === '-' ? -BigInt(match[2]) : BigInt(match[2]));
    if (value !== null && value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits)) {
      return fromJs(type, type === I32 ? Number(BigInt.asIntN(32, value)) : value);
    }
  } else if (type === F32 || type === F64) {
    const value = parseNan(type, word) ?? parseFloating(word);
    if (value !== undefined) return typeof value === 'number' ? fromJs(type, value) : value;
  } else if (word === 'null' && isRef(type) && isNullable(type)) {
    return reference(type, null);
  }
  throw new UsageError(`--invoke ${name}: '${word}' is not a value of type ${valTypeName(type)}`);
}

/** Bits of a payload: above them are the exponent and the sign. */
const PAYLOAD = { [F32]: 23n, [F64]: 52n };

/** A NaN as the text format writes it: `nan`, `-nan`, `nan:canonical`, `nan:0x7fc1`. */
function parseNan(type: ValType, word: string): Value | undefined {
  const match = /^([+-]?)nan(?::(canonical|0x[0-9a-f_]+))?$/i.exec(word);
  if (match === null) return undefined;
  const size = PAYLOAD[type as typeof F32 | typeof F64];
  const exponent = type === F32 ? 0xffn : 0x7ffn;
  const given = match[2]?.startsWith('0x') ? BigInt(match[2].replaceAll('_', '')) : 1n << (size - 1n);
  if (given === 0n || given >= 1n << size) return undefined;
  const sign = match[1] === '-' ? 1n << (type === F32 ? 31n : 63n) : 0n;
  const bits = sign | (exponent << size) | given;
  return { type, lo: Number(BigInt.asIntN(32, bits)), hi: Number(BigInt.asIntN(32, bits >> 32n)), ref: null };
}

function parseFloating(word: string): number | undefined {
  const special = /^([+-]?)(inf|infinity)$/i.exec(word);
  if (special) return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(word);
  return word.trim() === '' || Number.isNaN(value) ? undefined : value;
}

/** A result as wasmtime prints it: integers signed, floats in the shortest form that reads back. */
export function formatResult(value: Value): string {
  const js = toJs(value);
  if ((value.type === F32 || value.type === F64) && Number.isNaN(js)) return formatNan(value);
  if (value.type === F32) return shortestF32(js as number);
  if (value.type === F64) return formatFloat(js as number, String(js));
  if (value.type === I32 || value.type === I64) return String(js);
  return js === null ? `<null ${valTypeName(value.type)}>` : `<${valTypeName(value.type)}>`;
}

/** With what is in it, unless it is the canonical one. */
function formatNan({ type, lo, hi }: Value): string {
  const size = PAYLOAD[type as typeof F32 | typeof F64];
  const bits = type === F32 ? BigInt(lo >>> 0) : (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  const payload = BigInt.asUintN(Number(size), bits);
  const sign = (type === F32 ? lo : hi) < 0 ? '-' : '';
  return payload === 1n << (size - 1n) && sign === '' ? 'NaN' : `${sign}nan:0x${payload.toString(16)}`;
}

function formatFloat(value: number, text: string): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : text;
}

/** The fewest digits that give the same f32. */
function shortestF32(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return formatFloat(value, String(Number(text)));
  }
  return formatFloat(value, String(Number(value.toPrecision(9))));
}
