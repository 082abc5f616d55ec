/**
 * A whole function as JavaScript text, to be evaluated with these names in scope: M the registers, S, SF, SD and R the machine's stack, W
 * the high word of an i64 result, A what runs activations (activations.ts), X the function's own record, K what the text needs.
 *
 *     function f(fp,sp,i0,...){          the frame's place, then the parameters
 *       var ...;
 *       x:{
 *         entry: room, safepoint
 *         try{ ...; return ... }         the body (statements.ts)
 *         catch(e){throw A.thrown(...)}
 *       }
 *       ... the values go to their slots
 *       A.leave(X,pc,fp,sp);return 0
 *     }
 *
 * `f` is what callers call. `g(fp,sp)` takes the arguments from the stack, and `d(fp,r)` puts a result there. A function that ends in tail
 * calls leaves whom it calls in `A.t`, with the arguments on the stack at its own place; `f` goes on with that.
 */
import { isRef, type ModuleData, slotsOf, type ValType } from '../../decoder';
import { typesOf } from '../../decoder/typelist';
import { frameUnits } from '../../interpreter/fuel';
import type { LoweredBody, Statement } from '../../lowering';
import { machineOf } from './machine';
import { type Payloads, slotsWithPayloads } from './payloads';
import { type Site, Statements, typeOfBody } from './statements';
import type { Need, Uses } from './uses';

export interface FunctionText {
  /** The body of a function of the names above, which returns an object with `f`, `g` and `d`, or `o` alone. */
  readonly text: string;
  readonly needs: ReadonlyMap<string, Need>;
  readonly sites: readonly Site[];
}

/** Every slot: values come from a frame that somebody else has made. */
const ALL: Payloads = { has: () => true };

export function functionText(module: ModuleData, body: LoweredBody): FunctionText {
  const writer = new Statements(module, body, slotsWithPayloads(module, body), machineOf(module));
  const { uses, slots } = writer;
  const { params, results } = typeOfBody(module, body);
  const names = params.flatMap((type, slot) => slots.variables(type, slot));
  const words = params.map((type, slot) => slots.fillBits(type, slot)).join('');
  const statements = writer.reload + writer.write();
  // The frame may leave at its entry: the words are there before.
  const inner = frameText(writer, body, { names, statements, entry: words + entryText(writer, body) });
  const args = ['fp', 'sp', ...params.flatMap((type, slot) => slots.onStack(type, slot))].join();
  const head = ['fp', 'sp', ...names].join();
  const own = writer.tails ? 'b' : 'f';
  const outer = writer.tails
    ? `function f(${head}){var r=b(${head});while(A.t!==null)r=A.follow(fp,sp);return r}`
    : '';
  const text = `function ${own}(${head})${inner}${outer}function g(fp,sp){return ${own}(${args})}function d(fp,r){${resultText(results)}}return{f:f,g:g,d:d}`;
  return { text: needsText(uses) + text, needs: uses.needs, sites: writer.sites };
}

/** The function, entered at the header of a loop with its frame on the stack; undefined when it has no such loop. */
export function continuationText(
  module: ModuleData,
  body: LoweredBody,
  targetLoop: number,
): FunctionText | undefined {
  const isTarget = (statement: Statement): boolean =>
    statement.kind === 'loop' && statement.label.used && statement.label.offset === targetLoop;
  const writer = new Statements(module, body, ALL, machineOf(module), isTarget);
  if (!writer.entrances.any) return undefined;
  const { uses, slots } = writer;
  const statements = writer.reload + writer.write();
  const site = writer.sites.find(({ safepoint }) => safepoint.targetLoop === targetLoop);
  if (site === undefined) return undefined;
  const filled = eachValue(body, typesOf(site.safepoint.operands), (type, slot) => slots.fill(type, slot));
  const count = writer.repeats ? 'n=M.fuel;' : '';
  const inner = frameText(writer, body, { names: [], statements, entry: `E=1;${count}${filled}` });
  return {
    text: `${needsText(uses)}function o(fp,sp)${inner}return{o:o}`,
    needs: uses.needs,
    sites: writer.sites,
  };
}

/** Texts for all locals, and operands of these types above them. */
function eachValue(
  { locals }: LoweredBody,
  operands: readonly ValType[],
  text: (type: ValType, slot: number) => string,
): string {
  let all = '';
  for (const { type, slot, count } of locals.groups) {
    for (let k = 0; k < count; k++) all += text(type, slot + k * slotsOf(type));
  }
  let slot = locals.slots;
  for (const type of operands) {
    all += text(type, slot);
    slot += slotsOf(type);
  }
  return all;
}

function entryText({ repeats, uses }: Statements, { entry, slots }: LoweredBody): string {
  const units = frameUnits(slots);
  const charged = units > 0 ? `M.fuel-=${units};` : '';
  const room = (limits: string): string => `fp+${2 * slots}>${limits}.maxFp||sp>${limits}.maxSp`;
  const end = `fp+${2 * slots}`;
  const read = repeats ? 'n=M.fuel;' : '';
  if (entry.quiet) return `${charged}if(${room('M')})A.full(X,sp);${read}`;
  uses.variable('pc');
  return `${charged}if((M.fuel-=1)<0||${room('A')}){if(A.enter(X,${end},sp))break x}${read}`;
}

interface FrameParts {
  readonly names: readonly string[];
  readonly statements: string;
  readonly entry: string;
}

/** The braces of a function and what is in them. */
function frameText(writer: Statements, body: LoweredBody, { names, statements, entry }: FrameParts): string {
  const leaves = writer.leaves || !body.entry.quiet;
  if (writer.throws) writer.uses.variable('pc');
  const caught = `catch(e){throw A.thrown(e,X,pc,fp,sp${writer.repeats ? ',n' : ''})}`;
  const inner = writer.throws ? `try{${statements}}${caught}` : statements;
  const labelled = leaves ? `x:{${entry}${inner}}${leaveText(writer, body)}` : `${entry}${inner}`;
  return bracesText(writer, names, labelled);
}

/** A function's text behind its variables, but for those that are its parameters. */
export function bracesText(writer: Statements, names: readonly string[], text: string): string {
  const { uses } = writer;
  const taken = new Set(names);
  const variables = [...uses.variables].filter(([name]) => !taken.has(name));
  const declared = [...variables.map(([name, value]) => `${name}=${value}`), ...uses.views.keys()];
  const head = declared.length > 0 ? `var ${declared.join()};` : '';
  return `{${head}${writer.withViews(text)}}`;
}

/** The frame leaves: its locals, and the operands of the site, go to their slots. */
function leaveText({ sites, slots }: Statements, body: LoweredBody): string {
  const cover = body.usesRefs ? `A.cover(fp+${2 * body.slots});` : '';
  const locals = eachValue(body, [], (type, slot) => slots.spill(type, slot));
  const cases = new Map<string, number[]>();
  sites.forEach(({ safepoint: { operands } }, pc) => {
    let slot = body.locals.slots;
    let text = '';
    for (const type of typesOf(operands)) {
      text += slots.spill(type, slot);
      slot += slotsOf(type);
    }
    if (text === '') return;
    const list = cases.get(text);
    if (list === undefined) cases.set(text, [pc]);
    else list.push(pc);
  });
  const operands = [...cases].map(
    ([text, list]) => `${list.map((pc) => `case ${pc}:`).join('')}${text}break;`,
  );
  const all = operands.length === 0 ? '' : `switch(pc){${operands.join('')}}`;
  return `${cover}${locals}${all}A.leave(X,pc,fp,sp);return 0;`;
}

/** A result that was returned goes to the stack; the others, and what is no number, are there. */
function resultText(results: readonly ValType[]): string {
  if (results.length !== 1) return '';
  const [type] = results;
  if (isRef(type)) return 'A.cover(fp+2);R[fp>>1]=r';
  return `A.put[${type}](fp,r)`;
}

function needsText({ needs }: Uses): string {
  const names = [...needs.keys()].map((name, k) => `${name}=K[${k}]`);
  return `'use strict';${names.length === 0 ? '' : `var ${names.join()};`}`;
}
