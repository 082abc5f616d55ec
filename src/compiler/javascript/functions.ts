/**
 * A whole function as JavaScript text, to be evaluated with these names in scope: Q the counters of fuel, M the registers, S, SF, SD and R the machine's stack, W
 * the high word of an i64 result, A what runs activations (activations.ts), X the function's own record, and what the text needs. All are
 * parameters of the function that is evaluated, with `_` before their names: nothing assigns them, so compilers may take what they are for
 * constants. A function with loops copies those that its body uses.
 *
 *     function f(fp,sp,i0,...){          the frame's place, then the parameters
 *       var Q=_Q,...;
 *       x:{
 *         entry: room, safepoint
 *         try{ ...; return ... }         the body (statements.ts)
 *         catch(e){throw A.thrown(...)}
 *       }
 *       ... the fuel goes back, the values go to their slots
 *       return A.leave(X,pc,fp,sp)
 *     }
 *
 * `f` is what callers call. `g(fp,sp)` takes the arguments from the stack, and `d(fp,r)` puts a result there. A function that ends in tail
 * calls leaves whom it calls in `A.t`, with the arguments on the stack at its own place; `f` goes on with that.
 *
 * A function that calls itself does so by name. Engines do not put a function into itself, where a call of a small one costs more than
 * what it does. So a small one is written twice, and each of the two calls the other: engines put one into the other.
 */
import { isRef, type ModuleData, slotsOf, type ValType } from '../../decoder';
import { type TypeList, typesOf } from '../../decoder/typelist';
import { frameUnits } from '../../interpreter/fuel';
import type { LoweredBody, Statement } from '../../lowering';
import { codeSize } from '../limits';
import { slotsWithBits } from './bits';
import { countCaught } from './counts';
import { SMALL_FRAME } from './frames';
import { type MachineRules, machineOf, SELF, type TextRules } from './machine';
import type { Part } from './parts';
import { type Payloads, slotsWithPayloads } from './payloads';
import { Slots } from './slots';
import { SPLIT_RULES, type Split, splitStatements } from './split';
import { type Site, Statements, typeOfBody } from './statements';
import { GIVEN, type Need, Uses } from './uses';

export interface FunctionText {
  /** The body of a function of the names above and those of the needs, which returns an object with `f`, `g` and `d`, or `o` alone. */
  readonly text: string;
  readonly needs: ReadonlyMap<string, Need>;
  readonly sites: readonly Site[];
  /** See `CodeRecord`. */
  readonly isWide: boolean;
  /** How its frames leave at once, where that is worth a rehearsal (rehearsal.ts). */
  readonly leaving: Leaving | undefined;
}

export interface Leaving {
  /** Sites: one for each way in which operands go to the stack. */
  readonly ways: readonly number[];
  /** What part of the text runs. */
  readonly part: number;
}

const STRICT = `'use strict';`;

/**
 * Bytes of code of a function whose loops are written twice in its continuation. V8 waits the longer the longer a text is, and throws its code away
 * when a part of it runs for the first time.
 */
const MOST_TWICE = 1100;

/** Bytes of code of a function that is written twice since it calls itself. V8 puts nothing of more than 460 bytes of bytecode elsewhere. */
const MOST_TWIN = 96;

/** Bytes of code from which on V8 does not compile a function: a byte of wasm has become three to six of bytecode, of which 60 KB are too many. */
const MOST_REHEARSED = 10_000;

/** Every slot: values come from a frame that somebody else has made. */
const ALL: Payloads = { has: () => true };

/** In stores that do not ask for more: slots that may have bits of their own, if anybody looks at these. */
function payloadsOf(module: ModuleData, body: LoweredBody, { canonicalNans = false }: TextRules): Payloads {
  const found = slotsWithPayloads(module, body);
  if (canonicalNans) return found;
  const seen = slotsWithBits(module, body);
  return { has: (slot) => found.has(slot) && seen.has(slot) };
}

export function functionText(module: ModuleData, body: LoweredBody, rules: TextRules): FunctionText {
  const { compilesHot } = rules;
  const machine = machineOf(module, { ...rules, paysBefore: true, self: body.funcidx });
  const { writer, statements } = written(rules, body, (split) => {
    return new Statements(module, body, payloadsOf(module, body, rules), machine, { split });
  });
  const { slots } = writer;
  const { params, results } = typeOfBody(module, body);
  const names = params.flatMap((type, slot) => slots.variables(type, slot));
  const words = params.map((type, slot) => slots.fillBits(type, slot)).join('');
  // The frame may leave at its entry: the words are there before.
  const entry = words + entryText(writer, body);
  const inner = frameText(writer, body, { names, statements, entry, end: leave });
  const head = ['fp', 'sp', ...names].join();
  const own = writer.tails ? 'b' : 'f';
  const defined = (name: string, self: string): string =>
    `function ${name}(${head})${inner.split(SELF).join(self)}`;
  const size = codeSize(module, body.funcidx);
  const isSmall = compilesHot && size <= MOST_TWIN;
  const hasTwin = isSmall && inner.includes(SELF) && !writer.tails;
  let functions = hasTwin ? defined('f', 'h') + defined('h', 'f') : defined(own, 'f');
  if (writer.tails) {
    functions += `function f(${head}){var A=_A,r=b(${head});while(A.t!==null)r=A.follow(fp,sp);return r}`;
  }
  const parts = partsText(writer).split(SELF).join('f');
  const text = `${parts}${functions}${borderText(own, params, results)}return{f:f,g:g,d:d}`;
  // Quiet functions do not leave, and V8 makes small ones anew at once.
  const leaving = body.entry.quiet || hasTwin ? undefined : leavingOf(writer, body, entry, inner);
  const { sites, uses } = writer;
  return { text: STRICT + text, needs: uses.needs, sites, isWide: isWide(writer), leaving };
}

/** Writes the statements; those of a long function again, with parts of it as functions of their own. */
function written(
  { compilesHot, splits = SPLIT_RULES }: TextRules,
  { statements: list }: LoweredBody,
  begin: (split?: Split) => Statements,
): { readonly writer: Statements; readonly statements: string } {
  const writer = begin();
  const statements = writer.writeCopying();
  if (!compilesHot || statements.length <= splits.whole) return { writer, statements };
  const again = begin(splitStatements(list, writer.lengths, splits));
  return { writer: again, statements: again.writeCopying() };
}

/**
 * The parts (split.ts), and the variables in which values cross. A part returns 0 where it has reached its end, the number of the site where
 * its function leaves, or less than 0 where that goes on elsewhere.
 */
function partsText({ parts: { made } }: Statements): string {
  const crossing = new Map(made.flatMap(({ writer }) => [...writer.uses.inSlots]));
  if (crossing.size === 0) return made.map(partText).join('');
  const declared = [...crossing].map(([name, first]) => `z${name}=${first}`);
  return `var ${declared.join()};${made.map(partText).join('')}`;
}

function partText({ name, writer, text, isEntered }: Part<Statements>): string {
  const { uses, stops } = writer;
  const pc = uses.variable('pc');
  const names = [...uses.inSlots.keys()];
  const caught = caughtText(writer, 'within');
  const given = names.map((slot) => `z${slot}=${slot};`).join('');
  const inner = `${stops.unsync}x:{try{${text}}${caught}${pc}=0}${stops.sync}${given}return ${pc}`;
  // Engines are told what the values are.
  const taken = names.map((slot) => `${slot}=${TAKEN[slot[0]](`z${slot}`)};`).join('');
  return `function ${name}(fp,sp${isEntered ? ',E' : ''})${bracesText(writer, isEntered ? ['E'] : [], taken + inner)}`;
}

const TAKEN: Readonly<Record<string, (crossing: string) => string>> = {
  i: (crossing) => `${crossing}|0`,
  h: (crossing) => `${crossing}|0`,
  f: (crossing) => `+${crossing}`,
  r: (crossing) => crossing,
};

/** `first`: what runs of a text when it leaves at once, besides what leaves. */
function leavingOf(writer: Statements, body: LoweredBody, first: string, text: string): Leaving | undefined {
  // V8 does not optimise long ones.
  if (codeSize(writer.module, body.funcidx) > MOST_REHEARSED && writer.parts.made.length === 0)
    return undefined;
  const part = (first.length + leaveText(writer, body).length) / text.length;
  return { ways: operandsOf(writer, body).firsts, part };
}

/** The functions that take arguments from the stack, and put a result there. */
function borderText(own: string, params: readonly ValType[], results: readonly ValType[]): string {
  const slots = new Slots(new Uses('held', GIVEN), ALL, { keepsBits: true, canonicalNans: true });
  const args = ['fp', 'sp', ...params.flatMap((type, slot) => slots.onStack(type, slot))].join();
  return `function g(fp,sp){return ${own}(${args})}function d(fp,r){${resultText(results)}}`;
}

/** The text of a function that goes on at headers of loops. */
export interface ContinuationText extends FunctionText {
  /** By the loops' offsets: the numbers of the entrances. */
  readonly marks: ReadonlyMap<number, number>;
}

/**
 * The function, entered at the header of a loop with its frame on the stack: `o(fp,sp,E)`, where E is the number of the entrance; 0 is that of
 * rehearsals, which leave at once.
 * `paysBefore`: with loops that take their fuel before they begin (counts.ts).
 */
export function continuationText(
  module: ModuleData,
  body: LoweredBody,
  machineRules: MachineRules,
): ContinuationText {
  const loops = new Map<number, Statement>();
  const isLoop = (statement: Statement): boolean => {
    if (statement.kind !== 'loop' || !statement.label.used) return false;
    loops.set(statement.label.offset, statement);
    return true;
  };
  const mayRepeat = codeSize(module, body.funcidx) <= MOST_TWICE;
  const rules = { isEntrance: isLoop, mayRepeat, areOpen: true };
  const machine = machineOf(module, machineRules);
  // With canonical NaNs those of all slots count: the frame may be one that another tier has made of them.
  const payloads = machineRules.canonicalNans ? ALL : payloadsOf(module, body, machineRules);
  const { writer, statements } = written(machineRules, body, (split) => {
    return new Statements(module, body, payloads, machine, { rules, split });
  });
  const { uses, slots, entrances } = writer;
  const fill = (type: ValType, slot: number): string => slots.fill(type, slot);
  const marks = new Map<number, number>();
  const operands = new Cases();
  for (const { safepoint } of writer.sites) {
    const { kind, targetLoop } = safepoint;
    if (kind !== 'loop' || marks.has(targetLoop)) continue;
    const mark = entrances.markOf(loops.get(targetLoop)!)!;
    marks.set(targetLoop, mark);
    operands.add(eachOperand(body, safepoint.operands, fill), mark);
  }
  const rehearsed = `n=${uses.given('Q')}[0];if(E===0){pc=${uses.given('A')}.rehearsed;break x}`;
  const entry = `${rehearsed}${eachLocal(body, fill)}${operands.text('E')}`;
  const inner = frameText(writer, body, { names: ['E'], statements, entry, end: stop });
  return {
    text: `${STRICT}${partsText(writer)}function o(fp,sp,E)${inner}return{o:o}`,
    needs: uses.needs,
    sites: writer.sites,
    isWide: false,
    leaving: leavingOf(writer, body, rehearsed, inner),
    marks,
  };
}

function eachLocal({ locals }: LoweredBody, text: (type: ValType, slot: number) => string): string {
  let all = '';
  for (const { type, slot, count } of locals.groups) {
    for (let k = 0; k < count; k++) all += text(type, slot + k * slotsOf(type));
  }
  return all;
}

/** Texts for operands of a site, which are above the locals. */
function eachOperand(
  { locals }: LoweredBody,
  operands: TypeList | undefined,
  text: (type: ValType, slot: number) => string,
): string {
  let slot = locals.slots;
  let all = '';
  for (const type of typesOf(operands)) {
    all += text(type, slot);
    slot += slotsOf(type);
  }
  return all;
}

/** What is done by a number: texts that are equal are one case. */
class Cases {
  private readonly numbers = new Map<string, number[]>();

  add(text: string, number: number): void {
    if (text === '') return;
    const list = this.numbers.get(text);
    if (list === undefined) this.numbers.set(text, [number]);
    else list.push(number);
  }

  /** A number of each case, and 0, which is in none. */
  get firsts(): number[] {
    return [0, ...[...this.numbers.values()].map(([first]) => first)];
  }

  text(value: string): string {
    const cases = [...this.numbers].map(
      ([text, list]) => `${list.map((number) => `case ${number}:`).join('')}${text}break;`,
    );
    return cases.length === 0 ? '' : `switch(${value}){${cases.join('')}}`;
  }
}

/** Variables from which on a frame is large on the host's stack, however few words it has on the machine's: a few such frames are a lot. */
const MANY_VARIABLES = 64;

function isWide({ uses, parts }: Statements): boolean {
  const all = [uses, ...parts.made.map(({ writer }) => writer.uses)];
  return all.some(({ variables, copies }) => variables.size + copies.size >= MANY_VARIABLES);
}

function entryText(writer: Statements, { entry, slots }: LoweredBody): string {
  const { repeats, uses } = writer;
  const units = frameUnits(slots);
  const [counter, activations, code] = ['Q', 'A', 'X'].map((name) => uses.given(name));
  const charged = units > 0 ? `${counter}[0]-=${units};` : '';
  const end = `fp+${2 * slots}`;
  const read = repeats ? `n=${counter}[0];` : '';
  // A small frame that is not too deep has its words (frames.ts).
  const looks = 2 * slots <= SMALL_FRAME ? [] : [`${end}>${activations}.maxFp`];
  const isOf = isWide(writer) ? 'wideSp' : 'maxSp';
  // What is set aside for entries leads no deeper than `maxSp` (activations.ts).
  if (entry.quiet || isOf !== 'maxSp') looks.push(`sp>${activations}.${isOf}`);
  if (entry.quiet) return `${charged}if(${looks.join('||')}){${activations}.room(${code},${end},sp)}${read}`;
  uses.variable('pc');
  const isOut = [`(${counter}[1]=${counter}[1]-1|0)<0`, ...looks].join('||');
  const asked = `pc=${activations}.enter(${code},${end},sp);${read}if(pc>=0)break x;pc=0`;
  return `${charged}if(${isOut}){${asked}}${read === '' ? '' : `else ${read}`}`;
}

interface FrameParts {
  readonly names: readonly string[];
  readonly statements: string;
  readonly entry: string;
  /** What is done when the frame leaves, by the names of the activations and of the record. */
  readonly end: (activations: string, code: string) => string;
}

const leave = (activations: string, code: string): string => `return ${activations}.leave(${code},pc,fp,sp);`;
/** A continuation only tells where: what it called would be put into it by engines, before they have seen that do anything. */
const stop = (activations: string): string => `${activations}.p=pc;return 0;`;

/** The braces of a function and what is in them. */
function frameText(writer: Statements, body: LoweredBody, parts: FrameParts): string {
  const { names, statements, entry, end } = parts;
  const leaves = writer.leaves || !body.entry.quiet;
  if (writer.throws) writer.uses.variable('pc');
  const [activations, code] = ['A', 'X'].map((name) => writer.uses.given(name));
  const inner = writer.throws ? `try{${statements}}${caughtText(writer, 'thrown')}` : statements;
  const labelled = leaves
    ? `x:{${entry}${inner}}${leaveText(writer, body)}${end(activations, code)}`
    : `${entry}${inner}`;
  return bracesText(writer, names, labelled);
}

function caughtText(writer: Statements, thrown: 'thrown' | 'within'): string {
  const [activations, code] = ['A', 'X'].map((name) => writer.uses.given(name));
  const at = writer.uses.variables.has('q') ? 'q' : '-1';
  return `catch(e){${countCaught(writer.caught)}throw ${activations}.${thrown}(e,${code},pc,${at},sp${writer.repeats ? ',n' : ''})}`;
}

/** A function's text behind its variables, but for those that are its parameters. */
export function bracesText(writer: Statements, names: readonly string[], text: string): string {
  const { uses } = writer;
  const taken = new Set(names);
  const variables = [...uses.variables].filter(([name]) => !taken.has(name));
  const declared = [
    ...uses.copied(),
    ...variables.map(([name, value]) => `${name}=${value}`),
    ...uses.viewCopies,
  ];
  const head = declared.length > 0 ? `var ${declared.join()};` : '';
  return `{${head}${writer.withViews(text)}}`;
}

/** The fuel goes back; the locals, and the operands of the site, go to their slots. */
function leaveText(writer: Statements, body: LoweredBody): string {
  const { slots, uses, surroundings, stops } = writer;
  const cover = body.usesRefs ? surroundings.cover(uses, `fp+${2 * body.slots}`) : '';
  const locals = eachLocal(body, (type, slot) => slots.spill(type, slot));
  return stops.sync + cover + locals + operandsOf(writer, body).text('pc');
}

function operandsOf({ sites, slots }: Statements, body: LoweredBody): Cases {
  const operands = new Cases();
  for (const [pc, { safepoint }] of sites.entries()) {
    operands.add(
      eachOperand(body, safepoint.operands, (type, slot) => slots.spill(type, slot)),
      pc,
    );
  }
  return operands;
}

/** A result that was returned goes to the stack; the others, and what is no number, are there. */
function resultText(results: readonly ValType[]): string {
  if (results.length !== 1) return '';
  const [type] = results;
  if (isRef(type)) return '_A.cover(fp+2);_R[fp>>1]=r';
  return `_A.put[${type}](fp,r)`;
}
