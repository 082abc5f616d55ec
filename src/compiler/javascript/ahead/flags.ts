/**
 * Structured control without labels. A block is a `do{...}while(0)`, which `break` leaves, and `continue` goes back to the loop right around
 * it. A jump that leads further out sets `z` to its target and leaves the construct it stands in; behind each construct that was left so, the
 * next one looks at `z`.
 *
 *     for(;;){ do{ if(i0)break; if(i1){z=1;break} ... }while(0); if(z!==0){z=0;continue} ... break }
 */
import type { Control } from '../surroundings';
import type { Uses } from '../uses';

interface Open {
  readonly id: number;
  readonly kind: 'block' | 'loop';
  /** Targets of jumps that lead out of it, to others. */
  readonly outward: Set<number>;
}

export class Flags implements Control {
  private readonly uses: Uses;
  private readonly open: Open[] = [];

  constructor(uses: Uses) {
    this.uses = uses;
  }

  block(id: number, body: () => string): string {
    const [text, after] = this.within({ id, kind: 'block', outward: new Set() }, body);
    return `do{${text}}while(0);${after}`;
  }

  conditional(id: number, used: boolean, body: () => string): string {
    return used ? this.block(id, body) : body();
  }

  loop(id: number, body: () => string): string {
    const [text, after] = this.within({ id, kind: 'loop', outward: new Set() }, body);
    return `for(;;){${text}break}${after}`;
  }

  leave(id: number): string {
    return this.jump(id, 'break;');
  }

  repeat(id: number): string {
    return this.jump(id, 'continue;');
  }

  table(
    value: string,
    cases: readonly (readonly [list: readonly number[], text: string])[],
    last: string,
  ): string {
    if (cases.length === 0) return `${value};${last}`;
    const name = this.uses.temporary();
    const tests = cases.map(([list, text]) => `if(${rangesOf(list, name)}){${text}}`);
    return `${name}=${value};${tests.join('else ')}else{${last}}`;
  }

  private within(construct: Open, body: () => string): [text: string, after: string] {
    this.open.push(construct);
    const text = body();
    this.open.pop();
    return [text, this.passOn(construct.outward)];
  }

  private jump(id: number, direct: string): string {
    const from = this.open.length - 1;
    if (this.open[from].id === id) return direct;
    for (let k = from; this.open[k].id !== id; k--) this.open[k].outward.add(id);
    return `${this.uses.variable('z')}=${id};break;`;
  }

  /** Behind a construct, in the one around it: jumps that lead here end, others go on. */
  private passOn(targets: ReadonlySet<number>): string {
    if (targets.size === 0) return '';
    const { id, kind } = this.open[this.open.length - 1];
    const end = kind === 'block' ? 'break' : 'continue';
    if (!targets.has(id)) return 'if(z!==0)break;';
    if (targets.size === 1) return `if(z!==0){z=0;${end}}`;
    return `if(z===${id}){z=0;${end}}if(z!==0)break;`;
  }
}

/** A condition for a number to be in an ascending list. */
function rangesOf(list: readonly number[], name: string): string {
  const tests: string[] = [];
  for (let k = 0; k < list.length; k++) {
    const first = list[k];
    while (list[k + 1] === list[k] + 1) k++;
    tests.push(list[k] === first ? `${name}===${first}` : `${name}>=${first}&&${name}<=${list[k]}`);
  }
  return tests.join('||');
}
