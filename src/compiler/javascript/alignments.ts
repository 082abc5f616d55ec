/**
 * What is known of how addresses are aligned, as the text is written: an access whose address is a multiple of its size needs no test for
 * that. Slots are followed from where they are set to where paths meet. At loops nothing is known: a frame may be entered there, with any
 * values.
 */
import { I32 } from '../../decoder';
import type { Expr } from '../../lowering';

/** Zeros at the end of an i32, as far as accesses want to know. */
const MOST = 3;

const least = (a: number, b: number): number => Math.min(a, b);

/** By instruction: the zeros of the result, of those of the operands. */
const OF_RESULT: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ['select', least],
  ['i32.add', least],
  ['i32.sub', least],
  ['i32.or', least],
  ['i32.xor', least],
  ['i32.and', Math.max],
  ['i32.mul', (a, b) => Math.min(MOST, a + b)],
]);

export class Alignments {
  /** By slots with an i32. */
  private zeros = new Map<number, number>();

  /** How often two divides the value, up to MOST. */
  of(expr: Expr): number {
    if (expr.op === 'const') return zerosOf(expr.low);
    if (expr.op === 'get') return expr.held === I32 ? (this.zeros.get(expr.slot) ?? 0) : 0;
    if (!('b' in expr) || expr.b === undefined) return 0;
    const { op, a, b } = expr;
    if (op === 'i32.shl') return b.op === 'const' ? Math.min(MOST, this.of(a) + (b.low & 31)) : 0;
    return OF_RESULT.get(op)?.(this.of(a), this.of(b)) ?? 0;
  }

  /** A slot is set to this, or to something unknown. */
  set(slot: number, value: Expr | undefined): void {
    const zeros = value?.kind === 'i' ? this.of(value) : 0;
    if (zeros > 0) this.zeros.set(slot, zeros);
    else this.zeros.delete(slot);
  }

  forget(): void {
    this.zeros.clear();
  }

  /** What is known behind two paths that meet. */
  behind(first: () => string, second: () => string): [first: string, second: string] {
    const before = new Map(this.zeros);
    const one = first();
    const ofFirst = this.zeros;
    this.zeros = before;
    const other = second();
    for (const [slot, zeros] of this.zeros) {
      const both = least(zeros, ofFirst.get(slot) ?? 0);
      if (both > 0) this.zeros.set(slot, both);
      else this.zeros.delete(slot);
    }
    return [one, other];
  }

  /** What is done on a path that leads away. */
  aside(write: () => string): string {
    const before = new Map(this.zeros);
    const text = write();
    this.zeros = before;
    return text;
  }
}

function zerosOf(value: number): number {
  return value === 0 ? MOST : Math.min(MOST, 31 - Math.clz32(value & -value));
}
