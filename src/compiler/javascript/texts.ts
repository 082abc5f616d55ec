/** What texts of expressions are, whoever writes them. */
import type { Expr } from '../../lowering';
import type { Alignments } from './alignments';
import type { Uses } from './uses';

/**
 * An i64: `low` is a name or a number; `high` may be more, and is computed once, right behind what comes `before` (assignments, in their
 * order).
 */
export interface Pair {
  readonly before: readonly string[];
  readonly low: string;
  readonly high: string;
}

/** Writes expressions. A text of a scalar is one expression, in parentheses where it is more than a name or a number. */
export interface ExpressionWriter {
  readonly uses: Uses;
  scalar(expr: Expr): string;
  pair(expr: Expr): Pair;
  readonly alignments: Alignments;
  /** Whether the bits of a float have to be made canonical where it is no number. */
  isToBeMade(expr: Expr): boolean;
  /** The pair with a high word that can be read more than once. */
  settled(pair: Pair): Pair;
  /** The bits of a float that is not arithmetic's; of an f32 in the low word. */
  bitsOf(expr: Expr): Pair;
}

/** A name, or a number without a fraction: costs nothing and has no effect when it is repeated. */
export const isSimple = (text: string): boolean => /^(?:\w+|\(-\d+\))$/.test(text);
export const word = (value: number): string => (value < 0 ? `(${value})` : `${value}`);
/** Assignments, then a value. */
export const behind = (before: readonly string[], value: string): string =>
  before.length === 0 ? value : `(${before.join()},${value})`;
/** Assignments as statements. */
export const statements = (before: readonly string[]): string =>
  before.length === 0 ? '' : `${before.join(';')};`;

/** The words of the canonical NaN. */
export const CANONICAL_F32 = 0x7fc00000;
export const CANONICAL_F64_HIGH = 0x7ff80000;
