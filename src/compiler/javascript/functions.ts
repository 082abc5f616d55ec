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
import { isRef, type ModuleData, type ValType } from '../../decoder';
import { frameUnits } from '../../interpreter/fuel';
import type { LoweredBody } from '../../lowering';
import { codeSize } from '../limits';
import { BEGINNING, openText } from './continuations';
import {
  ALL,
  type FunctionText,
  frameText,
  isWide,
  leavingOf,
  partsText,
  payloadsOf,
  STRICT,
  wholeOrSplit,
  writtenBy,
} from './frame-texts';
import { SMALL_FRAME } from './frames';
import { type MachineRules, machineOf, SELF, type TextRules } from './machine';
import { Slots } from './slots';
import type { Split } from './split';
import { Statements, typeOfBody } from './statements';
import { GIVEN, Uses } from './uses';
import { everyStatement } from './walk';

/** Bytes of code of a function that is written twice since it calls itself. V8 puts nothing of more than 460 bytes of bytecode elsewhere. */
const MOST_TWIN = 96;

export function functionText(module: ModuleData, body: LoweredBody, rules: TextRules): FunctionText {
  const { compilesHot } = rules;
  const machineRules = { ...rules, paysBefore: true, self: body.funcidx };
  const machine = machineOf(module, machineRules);
  const begin = (split?: Split): Statements =>
    new Statements(module, body, payloadsOf(module, body, rules), machine, { split });
  const found = wholeOrSplit(rules, body, begin);
  if ('parts' in found && !body.entry.quiet && hasLoops(body)) {
    return openFunctionText(module, body, machineRules, found);
  }
  const { writer, statements } = 'parts' in found ? writtenBy(begin(found)) : found;
  const { params, results } = typeOfBody(module, body);
  const names = parametersOf(writer, params);
  // The frame may leave at its entry: the words are there before.
  const entry = wordsText(writer, params) + entryText(writer, body, isWide(writer));
  const inner = frameText(writer, body, { names, statements, entry, end: leave });
  const head = ['fp', 'sp', ...names].join();
  const own = writer.tails ? 'b' : 'f';
  const defined = (name: string, self: string): string =>
    `function ${name}(${head})${inner.split(SELF).join(self)}`;
  const size = codeSize(module, body.funcidx);
  const isSmall = compilesHot && size <= MOST_TWIN;
  const hasTwin = isSmall && inner.includes(SELF) && !writer.tails;
  const functions = hasTwin ? defined('f', 'h') + defined('h', 'f') : defined(own, 'f');
  const parts = partsText(writer).split(SELF).join('f');
  const border = borderText(own, head, params, results);
  const text = `${parts}${functions}${border}return{f:f,g:g,d:d}`;
  // Quiet functions do not leave, and V8 makes small ones anew at once.
  const leaving = body.entry.quiet || hasTwin ? undefined : leavingOf(writer, body, entry, inner);
  const { sites, uses } = writer;
  return { text: STRICT + text, needs: uses.needs, sites, isWide: isWide(writer), leaving };
}

/** Reads the words of parameters that are no numbers. */
function wordsText({ slots }: Statements, params: readonly ValType[]): string {
  return params.map((type, slot) => slots.fillBits(type, slot)).join('');
}
function parametersOf({ slots }: Statements, params: readonly ValType[]): string[] {
  return params.flatMap((type, slot) => slots.variables(type, slot));
}

function hasLoops({ statements }: LoweredBody): boolean {
  let found = false;
  everyStatement(statements, (statement) => {
    found ||= statement.kind === 'loop' && statement.label.used;
  });
  return found;
}

/** The functions that take arguments from the stack, and put a result there; and `f`, where the function itself ends in tail calls. */
function borderText(
  own: string,
  head: string,
  params: readonly ValType[],
  results: readonly ValType[],
): string {
  const follows = `function f(${head}){var A=_A,r=${own}(${head});while(A.t!==null)r=A.follow(fp,sp);return r}`;
  const slots = new Slots(new Uses('held', GIVEN), ALL, { keepsBits: true, canonicalNans: true });
  const args = ['fp', 'sp', ...params.flatMap((type, slot) => slots.onStack(type, slot))].join();
  const called = `function g(fp,sp){return ${own}(${args})}function d(fp,r){${resultText(results)}}`;
  return own === 'f' ? called : follows + called;
}

/**
 * A long function: its only text is the one that is entered at loops, which begins at its beginning, too. A second one would take as long to
 * write, and the engine as long to compile. `f` puts the values on the stack.
 */
function openFunctionText(
  module: ModuleData,
  body: LoweredBody,
  machineRules: MachineRules,
  split: Split,
): FunctionText {
  const { writer, text: inside, open } = openText(module, body, machineRules, split);
  const payloads = payloadsOf(module, body, machineRules);
  const nothing = { ...body, statements: [] };
  const outside = new Statements(module, nothing, payloads, machineOf(module, machineRules));
  const { params, results } = typeOfBody(module, body);
  const names = parametersOf(outside, params);
  const wide = isWide(writer);
  const entry = wordsText(outside, params) + entryText(outside, body, wide);
  const end = (activations: string, code: string): string => {
    const ended = `pc=${activations}.p;if(pc<0)return r;${activations}.p=-1`;
    return `if(pc<0){var r=o(fp,sp,${BEGINNING});${ended}}${leave(activations, code)}`;
  };
  const inner = frameText(outside, body, { names, statements: 'pc=-1;', entry, end });
  const own = writer.tails ? 'b' : 'f';
  const head = ['fp', 'sp', ...names].join();
  const border = borderText(own, head, params, results);
  const text = `${inside.split(SELF).join('f')}function ${own}(${head})${inner}${border}return{f:f,g:g,d:d,o:o}`;
  return {
    text: STRICT + text,
    needs: new Map([...writer.uses.needs, ...outside.uses.needs]),
    sites: writer.sites,
    isWide: wide,
    leaving: leavingOf(outside, nothing, entry, inner),
    open,
  };
}

function entryText(writer: Statements, { entry, slots }: LoweredBody, wide: boolean): string {
  const { repeats, uses } = writer;
  const units = frameUnits(slots);
  const [counter, activations, code] = ['Q', 'A', 'X'].map((name) => uses.given(name));
  const charged = units > 0 ? `${counter}[0]-=${units};` : '';
  const end = `fp+${2 * slots}`;
  const read = repeats ? `n=${counter}[0];` : '';
  // A small frame that is not too deep has its words (frames.ts).
  const looks = 2 * slots <= SMALL_FRAME ? [] : [`${end}>${activations}.maxFp`];
  const isOf = wide ? 'wideSp' : 'maxSp';
  // What is set aside for entries leads no deeper than `maxSp` (activations.ts).
  if (entry.quiet || isOf !== 'maxSp') looks.push(`sp>${activations}.${isOf}`);
  if (entry.quiet) return `${charged}if(${looks.join('||')}){${activations}.room(${code},${end},sp)}${read}`;
  uses.variable('pc');
  const isOut = [`(${counter}[1]=${counter}[1]-1|0)<0`, ...looks].join('||');
  const asked = `pc=${activations}.enter(${code},${end},sp);${read}if(pc>=0)break x;pc=0`;
  return `${charged}if(${isOut}){${asked}}${read === '' ? '' : `else ${read}`}`;
}

const leave = (activations: string, code: string): string => `return ${activations}.leave(${code},pc,fp,sp);`;

/** A result that was returned goes to the stack; the others, and what is no number, are there. */
function resultText(results: readonly ValType[]): string {
  if (results.length !== 1) return '';
  const [type] = results;
  if (isRef(type)) return '_A.cover(fp+2);_R[fp>>1]=r';
  return `_A.put[${type}](fp,r)`;
}
