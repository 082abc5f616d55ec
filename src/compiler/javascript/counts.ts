/**
 * The text of counted loops (counted.ts). `i1` is the local that goes to the bound.
 *
 * A loop that nothing leaves but its test and traps takes its fuel before it begins, all at once:
 *
 *     t0=(i1<30?30-i1>>>0:0);if(n-t0<M.floor){pc=1;break x}n=n-t0|0;
 *     L1:for(;;){if(i1<30){...; i1=(i1+1|0);continue L1;}break L1}
 *
 * Where there is less, the function ends before the loop, and a text that does not pay before goes on there (activations.ts). In that one,
 * and in loops with other ways out, `s` is where the local begins, `m` where it ends: at the bound, or where the fuel is used up.
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

/** More turns than there is fuel for. */
const ENDLESS = 2 ** 32 - 1;

export abstract class Counts {
  readonly counted: Counted;
  protected readonly uses: Uses;
  /** Numbers of texts that bring the fuel up to date where a trap ends a turn. */
  private readonly caught: Map<string, number>;

  constructor(uses: Uses, counted: Counted, caught: Map<string, number>) {
    this.uses = uses;
    this.counted = counted;
    this.caught = caught;
  }

  /** Before the loop, and behind it: `stop` leaves at the safepoint of the branch back. */
  abstract begin(stop: () => string): string;
  abstract after(stop: () => string): string;
  /** Whether there is another turn; undefined where the test says it. */
  abstract get test(): string | undefined;
  /** In the middle of a turn, before the local is set: brings the fuel up to date. */
  protected abstract get settle(): string;

  /** Where control leaves from the middle of a turn. */
  get leave(): string {
    return this.settle + this.unmark;
  }

  /** Whether a branch stays in the loop. */
  isInside({ label: { kind, id } }: Branch): boolean {
    return kind === 'loop' ? id === this.counted.back.label.id : this.counted.inside.has(id);
  }

  protected get local(): string {
    return this.uses.low(this.counted.slot);
  }
  protected get bound(): string {
    const { bound } = this.counted.until;
    return bound.kind === 'slot' ? this.uses.low(bound.slot) : word(bound.value | 0);
  }
  protected get size(): number {
    return Math.abs(this.counted.step);
  }
  /** How far the local goes between two places, one of them behind the other; not yet one of 32 bits. */
  protected way(from: string, to: string): string {
    return this.counted.step > 0 ? `${to}-${from}` : `${from}-${to}`;
  }

  protected isBefore(local: string, end: string): string {
    return COMPARED[this.counted.until.order](local, end, this.counted.until);
  }

  protected get mark(): string {
    if (!this.counted.traps) return '';
    const { caught, settle } = this;
    const number = caught.get(settle) ?? caught.size + 1;
    caught.set(settle, number);
    return `${this.uses.variable('k')}=${number};`;
  }
  protected get unmark(): string {
    return this.counted.traps ? 'k=0;' : '';
  }
}

/** The fuel of all turns is taken before the first. */
export class PaidBefore extends Counts {
  override begin(stop: () => string): string {
    const turns = this.uses.temporary();
    const floor = `${this.uses.given('M')}.floor`;
    return `${turns}=${this.rest};if(n-${turns}<${floor}){${stop()}}n=n-${turns}|0;${this.mark}`;
  }

  override after(): string {
    return this.unmark;
  }

  override get test(): undefined {
    return undefined;
  }

  protected override get settle(): string {
    return `n=n+${this.rest}|0;`;
  }

  /** How many branches back are to come from the beginning of a turn on. */
  private get rest(): string {
    const { counted, local, bound, size } = this;
    const from = counted.testsFirst ? local : `(${local}+${word(counted.step)}|0)`;
    const way = this.way(from, bound);
    if (counted.until.order !== 'other') {
      return `(${this.isBefore(from, bound)}?${parts(size === 1 ? way : `${way}+${size - 1}`, size)}:0)`;
    }
    return size === 1 ? `(${way}>>>0)` : `((${way}>>>0)%${size}===0?${parts(way, size)}:${ENDLESS})`;
  }
}

/** The loop ends at its bound or where the fuel is used up, and what it has used is taken behind it. */
export class PaidBehind extends Counts {
  private get start(): string {
    return this.uses.variable('s');
  }
  private get end(): string {
    return this.uses.variable('m');
  }

  override begin(): string {
    const { counted, start, end, local, bound, size } = this;
    const { testsFirst, step, until } = counted;
    const first = testsFirst ? local : `${local}+${word(step)}|0`;
    // The turns that the fuel is for, how far they lead, and where to.
    const turns = testsFirst ? 'n<0?1:n+1' : 'n<0?0:n';
    const far = size === 1 ? '' : `${end}=${this.times(end)};`;
    const isFar = `(${this.way(start, bound)}>>>0)>(${this.way(start, end)}>>>0)`;
    const isMissed = size === 1 ? '' : `||(${this.way(start, bound)}>>>0)%${size}!==0`;
    const isOut = until.order === 'other' ? isFar + isMissed : `${this.isBefore(start, bound)}&&${isFar}`;
    const last = `${end}=${start}${step > 0 ? '+' : '-'}${end}|0;`;
    return `${start}=${first};${end}=${turns};${far}${last}if(!(${isOut}))${end}=${bound};${this.mark}`;
  }

  private times(turns: string): string {
    const { size } = this;
    const shift = Math.log2(size);
    return Number.isInteger(shift)
      ? `${turns}<<${shift}`
      : `${this.uses.helper('math', 'imul')}(${turns},${size})`;
  }

  override get test(): string {
    return this.isBefore(this.local, this.end);
  }

  override after(stop: () => string): string {
    const { local, start, counted, unmark } = this;
    if (counted.testsFirst) return `n=n-${this.turns}|0;${unmark}if(n<0&&${local}!==${start}){${stop()}}`;
    // What engines have never seen done is not done where the fuel ends (rehearsal.ts).
    return `${this.settle}${unmark}if(${this.isBefore(local, this.bound)}){${stop()}}n=n+1|0;`;
  }

  protected override get settle(): string {
    return `n=n-${this.counted.testsFirst ? this.turns : `(${this.turns}+1)`}|0;`;
  }

  /** Steps from `s` to where the local is. */
  private get turns(): string {
    const { size } = this;
    const way = this.way(this.start, this.local);
    if (size === 1) return `(${way}|0)`;
    const shift = Math.log2(size);
    return Number.isInteger(shift) ? `(${way}>>${shift})` : `((${way}|0)/${size}|0)`;
  }
}

/** An unsigned number of 32 bits by a constant, rounded down. */
function parts(number: string, size: number): string {
  const shift = Math.log2(size);
  return Number.isInteger(shift) ? `${number}>>>${shift}` : `(${number}>>>0)/${size}>>>0`;
}

const COMPARED: Readonly<Record<Until['order'], (a: string, b: string, until: Until) => string>> = {
  below: (a, b, { isSigned }) => (isSigned ? `${a}<${b}` : `${a}>>>0<${b}>>>0`),
  above: (a, b, { isSigned }) => (isSigned ? `${a}>${b}` : `${a}>>>0>${b}>>>0`),
  other: (a, b) => `${a}!==${b}`,
};

/** In what catches exceptions: brings the fuel up to date where one has left a counted loop. */
export function countCaught(caught: ReadonlyMap<string, number>): string {
  const cases = [...caught].map(([settle, number]) => `case ${number}:${settle}break;`);
  return cases.length === 0 ? '' : `switch(k){${cases.join('')}}`;
}
