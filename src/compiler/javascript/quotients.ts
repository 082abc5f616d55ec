/**
 * Unsigned quotients and remainders of i64 by constants, where they stand: engines that compile make multiplications of divisions by constants,
 * and functions for any divisor are too long to be put into every loop.
 *
 *     h1===0?(t0=(i1>>>0)/10|0,t1=0):( ... )      t0 is the low word of the quotient, t1 the high one
 */
import type { Compute } from '../../lowering';
import type { Pair } from './texts';
import type { Uses } from './uses';

/** Divisors up to this divide what a rest and 16 bits more are, which are 32. */
const SHORT = 2 ** 16 - 1;
/** Divisors below this leave room for a sign and a divisor too much. */
const LARGE = 2 ** 30;

/** The constant that an instruction divides by, as a number; undefined where it is not for here. */
export function divisorOf({ op, b }: Compute): number | undefined {
  if (op !== 'i64.div_u' && op !== 'i64.rem_u') return undefined;
  if (b!.op !== 'const' || b!.high !== 0) return undefined;
  const { low } = b!;
  return low > 0 && low < LARGE ? low : undefined;
}

/** `pair`: what is divided, with words that can be read more than once. */
export function dividedBy(divisor: number, op: Compute['op'], pair: Pair, uses: Uses): Pair {
  const way = divisor <= SHORT ? inWords : inDoubles;
  const { text, low, high } = way(divisor, op === 'i64.rem_u', pair, uses);
  return { before: [...pair.before, text], low, high };
}

interface Divided {
  readonly text: string;
  readonly low: string;
  readonly high: string;
}

/** Sixteen bits at a time. Numbers of one word are short work. */
function inWords(d: number, isRest: boolean, { low, high }: Pair, uses: Uses): Divided {
  const [t, u, v, w] = [0, 1, 2, 3].map(() => uses.temporary());
  const first = `${high}===0?(${t}=(${low}>>>0)${isRest ? '%' : '/'}${d}|0`;
  if (isRest) {
    const upper = `((${high}>>>0)%${d}<<16|${low}>>>16)>>>0`;
    const rest = `${u}=${upper},${t}=((${u}%${d}<<16|${low}&65535)>>>0)%${d}|0`;
    return { text: `${first}):(${rest})`, low: t, high: '0' };
  }
  const imul = uses.helper('math', 'imul');
  const upper = `${u}=(${high}>>>0)/${d}|0,${v}=(${high}-${imul}(${u},${d})<<16|${low}>>>16)>>>0,${w}=${v}/${d}|0`;
  const lower = `${t}=${w}<<16|((${v}-${imul}(${w},${d})<<16|${low}&65535)>>>0)/${d}|0`;
  return { text: `${first},${u}=0):(${upper},${lower})`, low: t, high: u };
}

/** The low word is estimated, at most one too high or too low: what is left says it, in 32 bits with a sign. */
function inDoubles(d: number, isRest: boolean, { low, high }: Pair, uses: Uses): Divided {
  const [t, u] = [0, 1].map(() => uses.temporary());
  const imul = uses.helper('math', 'imul');
  const estimate = `${u}=((${high}>>>0)%${d}*4294967296+(${low}>>>0))*${1 / d}>>>0`;
  const left = `${t}=${low}-${imul}(${u},${d})|0`;
  const settled = isRest
    ? `${t}=${t}<0?${t}+${d}|0:${t}>=${d}?${t}-${d}|0:${t}`
    : `${t}=${t}<0?${u}-1|0:${t}>=${d}?${u}+1|0:${u}|0`;
  const text = [estimate, left, settled];
  if (isRest) return { text: text.join(), low: t, high: '0' };
  return { text: [...text, `${u}=(${high}>>>0)/${d}|0`].join(), low: t, high: u };
}
