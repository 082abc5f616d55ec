/** Texts that are entered at loops, with their frame on the stack: what goes on where others have left. */
import type { ModuleData, ValType } from '../../decoder';
import type { LoweredBody, Statement } from '../../lowering';
import { codeSize } from '../limits';
import {
  ALL,
  Cases,
  eachLocal,
  eachOperand,
  type FunctionText,
  frameText,
  leavingOf,
  type Open,
  partsText,
  payloadsOf,
  STRICT,
  written,
  writtenBy,
} from './frame-texts';
import { type MachineRules, machineOf } from './machine';
import type { Split } from './split';
import { Statements } from './statements';

/**
 * Bytes of code of a function whose loops are written twice in its continuation. V8 waits the longer the longer a text is, and throws its code away
 * when a part of it runs for the first time.
 */
const MOST_TWICE = 1100;

/** A continuation only tells where: what it called would be put into it by engines, before they have seen that do anything. */
const stop = (activations: string): string => `${activations}.p=pc;return 0;`;

/** The text of a function that goes on at headers of loops. */
export interface ContinuationText extends FunctionText {
  readonly open: Open;
}

/** The numbers of entrances of rehearsals, which leave at once, and of the beginning. */
export const REHEARSED = -1;
export const BEGINNING = 0;

/**
 * The function, entered at the header of a loop with its frame on the stack: `o(fp,sp,E)`, where E is the number of the entrance.
 * `paysBefore`: with loops that take their fuel before they begin (counts.ts).
 */
export function continuationText(
  module: ModuleData,
  body: LoweredBody,
  machineRules: MachineRules,
): ContinuationText {
  const { writer, text, open } = openText(module, body, machineRules);
  const { uses, sites } = writer;
  return {
    text: `${STRICT}${text}return{o:o}`,
    needs: uses.needs,
    sites,
    isWide: false,
    leaving: undefined,
    open,
  };
}

export interface OpenText {
  readonly writer: Statements;
  readonly text: string;
  readonly open: Open;
}

/** `split`: how the function is split, where that is known. */
export function openText(
  module: ModuleData,
  body: LoweredBody,
  machineRules: MachineRules,
  split?: Split,
): OpenText {
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
  const begin = (split?: Split): Statements =>
    new Statements(module, body, payloads, machine, { rules, split });
  const { writer, statements } = split ? writtenBy(begin(split)) : written(machineRules, body, begin);
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
  const rehearsed = `n=${uses.given('Q')}[0];if(E<0){pc=${uses.given('A')}.rehearsed;break x}`;
  const entry = `${rehearsed}${eachLocal(body, fill)}${operands.text('E')}`;
  const inner = frameText(writer, body, { names: ['E'], statements, entry, end: stop });
  return {
    writer,
    text: `${partsText(writer)}function o(fp,sp,E)${inner}`,
    open: { marks, leaving: leavingOf(writer, body, rehearsed, inner) },
  };
}
