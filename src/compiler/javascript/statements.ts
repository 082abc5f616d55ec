/**
 * Statements of lowered code as JavaScript text: blocks and loops with labels, values in variables. What is done at safepoints is up to who
 * surrounds the text (`Stops` in surroundings.ts).
 */
import { F32, F64, type FuncType, isRef, type ModuleData, slotsOf, type ValType } from '../../decoder';
import type { Safepoint } from '../../decoder/safepoints';
import { typesOf } from '../../decoder/typelist';
import { InternalError } from '../../errors';
import {
  type Branch,
  type Bulk,
  bits,
  type Const,
  type Effect,
  type EffectOp,
  type Expr,
  isArithmetic,
  isExceptional,
  type LoweredBody,
  type Statement,
} from '../../lowering';
import { TRAPS } from '../../lowering/expr';
import { type Loudness, loudnessOf } from './callees';
import { Entrances } from './entrances';
import { Expressions } from './expressions';
import { isPlain, type Payloads } from './payloads';
import { ON_REFERENCES, type Writing } from './references';
import { Slots, wordAt } from './slots';
import type { Control, Stops, StopsWriter, Surroundings } from './surroundings';
import { behind, CANONICAL_F32, CANONICAL_F64_HIGH, statements, word } from './texts';
import { Uses } from './uses';
import { everyStatement } from './walk';

/** A place at which a frame leaves, or waits for a call. */
export interface Site {
  readonly safepoint: Safepoint;
  /** The callee takes no fuel, and what the caller has is not written back for it. */
  readonly isSilent: boolean;
  /** The number of where the function is entered to go on from here (entrances.ts); 0 is its beginning. */
  readonly mark: number;
}

/** In the text until the views are known that the function uses: copies them anew. */
const RELOAD = '\u0001';

/** Of the instructions that the machine does those that take no fuel and leave memories as they are. */
const STEADY: ReadonlySet<EffectOp> = new Set<EffectOp>([
  'memory.size',
  'data.drop',
  'table.get',
  'table.set',
  'table.size',
  'elem.drop',
]);

type Call = Extract<Statement, { kind: 'call' | 'call_indirect' | 'call_ref' }>;
type Tail = Extract<Statement, { kind: 'tail' | 'tail_indirect' | 'tail_ref' }>;

export class Statements implements StopsWriter {
  readonly uses: Uses;
  readonly slots: Slots;
  readonly sites: Site[] = [];
  readonly repeats: boolean;
  leaves = false;
  /** Something in it may throw. */
  throws = false;
  /** It ends in tail calls. */
  tails = false;
  private readonly expressions: Expressions;
  private readonly module: ModuleData;
  private readonly body: LoweredBody;
  readonly entrances: Entrances;
  /** By label: the numbers of loops that can be entered. */
  private readonly marks = new Map<number, number>();
  readonly payloads: Payloads;
  readonly control: Control;
  readonly surroundings: Surroundings;
  readonly stops: Stops;
  private readonly writing: Writing;

  constructor(
    module: ModuleData,
    body: LoweredBody,
    payloads: Payloads,
    surroundings: Surroundings,
    isEntrance = surroundings.isEntrance,
  ) {
    this.module = module;
    this.body = body;
    this.payloads = payloads;
    this.uses = new Uses(surroundings.views);
    this.surroundings = surroundings;
    this.control = surroundings.control(this.uses);
    this.slots = new Slots(this.uses, payloads, surroundings.keepsBits);
    this.expressions = new Expressions(this.uses, payloads, surroundings);
    this.writing = {
      uses: this.uses,
      surroundings,
      nullReference: (offset) => {
        this.throws = true;
        return this.raise('nullReference', offset);
      },
    };
    this.site(body.entry, {});
    let repeats = false;
    everyStatement(body.statements, (statement) => {
      repeats ||= statement.kind === 'loop' && statement.label.used;
    });
    this.repeats = repeats;
    this.entrances = new Entrances(body.statements, isEntrance);
    if (this.entrances.any) this.uses.variables.set('E', '0');
    this.stops = surroundings.stops(this);
  }

  site(safepoint: Safepoint, { isSilent = false, mark = 0 }: { isSilent?: boolean; mark?: number }): number {
    return this.sites.push({ safepoint, isSilent, mark }) - 1;
  }

  write(): string {
    return this.sequence(this.body.statements);
  }

  /** Text with the views copied where that was put off. */
  withViews(text: string): string {
    const copies = [...this.uses.views].map(([name, view]) => `${name}=${view};`).join('');
    return text.split(RELOAD).join(copies);
  }
  get reload(): string {
    return RELOAD;
  }

  private sequence(list: readonly Statement[]): string {
    return this.entrances.sequence(list, (statement) => this.statement(statement));
  }

  private statement(statement: Statement): string {
    const { uses, expressions } = this;
    uses.nextStatement();
    if (isExceptional(statement) || statement.kind === 'vector.store') {
      throw new InternalError(`${statement.kind}, which this tier refuses`);
    }
    switch (statement.kind) {
      case 'set':
        this.mayTrap(statement.value);
        return this.set(statement.slot, statement.value);
      case 'move':
        return this.move(statement.types, statement.from, statement.to);
      case 'drop':
        this.throws = true;
        return this.drop(statement.value);
      case 'store':
        this.throws = true;
        return expressions.memories.store(statement);
      case 'global.set':
        this.mayTrap(statement.value);
        return this.setGlobal(statement.globalidx, statement.value);
      case 'effect':
        return this.effect(statement);
      case 'bulk':
        return this.bulk(statement);
      case 'call':
      case 'call_indirect':
      case 'call_ref':
        return this.call(statement);
      case 'tail':
      case 'tail_indirect':
      case 'tail_ref':
        return this.tail(statement);
      case 'block': {
        const { label, body } = statement;
        return label.used ? this.control.block(label.id, () => this.sequence(body)) : this.sequence(body);
      }
      case 'loop':
        return this.loop(statement);
      case 'if':
        return this.conditional(statement);
      case 'br':
        return this.branch(statement.branch);
      case 'br_if':
        this.mayTrap(statement.condition);
        return `if(${expressions.condition(statement.condition)}){${this.branch(statement.branch)}}`;
      case 'br_table':
        return this.table(statement);
      case 'return':
        return this.return();
      case 'unreachable':
        this.throws = true;
        return `${this.raise('unreachable', statement.offset)};`;
    }
  }

  private mayTrap({ flags }: Expr): void {
    if ((flags & TRAPS) !== 0) this.throws = true;
  }

  private raise(code: string, offset: number): string {
    return `${this.uses.helper('numeric', 'raise')}('${code}',${offset})`;
  }

  // Values

  private set(slot: number, value: Expr): string {
    const { uses, expressions } = this;
    switch (value.kind) {
      case 'i':
        return `${uses.low(slot)}=${expressions.scalar(value)};`;
      case 'r':
        return `${uses.reference(slot)}=${expressions.scalar(value)};`;
      case 'I': {
        const { before, low, high } = expressions.pair(value);
        const [toLow, toHigh] = [uses.low(slot), uses.high(slot)];
        const setLow = low === toLow ? '' : `${toLow}=${low};`;
        // A word that the other one is made of is set behind it.
        return `${statements(before)}${high === toHigh ? '' : `${toHigh}=${high};`}${setLow}`;
      }
      case 'f':
      case 'F':
        return this.setFloat(slot, value);
      case 'v':
        throw new InternalError('a vector, which this tier refuses');
    }
  }

  private setFloat(slot: number, value: Expr): string {
    const { uses, expressions } = this;
    const name = uses.float(slot);
    if (!this.payloads.has(slot)) return `${name}=${expressions.scalar(value)};`;
    if (isArithmetic(value))
      return `${name}=${expressions.scalar(value)};${this.canonical(slot, value.type)}`;
    if (value.op === 'get') return this.slots.move(value.type, value.slot, slot);
    if (value.op === 'const') return this.setConstant(slot, value);
    const number = uses.temporary();
    const text = expressions.scalar(value);
    const { before, low, high } = expressions.bitsOf(value);
    const words =
      value.type === F32
        ? `${uses.low(slot)}=${low};`
        : `${uses.high(slot)}=${high};${uses.low(slot)}=${low};`;
    return `${number}=${text};if(${number}!==${number}){${statements(before)}${words}}${name}=${number};`;
  }

  private setConstant(slot: number, value: Const): string {
    const { uses, expressions } = this;
    const set = `${uses.float(slot)}=${expressions.scalar(value)};`;
    if (isPlain(value)) return set + this.canonical(slot, value.type);
    const high = value.type === F64 ? `${uses.high(slot)}=${word(value.high)};` : '';
    return `${set}${uses.low(slot)}=${word(value.low)};${high}`;
  }

  private canonical(slot: number, type: ValType): string {
    const { uses } = this;
    if (type === F32) return `${uses.low(slot)}=${CANONICAL_F32};`;
    return `${uses.low(slot)}=0;${uses.high(slot)}=${CANONICAL_F64_HIGH};`;
  }

  private move(types: readonly ValType[], from: number, to: number): string {
    let at = 0;
    let text = '';
    for (const type of types) {
      text += this.slots.move(type, from + at, to + at);
      at += slotsOf(type);
    }
    return text;
  }

  private drop(value: Expr): string {
    if (value.kind !== 'I') return `${this.expressions.scalar(value)};`;
    const { before, low } = this.expressions.pair(value);
    return `${behind(before, low)};`;
  }

  private setGlobal(globalidx: number, given: Expr): string {
    const { uses, expressions } = this;
    const target = (high: boolean): string => this.surroundings.globalWord(uses, globalidx, high);
    const value = bits(given);
    if (value.kind === 'i') return `${target(false)}=${expressions.scalar(value)};`;
    const { before, low, high } = expressions.settled(expressions.pair(value));
    return `${statements(before)}${target(false)}=${low};${target(true)}=${high};`;
  }

  // What works on the machine's stack

  private effect(statement: Effect): string {
    const { slots, uses } = this;
    const { op, slot, takes, gives } = statement;
    const own = ON_REFERENCES.get(op);
    if (own !== undefined) return own(this.writing, statement);
    this.throws = true;
    const direct = this.surroundings.work;
    if (direct !== undefined) {
      const names = (types: readonly ValType[]): string[] =>
        types.flatMap((type, k) => slots.variables(type, slot + k));
      return direct.effect(uses, statement, names(takes), names(gives)) + (STEADY.has(op) ? '' : RELOAD);
    }
    const work = `${uses.work({ kind: 'effect', effect: statement })}(${wordAt(slot)});`;
    const cover = [...takes, ...gives].some(isRef) ? this.cover() : '';
    const inOut = (types: readonly ValType[], write: (type: ValType, at: number) => string): string =>
      types.map((type, k) => write(type, slot + k)).join('');
    const before = cover + inOut(takes, (type, at) => slots.spill(type, at));
    const after = inOut(gives, (type, at) => slots.fill(type, at));
    if (STEADY.has(op)) return before + work + after;
    return before + this.stops.sync + work + this.stops.unsync + RELOAD + after;
  }

  private cover(): string {
    return this.surroundings.cover(`fp+${2 * this.body.slots}`);
  }

  private bulk(statement: Bulk): string {
    const { slots, uses } = this;
    this.throws = true;
    const types = typesOf(statement.operands).slice(-3);
    const direct = this.surroundings.work;
    if (direct !== undefined) {
      const names = types.flatMap((type, k) => slots.variables(type, statement.slot + k));
      return direct.bulk(uses, statement, names);
    }
    const spilled = types.map((type, k) => slots.spill(type, statement.slot + k)).join('');
    const cover = types.some(isRef) ? this.cover() : '';
    const work = uses.work({ kind: 'bulk', bulk: statement });
    return `${cover}${spilled}${this.stops.sync}while(!${work}(${wordAt(statement.slot)}));${this.stops.unsync}`;
  }

  // Calls

  private typeOf(statement: Call | Tail): FuncType {
    const { types, funcTypes } = this.module;
    const typeidx = 'funcidx' in statement ? funcTypes[statement.funcidx] : statement.typeidx;
    return types[typeidx].composite.func;
  }

  private call(statement: Call): string {
    const { slots, uses } = this;
    const { params, results } = this.typeOf(statement);
    const { slot, safepoint } = statement;
    const loudness: Loudness =
      statement.kind === 'call' ? loudnessOf(this.module, statement.funcidx) : 'loud';
    this.throws = true;
    const [before, cell] = this.callee(statement);
    const callee =
      statement.kind === 'call' ? this.surroundings.callee(uses, statement.funcidx) : `${cell}.f`;
    const frame = this.surroundings.frameOf(slot);
    const args = [...frame];
    let words = '';
    params.forEach((type, k) => {
      args.push(...slots.variables(type, slot + k));
      words += slots.spillBits(type, slot + k);
    });
    const text = this.stops.call({
      before: before + words,
      call: slots.take(results, slot, `${callee}(${args.join()})`),
      again: slots.take(results, slot, this.surroundings.again(frame)),
      loudness,
      safepoint,
      mark: this.entrances.markOf(statement),
    });
    return loudness === 'silent' ? text : text + RELOAD;
  }

  /** What must be done before a call or tail call, and the cell of its callee. */
  private callee(statement: Call | Tail): [before: string, cell: string] {
    const { uses, expressions } = this;
    switch (statement.kind) {
      case 'call':
      case 'tail':
        return ['', statement.kind === 'call' ? '' : this.surroundings.cell(uses, statement.funcidx)];
      case 'call_ref':
      case 'tail_ref': {
        const slot = statement.kind === 'call_ref' ? statement.callee : statement.slot + statement.count;
        const cell = uses.temporary();
        const referred = this.surroundings.referred(uses, uses.reference(slot), statement.offset);
        return [`${cell}=${referred};`, cell];
      }
      case 'call_indirect':
        return this.element(statement, expressions.scalar(statement.index));
      case 'tail_indirect': {
        const slot = statement.slot + statement.count;
        const wide = this.module.tables[statement.tableidx].address === 'i64';
        const check = `if(${uses.high(slot)}!==0)${this.raise('undefinedElement', statement.offset)};`;
        const [before, cell] = this.element(statement, uses.low(slot));
        return [wide ? check + before : before, cell];
      }
    }
  }

  private element(
    statement: { readonly tableidx: number; readonly typeidx: number; readonly offset: number },
    given: string,
  ): [before: string, cell: string] {
    const { uses } = this;
    const index = uses.temporary();
    const cell = uses.temporary();
    const found = this.surroundings.element(uses, statement, index, cell);
    return [`${index}=${given}>>>0;${found}`, cell];
  }

  /** The arguments go to the frame's place on the stack, where whoever goes on finds them (functions.ts). */
  private tail(statement: Tail): string {
    const { slots } = this;
    this.tails = true;
    this.throws = true;
    const { params } = this.typeOf(statement);
    const [before, cell] = this.callee(statement);
    const spilled = params.map((type, k) => slots.spill(type, statement.slot + k, k)).join('');
    const cover = params.some(isRef) ? this.surroundings.cover(`fp+${2 * params.length}`) : '';
    return `${before}${cover}${spilled}${this.stops.sync}${this.surroundings.tail(this.uses, cell)}return 0;`;
  }

  // Control

  private return(): string {
    return this.stops.sync + this.slots.result(typeOfBody(this.module, this.body).results);
  }

  private branch({ label, moves, safepoint }: Branch): string {
    const moved = moves.map((move) => this.statement(move)).join('');
    if (label.kind === 'func') return moved + this.return();
    if (label.kind === 'block') return moved + this.control.leave(label.id);
    return moved + this.stops.repeat(label.id, safepoint!, this.marks.get(label.id));
  }

  private loop(statement: Extract<Statement, { kind: 'loop' }>): string {
    const { label, body } = statement;
    if (!label.used) return this.sequence(body);
    const mark = this.entrances.markOf(statement);
    if (mark !== undefined) this.marks.set(label.id, mark);
    return this.stops.loop(label.id, this.entrances.atLoop(statement), () => this.sequence(body));
  }

  private conditional({ label, condition, body, otherwise }: Extract<Statement, { kind: 'if' }>): string {
    this.mayTrap(condition);
    const test = this.entrances.condition(this.expressions.condition(condition), body, otherwise);
    return this.control.conditional(label.id, label.used, () => {
      const second = (): string => (otherwise.length === 0 ? '' : `else{${this.sequence(otherwise)}}`);
      return `if(${test}){${this.sequence(body)}}${second()}`;
    });
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

export function typeOfBody({ types, funcTypes }: ModuleData, { funcidx }: LoweredBody): FuncType {
  return types[funcTypes[funcidx]].composite.func;
}
