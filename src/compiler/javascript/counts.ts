/**
 * The text of counted loops (counted.ts). `s` is where the local begins, `m` where it ends: at the bound, or where the fuel is used up.
 *
 *     s=i1;m=n<0?1:n+1;m=s+m|0;if(!(s<bound&&(bound-s>>>0)>(m-s>>>0)))m=bound;
 *     L1:for(;;){if(i1<m){...; i1=(i1+1|0);continue L1;}break L1}
 *     n=n-(i1-s|0)|0;if(n<0&&i1!==s){pc=1;break x}
 *
 * A loop that ends with its test has made one turn before: `s` is where the local is then, and behind the loop the bound says whether
 * a branch back was to come. Whoever leaves from the middle of the loop counts the turns first. So does who catches a trap: `k` says in
 * which loop.
 */
import type { Branch } from '../../lowering';
import type { Counted, Until } from './counted';
import { word } from './texts';
import type { Uses } from './uses';

/** What leads out of the loop in the middle of a turn counts, and what is caught too. */
export class Counts {
  readonly counted: Counted;
  private readonly uses: Uses;
  /** By their texts: how many turns have been made, where a trap ends a turn. */
  private readonly caught: Map<string, number>;

  constructor(uses: Uses, counted: Counted, caught: Map<string, number>) {
    this.uses = uses;
    this.counted = counted;
    this.caught = caught;
  }

  private get local(): string {
    return this.uses.low(this.counted.slot);
  }
  private get start(): string {
    return this.uses.variable('s');
  }
  private get end(): string {
    return this.uses.variable('m');
  }
  private get bound(): string {
    const { bound } = this.counted.until;
    return bound.kind === 'slot' ? this.uses.low(bound.slot) : word(bound.value | 0);
  }

  /** Before the loop. */
  get begin(): string {
    const { counted, start, end, local, bound } = this;
    const { testsFirst, step, until } = counted;
    const up = step > 0;
    const first = testsFirst ? local : `${local}+${word(step)}|0`;
    // The turns that the fuel is for, how far they lead, and where to.
    const turns = testsFirst ? 'n<0?1:n+1' : 'n<0?0:n';
    const size = Math.abs(step);
    const far = size === 1 ? '' : `${end}=${this.times(end, size)};`;
    const way = (to: string): string => `(${up ? `${to}-${start}` : `${start}-${to}`}>>>0)`;
    const isFar = `${way(bound)}>${way(end)}`;
    const isMissed = size === 1 ? '' : `||${way(bound)}%${size}!==0`;
    const isOut = until.order === 'other' ? isFar + isMissed : `${this.isBefore(start, bound)}&&${isFar}`;
    const mark = counted.traps ? `${this.uses.variable('k')}=${this.number};` : '';
    const last = `${end}=${start}${up ? '+' : '-'}${end}|0;`;
    return `${start}=${first};${end}=${turns};${far}${last}if(!(${isOut}))${end}=${bound};${mark}`;
  }

  private times(turns: string, size: number): string {
    const shift = Math.log2(size);
    return Number.isInteger(shift)
      ? `${turns}<<${shift}`
      : `${this.uses.helper('math', 'imul')}(${turns},${size})`;
  }

  /** Whether there is another turn. */
  get test(): string {
    return this.isBefore(this.local, this.end);
  }

  private isBefore(local: string, end: string): string {
    return COMPARED[this.counted.until.order](local, end, this.counted.until);
  }

  /** Whether a branch stays in the loop. */
  isInside({ label: { kind, id } }: Branch): boolean {
    return kind === 'loop' ? id === this.counted.back.label.id : this.counted.inside.has(id);
  }

  /** Behind the loop: `stop` leaves at the safepoint of the branch back. */
  after(stop: string): string {
    const { local, start, counted } = this;
    if (counted.testsFirst) return `n=n-${this.turns}|0;${this.unmark}if(n<0&&${local}!==${start}){${stop}}`;
    // What engines have never seen done is not done where the fuel ends (rehearsal.ts).
    return `n=n-${this.turnsBefore}|0;${this.unmark}if(${this.isBefore(local, this.bound)}){${stop}}n=n+1|0;`;
  }

  /** Where control leaves in the middle of a turn, before the local is set. */
  get leave(): string {
    return `n=n-${this.turnsBefore}|0;${this.unmark}`;
  }

  private get unmark(): string {
    return this.counted.traps ? 'k=0;' : '';
  }

  /** Steps from `s` to where the local is. */
  private get turns(): string {
    const { step } = this.counted;
    const size = Math.abs(step);
    const way = step > 0 ? `${this.local}-${this.start}` : `${this.start}-${this.local}`;
    if (size === 1) return `(${way}|0)`;
    const shift = Math.log2(size);
    return Number.isInteger(shift) ? `(${way}>>${shift})` : `((${way}|0)/${size}|0)`;
  }

  private get turnsBefore(): string {
    return this.counted.testsFirst ? this.turns : `(${this.turns}+1)`;
  }

  private get number(): number {
    const { caught, turnsBefore } = this;
    const found = caught.get(turnsBefore) ?? caught.size + 1;
    caught.set(turnsBefore, found);
    return found;
  }
}

const COMPARED: Readonly<Record<Until['order'], (a: string, b: string, until: Until) => string>> = {
  below: (a, b, { isSigned }) => (isSigned ? `${a}<${b}` : `${a}>>>0<${b}>>>0`),
  above: (a, b, { isSigned }) => (isSigned ? `${a}>${b}` : `${a}>>>0>${b}>>>0`),
  other: (a, b) => `${a}!==${b}`,
};

/** In what catches exceptions: counts the turns of the loop that one has left. */
export function countCaught(caught: ReadonlyMap<string, number>): string {
  const cases = [...caught].map(([turns, number]) => `case ${number}:n=n-${turns}|0;break;`);
  return cases.length === 0 ? '' : `switch(k){${cases.join('')}}`;
}
