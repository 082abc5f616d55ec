/**
 * What a trap of the host's engine is here. Its message says what kind it is, its trace where it was; where a message stands for two kinds,
 * the emitted code has kept the value that tells them apart.
 */

import type { ModuleData } from '../../decoder/module';
import { type RuntimeError, type TrapCode, trap } from '../../errors';
import { Func } from '../../runtime';
import type { NativeInstance } from './native-instance';
import { nameAt, type Origin, originOf, tableOf } from './program';
import { NAME } from './section-writer';

/** An index is one into a memory, or into the table of an indirect call. */
type Kind = TrapCode | 'conversion' | 'element' | 'index';

/** Texts of V8, then of SpiderMonkey and JavaScriptCore where they differ; of two kinds the one that needs no more than the text. */
const KINDS: readonly (readonly [text: string, kind: Kind])[] = [
  ['float unrepresentable', 'conversion'],
  ['invalid conversion', 'conversion'],
  ['Out of bounds Trunc', 'conversion'],
  ['naligned', 'unalignedAtomic'],
  ['divide by zero', 'divideByZero'],
  ['remainder by zero', 'divideByZero'],
  ['Division by zero', 'divideByZero'],
  ['divide result unrepresentable', 'integerOverflow'],
  ['nteger overflow', 'integerOverflow'],
  ['memory access out of bounds', 'memoryBounds'],
  ['index out of bounds', 'index'],
  ['Out of bounds memory access', 'memoryBounds'],
  ['table index is out of bounds', 'undefinedElement'],
  ['function signature mismatch', 'element'],
  ['indirect call signature mismatch', 'indirectCallType'],
  ['signature that does not match', 'indirectCallType'],
  ['Out of bounds call_indirect', 'undefinedElement'],
  ['indirect call', 'element'],
  ['call_indirect', 'element'],
  ['nreachable', 'unreachable'],
];

/** Engines change their texts. For those that are not here, by the name of the instruction: what it traps for, if that is one thing. */
const KINDS_BY_NAME: readonly (readonly [form: RegExp, kind: Kind])[] = [
  [/call_indirect/, 'element'],
  [/\.trunc_/, 'conversion'],
  [/\.(div|rem)_/, 'divideByZero'],
  [/\.(load|store)|^memory\./, 'memoryBounds'],
  [/^table\./, 'tableBounds'],
];

/** The trap that an exception of the host's engine stands for. */
export function trapFrom(message: string, origin: Origin | undefined, native: NativeInstance): RuntimeError {
  const kind = KINDS.find(([text]) => message.includes(text))?.[1] ?? kindAt(origin);
  const offset = origin?.offset ?? -1;
  if (kind === 'conversion') {
    return trap(Number.isNaN(native.cell('operand')) ? 'invalidConversion' : 'integerOverflow', offset);
  }
  if (kind === 'element' || (kind === 'index' && kindAt(origin) === 'element'))
    return trap(elementTrap(native, origin), offset);
  return trap(kind === 'index' ? 'memoryBounds' : kind, offset);
}

function kindAt(origin: Origin | undefined): Kind {
  const name = origin === undefined ? '' : nameAt(origin);
  return KINDS_BY_NAME.find(([form]) => form.test(name))?.[1] ?? 'unreachable';
}

function elementTrap(native: NativeInstance, origin: Origin | undefined): TrapCode {
  const { tables } = native.instance;
  const index = (native.cell('element') as number) >>> 0;
  // JavaScriptCore does not tell where. What it calls null is a function of another kind only where each table has one.
  const called = origin === undefined ? tables : [tables[tableOf(origin)]];
  const elements = called.filter(({ length }) => index < length).map((table) => table.elements[index]);
  if (elements.length === 0) return 'undefinedElement';
  return elements.every((element) => element instanceof Func) ? 'indirectCallType' : 'uninitializedElement';
}

/** A frame of emitted code in a trace. */
export interface TracedFrame {
  readonly part: number;
  readonly offset: number;
}

/**
 * The runs of emitted frames in the trace of an exception, innermost first; between two of them are frames of JavaScript. V8 writes
 * `at wasm://wasm/tswasm3-1a2b3c4d:wasm-function[7]:0x1a2`, SpiderMonkey `tswasm3.@URL line 4 > WebAssembly.Module:wasm-function[7]:0x1a2`,
 * JavaScriptCore no offset.
 */
export function tracedFrames(stack: string): TracedFrame[][] {
  const runs: TracedFrame[][] = [];
  let isRun = false;
  for (const line of stack.split('\n')) {
    const frame = tracedFrame(line);
    if (frame !== undefined) {
      if (!isRun) runs.push([]);
      runs[runs.length - 1].push(frame);
    }
    isRun = frame !== undefined;
  }
  return runs;
}

const URL = `wasm://wasm/${NAME}`;
const FUNCTION = ':wasm-function[';

function tracedFrame(line: string): TracedFrame | undefined {
  const from = line.startsWith(NAME) ? 0 : line.indexOf(URL);
  const at = line.indexOf(FUNCTION, from);
  if (from < 0 || at < 0) return undefined;
  const part = Number.parseInt(line.slice(line.indexOf(NAME, from) + NAME.length), 10);
  const offset = Number.parseInt(line.slice(line.indexOf(']:', at) + 2), 16);
  return { part, offset };
}

/** Frames that a trace lists: as many as backtraces do. */
const MOST_LISTED = 100;

/** The host's trace as it is now, for `listedIn`. */
export function traceHere(): Error {
  const errors = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = errors;
  try {
    errors.stackTraceLimit = MOST_LISTED;
  } catch {
    // Frozen: then it stays as it is.
    return new Error();
  }
  const trace = new Error();
  if (stackTraceLimit === undefined) delete errors.stackTraceLimit;
  else errors.stackTraceLimit = stackTraceLimit;
  return trace;
}

/** A module offset in a function. */
export interface Place {
  readonly funcidx: number;
  readonly offset: number;
}
/** Frames of an activation, innermost first. `isCut`: there may be more below them. */
export interface Listed<Of extends Place = Place> {
  readonly places: readonly Of[];
  readonly isCut: boolean;
}

/**
 * Where the frames of the innermost run in a trace came from, those that are no adapters. It is cut where the host lists no frames behind these
 * (V8: `Error.stackTraceLimit`).
 */
export function listedIn(trace: unknown): Listed<Origin> {
  // Whoever prepares traces may have made something else of them.
  const stack = typeof trace === 'string' ? trace.trimEnd() : '';
  const runs = tracedFrames(stack);
  const places: Origin[] = [];
  for (const { part, offset } of runs[0] ?? []) {
    const origin = originOf(part, offset);
    if (origin !== undefined) places.push(origin);
  }
  const isCut = runs.length === 1 && tracedFrame(stack.slice(stack.lastIndexOf('\n') + 1)) !== undefined;
  return { places, isCut };
}

/** The same where no more is known than the instruction. */
export function listedAt({ codeEnd, importedFuncs }: ModuleData, offset: number): Listed {
  const funcidx = importedFuncs + codeEnd.findIndex((end) => end > offset);
  return { places: [{ funcidx, offset }], isCut: true };
}
