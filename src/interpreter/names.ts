/**
 * Names of forms. Each is put together once: code of a hundred thousand instructions asks for a few names all the time, and for every new
 * string the host makes an object and looks through it before it finds anything by it.
 */

/** Names that one table keeps, some times as many as there are: a hostile module makes no more. */
const MOST_KEPT = 20_000;

/** Names of two parts, with the same text between them. */
export class Names {
  private readonly between: string;
  private readonly known = new Map<string, Map<string, string>>();
  private left = MOST_KEPT;

  constructor(between: string) {
    this.between = between;
  }

  of(first: string, second: string): string {
    const seconds = this.known.get(first) ?? new Map<string, string>();
    const known = seconds.get(second);
    if (known !== undefined) return known;
    const name = first + this.between + second;
    if (this.left-- > 0) this.known.set(first, seconds.set(second, name));
    return name;
  }
}

/** Where an operand is: in a slot (r), a constant in the closure (k), or a closure's value (e). */
export type Leaf = 'r' | 'k' | 'e';

/** How two operands come. */
export const HOWS = {
  r: { r: 'rr', k: 'rk', e: 're' },
  e: { r: 'er', k: 'ek', e: 'ee' },
} as const satisfies Readonly<Record<'r' | 'e', Readonly<Record<Leaf, string>>>>;
