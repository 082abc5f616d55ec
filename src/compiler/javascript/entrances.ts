/**
 * Where the text of a function can be entered beside its beginning: at loops, and at calls that are waited for. They are numbered from 1 in the
 * order of the text. A variable `E` has the number of the one that is wanted, until it is reached, and 0 from then on: what stands before
 * it is passed over.
 *
 *     if(E===0){ ... }                 statements without an entrance
 *     if(E<=2){ ... }                  a statement with the entrances 1 and 2, if others come behind it
 *     if(E===0?i0:E<=2){ ... }else{ ... }
 *
 * A loop with entrances inside would test `E` in each turn. Where it is written twice, the rest of the turn that is entered comes first, and
 * then the loop as it is without entrances:
 *
 *     Q1:{P1:{if(E<=1){E=0;break P1} ...; break P1; ...; break Q1} L1:for(;;){ ...; continue L1; ...; break L1}}
 */
import { listsIn, type Statement } from '../../lowering';
import type { EntranceRules } from './surroundings';

interface Range {
  readonly first: number;
  readonly last: number;
  /** How many entrances are inside of each other in the statement, itself aside. */
  readonly levels: number;
}

/** Loops with so many levels of entrances inside are written twice, and those inside in both; what has more is seldom gone back to. */
const MOST_LEVELS = 2;

export class Entrances {
  /** Of statements that are an entrance, or have some inside. */
  private readonly ranges = new Map<Statement, Range>();
  private readonly marks = new Map<Statement, number>();
  private readonly rules: EntranceRules;
  private count = 0;

  constructor(statements: readonly Statement[], rules: EntranceRules) {
    this.rules = rules;
    this.number(statements);
  }

  /** Whether the text can be entered there: else it only has the numbers of another one that can. */
  get any(): boolean {
    return this.rules.areOpen && this.count > 0;
  }

  /** The number of a statement that is an entrance. */
  markOf(statement: Statement): number | undefined {
    return this.marks.get(statement);
  }

  /** Whether the statement has an entrance inside that is open. */
  isEntered(statement: Statement): boolean {
    return this.any && this.ranges.has(statement);
  }

  /** Whether a loop is written twice. */
  isTwice(loop: Statement): boolean {
    const levels = this.ranges.get(loop)?.levels ?? 0;
    return this.rules.mayRepeat && levels > 0 && levels <= MOST_LEVELS;
  }

  /** What leads to the loop's beginning if it is entered there. */
  atLoop(loop: Statement): string {
    const mark = this.any ? this.marks.get(loop) : undefined;
    if (mark === undefined) return '';
    return this.ranges.get(loop)!.last === mark && this.count === 1 ? 'E=0;' : `if(E===${mark})E=0;`;
  }

  /** A sequence of statements, of which those before the entrance that is wanted are passed over. */
  sequence(list: readonly Statement[], write: (statement: Statement) => string): string {
    if (!this.any) return list.map(write).join('');
    const last = this.lastOf(list);
    let text = '';
    let passed = '';
    list.forEach((statement, k) => {
      const range = this.ranges.get(statement);
      const written = write(statement);
      if (k > last) {
        text += written;
      } else if (range === undefined) {
        passed += written;
      } else {
        if (passed !== '') text += `if(E===0){${passed}}`;
        passed = '';
        text += k === last ? written : `if(E<=${range.last}){${written}}`;
      }
    });
    return text;
  }

  /** The condition of an `if`, which must lead to the entrance that is wanted. */
  condition(test: string, body: readonly Statement[], otherwise: readonly Statement[]): string {
    if (!this.any) return test;
    const then = this.lastIn(body);
    if (then === undefined) return this.lastIn(otherwise) === undefined ? test : `E===0&&${test}`;
    return this.lastIn(otherwise) === undefined ? `E!==0||${test}` : `E===0?${test}:E<=${then}`;
  }

  private lastIn(list: readonly Statement[]): number | undefined {
    const last = this.lastOf(list);
    return last < 0 ? undefined : this.ranges.get(list[last])!.last;
  }

  /** The index of the last statement that is an entrance or has one inside; -1 if none is. */
  private lastOf(list: readonly Statement[]): number {
    let last = list.length - 1;
    while (last >= 0 && !this.ranges.has(list[last])) last--;
    return last;
  }

  /** Returns how many entrances are inside of each other. */
  private number(list: readonly Statement[]): number {
    let most = 0;
    for (const statement of list) {
      const before = this.count;
      const isOne = this.rules.isEntrance(statement);
      if (isOne) this.marks.set(statement, ++this.count);
      let levels = 0;
      for (const inner of listsIn(statement)) levels = Math.max(levels, this.number(inner));
      if (this.count > before) this.ranges.set(statement, { first: before + 1, last: this.count, levels });
      most = Math.max(most, levels + (isOne ? 1 : 0));
    }
    return most;
  }
}
