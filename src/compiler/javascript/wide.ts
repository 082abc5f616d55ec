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
  const constant = b!.op === 'const' ? numberOf(b!, signed) : undefined;
  if (constant === undefined) before.push(...right.before);
  if (operator !== '*') {
    const [low, high] = [right.low, right.high];
    if (constant === undefined) before.push(`(${low}|${high})===0&&${raise('divideByZero')}`);
    else if (constant === 0n) before.push(raise('divideByZero'));
    const isMinusOne = constant === undefined ? `(${low}&${high})===-1&&` : '';
    if (op === 'i64.div_s' && (constant === undefined || constant === -1n))
      before.push(`${isMinusOne}${left.low}===0&&${left.high}===-2147483648&&${raise('integerOverflow')}`);
  }
  before.push(`${words}[0]=${left.low}`, `${words}[1]=${left.high}`);
  if (constant === undefined) before.push(`${words}[2]=${right.low}`, `${words}[3]=${right.high}`);
  before.push(`${longs}[0]${operator}=${constant === undefined ? `${longs}[1]` : `${constant}n`}`);
  const low = uses.temporary();
  before.push(`${low}=${words}[0]`);
  return { before, low, high: `${words}[1]` };
}

function numberOf({ low, high }: Const, signed: boolean): bigint {
  const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
  return signed ? value : BigInt.asUintN(64, value);
}
