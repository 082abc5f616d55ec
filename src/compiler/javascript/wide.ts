/**
 * Products, quotients and remainders of i64 by BigInt, on words in a buffer: for engines that run what is written, where a BigInt costs less than
 * the calls that do without. What is cheap on two words stays so.
 *
 *     X[0]=i1,X[1]=h1,XU[0]/=10n,t0=X[0]     t0 is the low word, X[1] the high one
 *
 * The words of the operands are in X, as one signed or unsigned number each in XS and XU (ahead/parts/wide.ts).
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

export const isWide = (op: ComputeOp): boolean => ROWS.has(op);

/** The result for operands whose words can be read more than once. */
export function wide({ op, b, offset }: Compute, left: Pair, right: Pair, uses: Uses): Pair {
  const { operator, signed } = ROWS.get(op)!;
  const words = uses.helper('numeric', 'X');
  const longs = uses.helper('numeric', signed ? 'XS' : 'XU');
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
  before.push(`${words}[0]=${left.low}`, `${words}[1]=${left.high}`);
  if (constant === undefined) before.push(`${words}[2]=${right.low}`, `${words}[3]=${right.high}`);
  before.push(`${longs}[0]${operator}=${constant === undefined ? `${longs}[1]` : literal(constant, signed)}`);
  const low = uses.temporary();
  before.push(`${low}=${words}[0]`);
  return { before, low, high: `${words}[1]` };
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
