/** The defined functions of a module as texts of a file, and who calls whom. */
import type { ModuleData } from '../../../decoder';
import type { LoweredBody } from '../../../lowering';
import { bodyOf } from '../bodies';
import { bracesText } from '../functions';
import { type Payloads, slotsWithPayloads } from '../payloads';
import { Statements, typeOfBody } from '../statements';
import type { Uses } from '../uses';
import { everyStatement } from '../walk';
import { entryOf } from './border';
import type { Dialect } from './dialects';
import { recordText } from './sites';
import { pausingText } from './stops';
import type { FileSurroundings, FrameNeeds } from './surroundings';

const NO_PAYLOADS: Payloads = { has: () => false };

export interface FileFunction {
  readonly text: string;
  readonly uses: Uses;
  /** What `G7` calls: the function, or its part that leaves tail calls to others. */
  readonly inner: string;
  /** What the file says of it (sites.ts), if it pauses. */
  readonly record: { readonly text: string; readonly types: string } | undefined;
}

export function fileFunction(
  module: ModuleData,
  body: LoweredBody,
  surroundings: FileSurroundings,
  { dialect, frame }: { readonly dialect: Dialect; readonly frame: FrameNeeds },
): FileFunction {
  const { funcidx } = body;
  const payloads = surroundings.keepsBits ? slotsWithPayloads(module, body) : NO_PAYLOADS;
  const writer = new Statements(module, body, payloads, surroundings);
  const { uses, slots } = writer;
  const { params } = typeOfBody(module, body);
  const names = params.flatMap((type, slot) => slots.variables(type, slot));
  const words = params.map((type, slot) => slots.fillBits(type, slot)).join('');
  const entry = body.entry.quiet ? '' : entryOf(body, frame, dialect);
  if (entry !== '') uses.helper('numeric', 'full');
  let statements = writer.write();
  let record: FileFunction['record'];
  if (frame.pauses && !body.entry.quiet) {
    const { text, types } = pausingText(writer, body, { begin: words, statements });
    statements = writer.reload + text;
    record = { text: recordText(module, body, writer, types), types };
  } else {
    statements = words + writer.reload + statements;
  }
  const inner = bracesText(writer, names, entry + statements);
  const head = [...surroundings.frame, ...names].join();
  if (!writer.tails) {
    return { text: `function F${funcidx}(${head})${inner}`, uses, inner: `F${funcidx}`, record };
  }
  const follow = uses.helper('numeric', 'follow');
  const place = `fp,${frame.depth ? 'sp' : '0'}`;
  const outer = `var r=B${funcidx}(${head});while(A.t!==null)r=${follow}(${place});return r`;
  const text = `function B${funcidx}(${head})${inner}\nfunction F${funcidx}(${head}){${outer}}`;
  return { text, uses, inner: `B${funcidx}`, record };
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
