/** Arguments and results of a function called from the command line. */
import { F32, F64, type FuncType, I32, I64, type ValType, valTypeName } from '../decoder';
import { fromJs, toJs, type Value } from '../index';
import { UsageError } from './options';

/** The words as values of the parameters' types. */
export function parseArguments(name: string, type: FuncType, words: readonly string[]): Value[] {
  if (words.length !== type.params.length) {
    const wanted = type.params.map(valTypeName).join(' ') || 'none';
    throw new UsageError(
      `--invoke ${name}: the function takes ${type.params.length} arguments (${wanted}), not ${words.length}`,
    );
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
    const value = parseFloating(word);
    if (value !== undefined) return fromJs(type, value);
  }
  throw new UsageError(`--invoke ${name}: '${word}' is not a value of type ${valTypeName(type)}`);
}

function parseFloating(word: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(word);
  if (special) {
    const magnitude = /nan/i.test(special[2]) ? Number.NaN : Number.POSITIVE_INFINITY;
    return special[1] === '-' ? -magnitude : magnitude;
  }
  const value = Number(word);
  return word.trim() === '' || Number.isNaN(value) ? undefined : value;
}

/** A result as wasmtime prints it: integers signed, floats in the shortest form that reads back. */
export function formatResult(value: Value): string {
  const js = toJs(value);
  if (value.type === F32) return shortestF32(js as number);
  if (value.type === F64) return formatFloat(js as number, String(js));
  if (value.type === I32 || value.type === I64) return String(js);
  return js === null ? `<null ${valTypeName(value.type)}>` : `<${valTypeName(value.type)}>`;
}

function formatFloat(value: number, text: string): string {
  if (Number.isNaN(value)) return 'NaN';
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
