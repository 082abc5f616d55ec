/**
 * A document against the module it says it belongs to: every rule of the draft's security section that needs the module's types and code,
 * but no instance. What passes can be restored into a fresh instance, up to that instance's own limits and sharing (`restore.ts`).
 */

import { matchesAll } from '../decoder/matching';
import type { ModuleData } from '../decoder/module';
import type { FuncType, Limits, TagType } from '../decoder/types';
import { SnapshotError } from '../errors';
import { Callees, type FuncSpace, tailCallsOf } from './callees';
import {
  type ContinuationRecord,
  type ExceptionRecord,
  isStored,
  type SnapshotDocument,
  type TypedValue,
  type U64,
} from './document';
import { type Awaited, FrameChecker } from './frames';
import { moduleHash } from './identity';
import { checkDocument } from './rules';
import { u64Equal, u64Hex } from './u64';
import { elementComplaint, mismatch, tagOf, typeComplaint } from './value-types';

const hashes = new WeakMap<ModuleData, U64>();
/** The identity of a decoded module, reckoned once. */
export function hashOf(module: ModuleData): U64 {
  let hash = hashes.get(module);
  if (hash === undefined) {
    hash = moduleHash(module.bytes);
    hashes.set(module, hash);
  }
  return hash;
}

/**
 * Throws `SnapshotError` unless the document describes a state of this module, whose imported functions are taken to be the host's.
 */
export function verify(document: SnapshotDocument, module: ModuleData): void {
  verifyLinked(document, module, () => false);
}

/** @internal `isForeign` tells which imported functions are another instance's code, which can put others in its stead. */
export function verifyLinked(
  document: SnapshotDocument,
  module: ModuleData,
  isForeign: (funcidx: number) => boolean,
): void {
  checkDocument(document);
  const own = hashOf(module);
  if (!u64Equal(own, document.wasmHash)) {
    mismatch(`the snapshot belongs to module ${u64Hex(document.wasmHash)}, this one is ${u64Hex(own)}`);
  }
  verifyContents(document, module);
  document.exceptions.forEach((exception, i) => {
    verifyException(exception, i, module.tags[exception.tag], module);
  });
  verifyContinuations(document, module, isForeign);
}

/** @internal Everything but the frames. References name functions by their place in `module.funcTypes`. */
export function verifyContents(
  document: Pick<SnapshotDocument, 'memories' | 'tables' | 'globals' | 'segments'>,
  module: ModuleData,
): void {
  verifyMemories(document, module);
  verifyTables(document, module);
  verifyGlobals(document, module);
  verifySegments(document, module);
}

function count(what: string, actual: number, declared: number): void {
  if (actual !== declared) mismatch(`${actual} ${what}, but the module has ${declared}`);
}

/** Within what the module declares. Sizes never shrink, so the declared minimum bounds them too. */
function checkSize(what: string, size: number, { min, max }: Limits): void {
  if (size < min) mismatch(`${what} is smaller (${size}) than the module declares (${min})`);
  if (max !== undefined && size > max)
    mismatch(`${what} is larger (${size}) than the module permits (${max})`);
}

/** Only two imports can name one memory or table: what a module defines is new. */
function checkShared(what: string, index: number, imported: number): void {
  if (index >= imported)
    mismatch(`${what} ${index} is defined by the module, so it is shared with none before it`);
}

function importedOf(module: ModuleData, kind: 'memory' | 'table'): number {
  return module.imports.filter((entry) => entry.type.kind === kind).length;
}

function verifyMemories({ memories }: Pick<SnapshotDocument, 'memories'>, module: ModuleData): void {
  count('memories', memories.length, module.memories.length);
  const imported = importedOf(module, 'memory');
  memories.forEach((memory, i) => {
    const stored = isStored(memory) ? memory : memories[memory.sameAs];
    if (!isStored(memory)) checkShared('memory', i, imported);
    if (!isStored(stored)) return;
    const type = module.memories[i];
    if (stored.pageBits !== type.pageBits) {
      mismatch(`memory ${i} has pages of 2^${stored.pageBits} bytes, the module's have 2^${type.pageBits}`);
    }
    checkSize(`memory ${i}`, stored.pages, type);
  });
}

function verifyTables({ tables }: Pick<SnapshotDocument, 'tables'>, module: ModuleData): void {
  count('tables', tables.length, module.tables.length);
  const imported = importedOf(module, 'table');
  tables.forEach((table, i) => {
    const stored = isStored(table) ? table : tables[table.sameAs];
    if (!isStored(table)) checkShared('table', i, imported);
    if (!isStored(stored)) return;
    const type = module.tables[i];
    const tag = tagOf(type.element);
    if (stored.type !== tag) mismatch(`table ${i} holds ${stored.type}, the module's holds ${tag}`);
    checkSize(`table ${i}`, stored.elements.length / 2, type);
    const complaint = elementComplaint(stored.elements, type.element, module);
    if (complaint !== undefined) mismatch(`table ${i}, ${complaint}`);
  });
}

function verifyGlobals({ globals }: Pick<SnapshotDocument, 'globals'>, module: ModuleData): void {
  count('globals', globals.length, module.globals.length);
  globals.forEach((value, i) => {
    const complaint = typeComplaint(value, module.globals[i].value, module);
    if (complaint !== undefined) mismatch(`global ${i}: ${complaint}`);
  });
}

/** @internal `tag` is undefined when there is none with the exception's number. The references among its values name functions of `module`. */
export function verifyException(
  { tag: number, args }: ExceptionRecord,
  index: number,
  tag: TagType | undefined,
  module: ModuleData,
): void {
  if (tag === undefined) mismatch(`exception ${index}: there is no tag ${number}`);
  const { params } = tag.type;
  count(`values of exception ${index}`, args.length, params.length);
  args.forEach((value, k) => {
    const complaint = typeComplaint(value, params[k], module);
    if (complaint !== undefined) mismatch(`exception ${index}, value ${k}: ${complaint}`);
  });
}

function verifySegments({ segments }: Pick<SnapshotDocument, 'segments'>, module: ModuleData): void {
  count('data segments', segments.dataDropped.length, module.datas.length);
  count('element segments', segments.elemDropped.length, module.elements.length);
}

function verifyContinuations(
  document: SnapshotDocument,
  module: ModuleData,
  isForeign: (funcidx: number) => boolean,
): void {
  refuseUnsupported(document);
  if (document.postmortem) return;
  const [root] = document.continuations;
  const callees = new Callees(funcSpaceOf(module, isForeign));
  const innermost = verifyRoot(root, module, callees);
  const { pendingCall } = document;
  if (pendingCall === undefined) return;
  if (pendingCall.func >= module.importedFuncs) mismatch('the pending host call names no imported function');
  const type = typeOfFunc(module, pendingCall.func);
  checkReturns('the pending host function', type, innermost.results);
  verifyArguments(pendingCall.args, type, module);
  checkCallee('the pending host call', pendingCall.func, innermost.callee, callees);
}

function funcSpaceOf(module: ModuleData, isForeign: (funcidx: number) => boolean): FuncSpace {
  return {
    count: module.funcTypes.length,
    typeIdOf: (func) => module.types[module.funcTypes[func]].id,
    tailCalls(func) {
      if (func >= module.importedFuncs) return tailCallsOf(module, func, (funcidx) => funcidx);
      return isForeign(func) ? undefined : [];
    },
  };
}

/** @internal What the draft has and this engine does not. */
export function refuseUnsupported({ continuations, postmortem }: SnapshotDocument): void {
  if (continuations.length > (postmortem ? 0 : 1)) {
    throw new SnapshotError('continuations in a snapshot (stack switching)', 'unsupported');
  }
}

/** Checks the frames; gives what the innermost one waits for. */
function verifyRoot(root: ContinuationRecord, module: ModuleData, callees: Callees): Awaited {
  const { entryFunc } = root;
  if (entryFunc >= module.funcTypes.length) mismatch(`entry function ${entryFunc} is not in the module`);
  const frames = new FrameChecker(module);
  root.activations.forEach((frame, i) => {
    frames.add(frame, i);
  });
  const waits = frames.check();
  // The host may have invoked an import, by an export of that name: whose code that is, the module does not tell.
  let awaited: Awaited = {
    results: typeOfFunc(module, entryFunc).results,
    callee: entryFunc < module.importedFuncs ? -1 : entryFunc,
  };
  root.activations.forEach(({ func }, i) => {
    checkReturns(`frame ${i}: function ${func}`, typeOfFunc(module, func), awaited.results);
    checkCallee(`frame ${i}`, func, awaited.callee, callees);
    awaited = waits.get(i)!;
  });
  return awaited;
}

/** @internal After a tail call the function in a frame is not the one that was called. `callee` is -1 when it is not known. */
export function checkCallee(who: string, func: number, callee: number, callees: Callees): void {
  if (callee < 0 || callees.canBecome(callee, func)) return;
  mismatch(`${who} is of function ${func}, but function ${callee} was called, which cannot become it`);
}

/** @internal The references among them name functions of `module`. */
export function verifyArguments(args: readonly TypedValue[], type: FuncType, module: ModuleData): void {
  count('arguments of the pending host call', args.length, type.params.length);
  args.forEach((value, i) => {
    const complaint = typeComplaint(value, type.params[i], module);
    if (complaint !== undefined) mismatch(`argument ${i} of the pending host call: ${complaint}`);
  });
}

/** @internal */
export function typeOfFunc(module: ModuleData, funcidx: number): FuncType {
  return module.types[module.funcTypes[funcidx]].composite.func;
}

/** @internal A function in place of the one that was called may return subtypes. */
export function checkReturns(who: string, { results }: FuncType, expected: FuncType['results']): void {
  if (!matchesAll(results, expected)) mismatch(`${who} does not return what its caller expects`);
}
