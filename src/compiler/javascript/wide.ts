/**
 * Products, quotients and remainders of i64 by BigInt, on words in a buffer: for engines that run what is written, where a BigInt costs less than
 * the calls that do without. What is cheap on two words stays so.
 *
 *     L[0]=i1,L[1]=h1,LU[0]/=10n,t0=L[0]     t0 is the low word, L[1] the high one
 *
 * The words of the operands are in L, as one signed or unsigned number each in LS and LU (ahead/parts/wide.ts).
 */
import type { Compute, ComputeOp, Const } from '../../lowering';
import type { Pair } from './texts';
import type { Uses } from './uses';

interface WideRow {
  readonly operator: '*' | '/' | '%';
  readonly signed: boolean;
}
const ROWS: ReadonlyMap<ComputeOp, WideRow> = new Map<ComputeOp, WideRow>([
  ['i64.mul', { operator: '*', signed: true }],
  ['i64.div_s', { operator: '/', signed: true }],
  ['i64.div_u', { operator: '/', signed: false }],
  ['i64.rem_s', { operator: '%', signed: true }],
  ['i64.rem_u', { operator: '%', signed: false }],
]);

/** What BigInts are for: all of these, or divisions of large numbers alone, where small BigInts are objects too and doubles cost less. */
export type Widening = 'none' | 'all' | 'large';

export function isWide(op: ComputeOp, widening: Widening): boolean {
  if (widening === 'none') return false;
  const row = ROWS.get(op);
  return row !== undefined && (widening === 'all' || row.operator !== '*');
}

/** Divisors below this, times 2^32, are numbers that doubles hold. */
const SHORT = 2 ** 21;

/** The result for operands whose words can be read more than once. */
export function wide(
  { op, b, offset }: Compute,
  left: Pair,
  right: Pair,
  uses: Uses,
  widening: Widening,
): Pair {
  const { operator, signed } = ROWS.get(op)!;
  const words = uses.helper('numeric', 'L');
  const longs = uses.helper('numeric', signed ? 'LS' : 'LU');
  const before = [...left.before];
  const raise = (code: string): string => `${uses.helper('numeric', 'raise')}('${code}',${offset})`;
  const constant = b!.op === 'const' ? b! : undefined;
  if (constant === undefined) before.push(...right.before);
  const mayBe = (word: 0 | -1): boolean =>
    constant === undefined || (constant.low === word && constant.high === word);
  if (operator !== '*' && mayBe(0)) before.push(`(${right.low}|${right.high})===0&&${raise('divideByZero')}`);
  if (op === 'i64.div_s' && mayBe(-1)) {
    const isLeast = `${left.low}===0&&${left.high}===-2147483648`;
    before.push(`(${right.low}&${right.high})===-1&&${isLeast}&&${raise('integerOverflow')}`);
  }
  const works = [`${words}[0]=${left.low}`, `${words}[1]=${left.high}`];
  if (constant === undefined) works.push(`${words}[2]=${right.low}`, `${words}[3]=${right.high}`);
  works.push(`${longs}[0]${operator}=${constant === undefined ? `${longs}[1]` : literal(constant, signed)}`);
  const low = uses.temporary();
  works.push(`${low}=${words}[0]`);
  if (widening === 'all' || (constant !== undefined && constant.high !== 0)) {
    return { before: [...before, ...works], low, high: `${words}[1]` };
  }
  const high = uses.temporary();
  works.push(`${high}=${words}[1]`);
  const areWords = constant === undefined ? `(${left.high}|${right.high})===0` : `${left.high}===0`;
  const divisor = constant === undefined ? `(${right.low}>>>0)` : `${constant.low >>> 0}`;
  const inWords = `${low}=(${left.low}>>>0)${operator}${divisor}|0,${high}=0`;
  let others = `(${works.join()})`;
  if (constant !== undefined && constant.low > 1 && constant.low < SHORT) {
    const rest = `((${left.high}>>>0)%${divisor}*4294967296+(${left.low}>>>0))${operator}${divisor}|0`;
    const inDoubles = `(${low}=${rest},${high}=${operator === '/' ? `(${left.high}>>>0)/${divisor}|0` : '0'})`;
    others = signed ? `${left.high}<0?${others}:${inDoubles}` : inDoubles;
  }
  return { before: [...before, `${areWords}?(${inWords}):${others}`], low, high };
}

/** A constant as a BigInt. */
function literal({ low, high }: Const, signed: boolean): string {
  const isNegative = signed && high < 0;
  const first = isNegative ? ~high + (low === 0 ? 1 : 0) : high;
  const last = (isNegative ? -low : low) >>> 0;
  const digits =
    first === 0 ? `${last}` : `0x${(first >>> 0).toString(16)}${last.toString(16).padStart(8, '0')}`;
  return `${isNegative ? '-' : ''}${digits}n`;
}
