/** The defined functions of a module as texts of a file, and who calls whom. */
import type { ModuleData } from '../../../decoder';
import type { LoweredBody } from '../../../lowering';
import { bodyOf } from '../bodies';
import { bracesText } from '../frame-texts';
import { type Payloads, slotsWithPayloads } from '../payloads';
import { Statements, typeOfBody } from '../statements';
import type { EntranceRules } from '../surroundings';
import type { Uses } from '../uses';
import { everyStatement } from '../walk';
import { entryOf } from './border';
import type { Dialect } from './dialects';
import { recordText } from './sites';
import { type PausingParts, pausingText } from './stops';
import type { FileSurroundings, FrameNeeds } from './surroundings';

const NO_PAYLOADS: Payloads = { has: () => false };

export interface FileFunction {
  readonly text: string;
  /** Those of all its texts. */
  readonly uses: readonly Uses[];
  /** What `G7` calls: the function, or its part that leaves tail calls to others. */
  readonly inner: string;
  /** What the file says of it (sites.ts), if it pauses. */
  readonly record: { readonly text: string; readonly types: string } | undefined;
}

/** Characters of a function's text up to which it is written twice where that is faster: what is called often is short. */
const LONGEST_TWICE = 4000;

export function fileFunction(
  module: ModuleData,
  body: LoweredBody,
  surroundings: FileSurroundings,
  { dialect, frame }: { readonly dialect: Dialect; readonly frame: FrameNeeds },
): FileFunction {
  const { funcidx } = body;
  const payloads = surroundings.keepsBits ? slotsWithPayloads(module, body) : NO_PAYLOADS;
  const written = (rules: EntranceRules): Written => {
    const writer = new Statements(module, body, payloads, surroundings, { rules });
    const { params } = typeOfBody(module, body);
    const names = params.flatMap((type, slot) => writer.slots.variables(type, slot));
    const begin = params.map((type, slot) => writer.slots.fillBits(type, slot)).join('');
    const entry = body.entry.quiet ? '' : entryOf(body, frame, dialect);
    if (entry !== '') writer.uses.helper('numeric', 'full');
    return { writer, begin, statements: writer.write(), entry, names };
  };
  const head = ({ names }: Written): string => [...surroundings.frame, ...names].join();
  const braces = ({ writer, names, entry }: Written, text: string): string =>
    bracesText(writer, names, entry + text);

  const whole = written(surroundings);
  const { writer, begin, statements } = whole;
  const { uses } = writer;
  if (!frame.pauses || body.entry.quiet) {
    const inner = braces(whole, begin + writer.reload + statements);
    return { ...named(funcidx, whole, head(whole), inner, frame), uses: [uses], record: undefined };
  }
  const pausing = (one: Written, entered: PausingParts['entered']) => {
    const { text, types } = pausingText(one.writer, body, { ...one, entered });
    return { text: braces(one, one.writer.reload + text), types };
  };
  const isTwice = dialect.continuesApart && writer.entrances.any && !writer.tails;
  if (isTwice && statements.length <= LONGEST_TWICE) {
    const plain = written({ ...surroundings, areOpen: false });
    const { text, types } = pausing(whole, 'always');
    const continued = `function K${funcidx}(${head(whole)})${text}`;
    const begins = named(funcidx, plain, head(plain), pausing(plain, 'never').text, frame);
    const record = { text: recordText(module, body, writer, { types, next: `K${funcidx}` }), types };
    return { ...begins, text: `${begins.text}\n${continued}`, uses: [plain.writer.uses, uses], record };
  }
  const { text, types } = pausing(whole, 'too');
  const record = { text: recordText(module, body, writer, { types, next: `F${funcidx}` }), types };
  return { ...named(funcidx, whole, head(whole), text, frame), uses: [uses], record };
}

/** A function's text up to its braces. */
interface Written {
  readonly writer: Statements;
  readonly begin: string;
  readonly statements: string;
  readonly entry: string;
  /** Its parameters. */
  readonly names: readonly string[];
}

/** The function by its name; one that ends in tail calls leaves these to another one. */
function named(
  funcidx: number,
  { writer }: Written,
  head: string,
  inner: string,
  frame: FrameNeeds,
): Pick<FileFunction, 'text' | 'inner'> {
  if (!writer.tails) return { text: `function F${funcidx}(${head})${inner}`, inner: `F${funcidx}` };
  const follow = writer.uses.helper('numeric', 'follow');
  const place = `fp,${frame.depth ? 'sp' : '0'}`;
  const outer = `var r=B${funcidx}(${head});while(A.t!==null)r=${follow}(${place});return r`;
  const text = `function B${funcidx}(${head})${inner}\nfunction F${funcidx}(${head}){${outer}}`;
  return { text, inner: `B${funcidx}` };
}

export interface CallGraph {
  /** Some function may reach itself. */
  readonly circles: boolean;
  readonly tails: boolean;
}

export function callGraph(module: ModuleData): CallGraph {
  const { importedFuncs, funcTypes } = module;
  const callees: number[][] = [];
  let circles = false;
  let tails = false;
  for (let k = importedFuncs; k < funcTypes.length; k++) {
    const own: number[] = [];
    everyStatement(bodyOf(module, k).statements, (statement) => {
      tails ||= statement.kind.startsWith('tail');
      if (statement.kind === 'call' || statement.kind === 'tail') own.push(statement.funcidx);
      else circles ||= ['call_indirect', 'call_ref', 'tail_indirect', 'tail_ref'].includes(statement.kind);
    });
    callees[k] = own;
  }
  return { circles: circles || hasCircle(callees, importedFuncs), tails };
}

/** Takes away functions that call none that is left; those that stay call each other. */
function hasCircle(callees: readonly (readonly number[])[], first: number): boolean {
  const callers = new Map<number, number[]>();
  const left: number[] = [];
  const done: number[] = [];
  for (let k = first; k < callees.length; k++) {
    const own = new Set(callees[k].filter((callee) => callee >= first));
    left[k] = own.size;
    if (own.size === 0) done.push(k);
    for (const callee of own) {
      const list = callers.get(callee);
      if (list === undefined) callers.set(callee, [k]);
      else list.push(k);
    }
  }
  let count = callees.length - first;
  if (callees.length === 0) return false;
  for (let k = done.pop(); k !== undefined; k = done.pop()) {
    count--;
    for (const caller of callers.get(k) ?? []) if (--left[caller] === 0) done.push(caller);
  }
  return count > 0;
}
