/**
 * Statements of lowered code as JavaScript text: blocks and loops with labels, values in variables. What is done at safepoints is up to who
 * surrounds the text (`Stops` in surroundings.ts).
 */
import type { FuncType, ModuleData } from '../../decoder';
import type { Safepoint } from '../../decoder/safepoints';
import { InternalError } from '../../errors';
import {
  type Block,
  type Branch,
  type BrIf,
  type Expr,
  type If,
  isExceptional,
  type Loop,
  type LoweredBody,
  type SetSlot,
  type Statement,
  safepointOf,
} from '../../lowering';
import { TRAPS } from '../../lowering/expr';
import { Calls } from './calls';
import { type Counted, countedLoop } from './counted';
import { type Counts, PaidBefore, PaidBehind } from './counts';
import { Entrances } from './entrances';
import { Expressions } from './expressions';
import { Parts, type PartWriter } from './parts';
import type { Payloads } from './payloads';
import { Slots } from './slots';
import type { Split } from './split';
import type { Control, EntranceRules, SiteOptions, Stops, StopsWriter, Surroundings } from './surroundings';
import { Uses } from './uses';
import { Values } from './values';
import { everyStatement } from './walk';
import { Works } from './works';
import { RELOAD } from './writer';

/** A place at which a frame leaves, or waits for a call. */
export interface Site {
  readonly safepoint: Safepoint;
  /** The callee takes no fuel, and what the caller has is not written back for it. */
  readonly isSilent: boolean;
  /** Before a loop that may need more fuel than there is: the frame goes on there in the text that does not pay before (counts.ts). */
  readonly isShort: boolean;
  /** The number of where the function is entered to go on from here (entrances.ts); 0 is its beginning. */
  readonly mark: number;
}

/** Of whose function the statements are a part. */
interface Within {
  readonly outer: Statements;
  readonly statements: readonly Statement[];
}

const NO_ENTRANCES = new Entrances([], { isEntrance: () => false, mayRepeat: false, areOpen: true });

export class Statements implements StopsWriter, PartWriter {
  readonly uses: Uses;
  readonly slots: Slots;
  readonly sites: Site[];
  readonly repeats: boolean;
  leaves = false;
  throws = false;
  tails = false;
  readonly expressions: Expressions;
  readonly module: ModuleData;
  readonly body: LoweredBody;
  readonly entrances: Entrances;
  /** Those of what is being written. */
  private open: Entrances;
  /** By label: the numbers of loops that can be entered. */
  private readonly marks: Map<number, number>;
  /** Labels of loops of which the rest of a turn is being written. */
  private readonly rests: Set<number>;
  readonly payloads: Payloads;
  readonly control: Control;
  readonly surroundings: Surroundings;
  readonly stops: Stops;
  /** Turns of counted loops that a trap may end (counts.ts). */
  readonly caught = new Map<string, number>();
  /** The counted loop that is being written. */
  private counts: Counts | undefined;
  private readonly values = new Values(this);
  private readonly works = new Works(this);
  private readonly calls = new Calls(this);
  private readonly statements: readonly Statement[];
  private readonly within: Within | undefined;
  private readonly split: Split | undefined;
  /** Labels in it, of a part. */
  private readonly labels = new Set<number>();
  readonly parts: Parts<Statements> = new Parts(this);
  /** How long statements are. */
  readonly lengths = new Map<Statement, number>();

  constructor(
    module: ModuleData,
    body: LoweredBody,
    payloads: Payloads,
    surroundings: Surroundings,
    { rules = surroundings, split, within }: StatementsOptions = {},
  ) {
    this.module = module;
    this.body = body;
    this.payloads = payloads;
    this.within = within;
    this.split = split;
    this.statements = within?.statements ?? split?.statements ?? body.statements;
    const outer = within?.outer;
    this.uses = outer?.uses.beside() ?? new Uses(surroundings.views, surroundings.prefix);
    this.sites = outer?.sites ?? [];
    this.marks = outer?.marks ?? new Map();
    this.rests = outer?.rests ?? new Set();
    this.surroundings = surroundings;
    this.control = surroundings.control(this.uses);
    this.slots = new Slots(this.uses, payloads, surroundings);
    this.expressions = new Expressions(this.uses, payloads, surroundings);
    if (outer === undefined) this.site(body.entry, {});
    let repeats = false;
    everyStatement(this.statements, (statement) => {
      repeats ||= statement.kind === 'loop' && statement.label.used;
      if (outer !== undefined && 'label' in statement) this.labels.add(statement.label.id);
    });
    this.repeats = repeats;
    this.entrances = outer?.entrances ?? new Entrances(this.statements, rules);
    this.open = outer?.open ?? this.entrances;
    if (outer === undefined && this.entrances.any) this.uses.variables.set('E', '0');
    this.stops = surroundings.stops(this);
  }

  site(safepoint: Safepoint, { isSilent = false, isShort = false, mark = 0 }: SiteOptions): number {
    return this.sites.push({ safepoint, isSilent, isShort, mark }) - 1;
  }

  markOf(statement: Statement): number | undefined {
    return this.open.markOf(statement);
  }

  write(): string {
    return this.sequence(this.statements);
  }

  /** With copies of the views. What is used in loops is copied too, as functions around it give it. */
  writeCopying(): string {
    const write = (): string => this.reload + this.write();
    return this.repeats ? this.uses.copying(write) : write();
  }

  /** Text with the views copied where that was put off. */
  withViews(text: string): string {
    return text.split(RELOAD).join(this.uses.reloaded);
  }
  get reload(): string {
    return RELOAD;
  }

  private sequence(list: readonly Statement[]): string {
    const result = this.resultIn(list);
    const last = result && list[list.length - 1];
    return this.open.sequence(list, (statement) => {
      if (statement === last) return '';
      const isResult = result !== undefined && statement === result;
      const text = isResult ? this.returned(result) : this.statement(statement);
      this.lengths.set(statement, text.length);
      return text;
    });
  }

  /** What sets the only result right before the end of a list, where the two are one statement: nothing is to be done in between. */
  private resultIn(list: readonly Statement[]): SetSlot | undefined {
    const [set, last] = list.slice(-2);
    if (set?.kind !== 'set' || last?.kind !== 'return' || set.slot !== 0) return undefined;
    const { results } = typeOfBody(this.module, this.body);
    const isOne = results.length === 1 && (set.value.kind === 'i' || set.value.kind === 'r');
    if (this.within !== undefined) return undefined;
    return isOne && this.counts === undefined && this.stops.sync === '' ? set : undefined;
  }

  private returned({ value }: SetSlot): string {
    this.uses.nextStatement();
    this.mayTrap(value);
    return `return ${this.expressions.scalar(value)};`;
  }

  private statement(statement: Statement): string {
    const { uses, expressions } = this;
    const { alignments } = expressions;
    uses.nextStatement();
    if (isExceptional(statement) || statement.kind === 'vector.store') {
      throw new InternalError(`${statement.kind}, which this tier refuses`);
    }
    switch (statement.kind) {
      case 'set': {
        const { slot, value } = statement;
        this.mayTrap(value);
        const text = this.values.set(slot, value);
        alignments.set(slot, value);
        return text;
      }
      case 'move':
        alignments.forget();
        return this.values.move(statement.types, statement.from, statement.to);
      case 'drop':
        this.throws = true;
        return this.values.drop(statement.value);
      case 'store':
        this.throws = true;
        return expressions.memories.store(statement);
      case 'global.set':
        this.mayTrap(statement.value);
        return this.values.setGlobal(statement.globalidx, statement.value);
      case 'effect':
        alignments.forget();
        return this.works.effect(statement);
      case 'bulk':
        alignments.forget();
        return this.works.bulk(statement);
      case 'call':
      case 'call_indirect':
      case 'call_ref':
        alignments.forget();
        return this.calls.call(statement);
      case 'tail':
      case 'tail_indirect':
      case 'tail_ref':
        return this.calls.tail(statement);
      case 'block': {
        if (this.split?.parts.has(statement) === true) return this.part(statement);
        const { label, body } = statement;
        if (!label.used) return this.sequence(body);
        const text = this.control.block(label.id, () => this.sequence(body));
        alignments.forget();
        return text;
      }
      case 'loop':
        return this.loop(statement);
      case 'if':
        return this.conditional(statement);
      case 'br':
        return this.branch(statement.branch);
      case 'br_if':
        this.mayTrap(statement.condition);
        return `if(${this.condition(statement)}){${this.branch(statement.branch)}}`;
      case 'br_table':
        return this.table(statement);
      case 'return':
        return this.return();
      case 'unreachable':
        return `${this.raise('unreachable', statement.offset)};`;
    }
  }

  private mayTrap({ flags }: Expr): void {
    if ((flags & TRAPS) !== 0) this.throws = true;
  }

  raise(code: string, offset: number): string {
    this.throws = true;
    return `${this.uses.helper('numeric', 'raise')}('${code}',${offset})`;
  }

  // Control

  private return(): string {
    const counted = this.counts?.leave ?? '';
    if (this.within !== undefined) return counted + this.parts.exit('return');
    return counted + this.stops.sync + this.slots.result(typeOfBody(this.module, this.body).results);
  }

  private branch(branch: Branch): string {
    const { label, moves } = branch;
    if (this.within !== undefined && !this.labels.has(label.id)) {
      return (this.counts?.leave ?? '') + this.parts.exit(branch);
    }
    const { alignments } = this.expressions;
    const moved = alignments.aside(() => moves.map((move) => this.statement(move)).join(''));
    if (label.kind === 'func') return moved + this.return();
    const { counts } = this;
    const { id } = label;
    const counted = counts === undefined || counts.isInside(branch) ? '' : counts.leave;
    if (label.kind === 'block') return moved + counted + this.control.leave(id);
    if (branch === counts?.counted.back) return moved + this.control.repeat(id);
    const go = this.rests.has(id) ? `break P${id};` : this.control.repeat(id);
    return (
      moved + counted + this.stops.repeat({ go, safepoint: safepointOf(branch)!, mark: this.marks.get(id) })
    );
  }

  private loop(statement: Loop): string {
    const { label, body } = statement;
    if (!label.used) return this.sequence(body);
    const { id } = label;
    const mark = this.open.markOf(statement);
    if (mark !== undefined) this.marks.set(id, mark);
    if (this.open.isTwice(statement)) return this.loopTwice(id, mark!, body);
    const enter = this.open.atLoop(statement);
    const isOpened = this.split?.opened.has(statement) === true;
    const counted = isOpened ? undefined : this.stops.leave && countedLoop(this.module, statement);
    if (counted !== undefined) return this.countedLoop(statement, enter, counted);
    return this.stops.loop(id, enter, () => this.turn(body));
  }

  private countedLoop({ label, body }: Loop, enter: string, counted: Counted): string {
    const { uses, stops, caught } = this;
    const isPaidBefore = stops.paysBefore === true && !counted.leaves;
    const counts = new (isPaidBefore ? PaidBefore : PaidBehind)(uses, counted, caught);
    const stop = (): string => stops.leave!(safepointOf(counted.back)!, isPaidBefore);
    this.counts = counts;
    const loop = stops.loop(label.id, enter + counts.begin(stop), () => this.turn(body));
    this.counts = undefined;
    return loop + counts.after(stop);
  }

  private condition(statement: If | BrIf): string {
    const { counts } = this;
    const test = statement === counts?.counted.test ? counts.test : undefined;
    return test ?? this.expressions.condition(statement.condition);
  }

  /** The body of a loop, which is begun from different places. */
  private turn(body: readonly Statement[]): string {
    this.expressions.alignments.forget();
    return this.sequence(body);
  }

  /** The rest of the turn that is entered, then the loop (entrances.ts). */
  private loopTwice(id: number, mark: number, body: readonly Statement[]): string {
    const { open, rests } = this;
    rests.add(id);
    const rest = this.turn(body);
    rests.delete(id);
    this.open = NO_ENTRANCES;
    const whole = this.stops.loop(id, '', () => this.turn(body));
    this.open = open;
    return `Q${id}:{P${id}:{if(E<=${mark}){E=0;break P${id}}${rest}break Q${id}}${whole}}`;
  }

  private conditional(statement: If): string {
    const { label, condition, body, otherwise } = statement;
    this.mayTrap(condition);
    const test = this.open.condition(this.condition(statement), body, otherwise);
    const { alignments } = this.expressions;
    const text = this.control.conditional(label.id, label.used, () => {
      const [first, second] = alignments.behind(
        () => this.sequence(body),
        () => this.sequence(otherwise),
      );
      return `if(${test}){${first}}${otherwise.length === 0 ? '' : `else{${second}}`}`;
    });
    if (label.used) alignments.forget();
    return text;
  }

  private part(statement: Block): string {
    const within = { outer: this, statements: statement.body };
    const writer = new Statements(this.module, this.body, this.payloads, this.surroundings, { within });
    const text = writer.writeCopying();
    const isEntered = this.open.isEntered(statement);
    return this.parts.call({ writer, text, isEntered }, (to) =>
      to === 'return' ? this.return() : this.branch(to),
    );
  }

  /** Targets that are equal are one case; those of the default are none. */
  private table({ index, branches }: Extract<Statement, { kind: 'br_table' }>): string {
    this.mayTrap(index);
    const last = branches[branches.length - 1];
    const cases = new Map<Branch, number[]>();
    branches.forEach((branch, k) => {
      if (branch === last) return;
      const list = cases.get(branch);
      if (list === undefined) cases.set(branch, [k]);
      else list.push(k);
    });
    const value = this.expressions.scalar(index);
    const texts = [...cases].map(([branch, list]) => [list, this.branch(branch)] as const);
    return this.control.table(value, texts, this.branch(last));
  }
}

interface StatementsOptions {
  readonly rules?: EntranceRules;
  readonly split?: Split | undefined;
  readonly within?: Within;
}

export function typeOfBody({ types, funcTypes }: ModuleData, { funcidx }: LoweredBody): FuncType {
  return types[funcTypes[funcidx]].composite.func;
}
