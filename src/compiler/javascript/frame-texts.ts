/** What the texts of functions (functions.ts) and of continuations (continuations.ts) have in common: how a frame's text is put together. */
import { type ModuleData, slotsOf, type ValType } from '../../decoder';
import { type TypeList, typesOf } from '../../decoder/typelist';
import type { LoweredBody } from '../../lowering';
import { codeSize } from '../limits';
import { slotsWithBits } from './bits';
import { countCaught } from './counts';
import type { TextRules } from './machine';
import type { Part } from './parts';
import { type Payloads, slotsWithPayloads } from './payloads';
import { estimatedLengths, isSurelyLong, SPLIT_RULES, type Split, splitStatements } from './split';
import type { Site, Statements } from './statements';
import type { Need } from './uses';

export interface FunctionText {
  /** The body of a function of the names above and those of the needs, which returns an object with `f`, `g` and `d`, or `o` alone. */
  readonly text: string;
  readonly needs: ReadonlyMap<string, Need>;
  readonly sites: readonly Site[];
  /** See `CodeRecord`. */
  readonly isWide: boolean;
  /** How its frames leave at once, where that is worth a rehearsal (rehearsal.ts). */
  readonly leaving: Leaving | undefined;
  /** Where it can be entered at loops, too: there is no other text for that. */
  readonly open?: Open;
}

/** What can be entered at loops: `o(fp,sp,E)`. */
export interface Open {
  /** By the loops' offsets: the numbers of the entrances. */
  readonly marks: ReadonlyMap<number, number>;
  readonly leaving: Leaving | undefined;
}

export interface Leaving {
  /** Sites: one for each way in which operands go to the stack. */
  readonly ways: readonly number[];
  /** What part of the text runs. */
  readonly part: number;
}

export const STRICT = `'use strict';`;

/** Bytes of code from which on V8 does not compile a function: a byte of wasm has become three to six of bytecode, of which 60 KB are too many. */
const MOST_REHEARSED = 10_000;

/** Every slot: values come from a frame that somebody else has made. */
export const ALL: Payloads = { has: () => true };

/** In stores that do not ask for more: slots that may have bits of their own, if anybody looks at these. */
export function payloadsOf(
  module: ModuleData,
  body: LoweredBody,
  { canonicalNans = false }: TextRules,
): Payloads {
  const found = slotsWithPayloads(module, body);
  if (canonicalNans) return found;
  const seen = slotsWithBits(module, body);
  return { has: (slot) => found.has(slot) && seen.has(slot) };
}

export interface Written {
  readonly writer: Statements;
  readonly statements: string;
}
export function writtenBy(writer: Statements): Written {
  return { writer, statements: writer.writeCopying() };
}

/** Writes the statements. Of a long function, only how it is split. */
export function wholeOrSplit(
  { compilesHot, splits = SPLIT_RULES }: TextRules,
  { statements: list, size }: LoweredBody,
  begin: () => Statements,
): Written | Split {
  if (compilesHot && isSurelyLong(size, splits)) return splitStatements(list, estimatedLengths(list), splits);
  const whole = writtenBy(begin());
  if (!compilesHot || whole.statements.length <= splits.whole) return whole;
  return splitStatements(list, whole.writer.lengths, splits);
}

/** The same, those of a long function with parts of it as functions of their own. */
export function written(rules: TextRules, body: LoweredBody, begin: (split?: Split) => Statements): Written {
  const found = wholeOrSplit(rules, body, begin);
  return 'parts' in found ? writtenBy(begin(found)) : found;
}

/**
 * The parts (split.ts), and the variables in which values cross. A part returns 0 where it has reached its end, the number of the site where
 * its function leaves, or less than 0 where that goes on elsewhere.
 */
export function partsText({ parts: { made } }: Statements): string {
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
export function leavingOf(
  writer: Statements,
  body: LoweredBody,
  first: string,
  text: string,
): Leaving | undefined {
  // V8 does not optimise long ones.
  if (codeSize(writer.module, body.funcidx) > MOST_REHEARSED && writer.parts.made.length === 0)
    return undefined;
  const part = (first.length + leaveText(writer, body).length) / text.length;
  return { ways: operandsOf(writer, body).firsts, part };
}

export function eachLocal({ locals }: LoweredBody, text: (type: ValType, slot: number) => string): string {
  let all = '';
  for (const { type, slot, count } of locals.groups) {
    for (let k = 0; k < count; k++) all += text(type, slot + k * slotsOf(type));
  }
  return all;
}

/** Texts for operands of a site, which are above the locals. */
export function eachOperand(
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
export class Cases {
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

export function isWide({ uses, parts }: Statements): boolean {
  const all = [uses, ...parts.made.map(({ writer }) => writer.uses)];
  return all.some(({ variables, copies }) => variables.size + copies.size >= MANY_VARIABLES);
}

interface FrameParts {
  readonly names: readonly string[];
  readonly statements: string;
  readonly entry: string;
  /** What is done when the frame leaves, by the names of the activations and of the record. */
  readonly end: (activations: string, code: string) => string;
}

/** The braces of a function and what is in them. */
export function frameText(writer: Statements, body: LoweredBody, parts: FrameParts): string {
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
