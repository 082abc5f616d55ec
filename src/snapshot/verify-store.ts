/**
 * A document of a whole store against the modules of its instances. Each instance's part of the store is verified as a snapshot of that
 * module alone would be, each frame against the code of the instance that it stands in; only what crosses from one to another is new.
 */

import type { ModuleData } from '../decoder/module';
import type { FuncType } from '../decoder/types';
import { Callees, type FuncSpace, tailCallsOf } from './callees';
import { isStored, type MemoryRecord, type SnapshotDocument, type TableRecord } from './document';
import { FrameChecker } from './frames';
import type { Linkage, Origin, Part } from './linkage';
import { checkDocument } from './rules';
import { firstIndices } from './space';
import { mismatch } from './value-types';
import {
  checkCallee,
  checkReturns,
  refuseUnsupported,
  typeOfFunc,
  verifyArguments,
  verifyContents,
  verifyException,
} from './verify';

/** Throws `SnapshotError` unless the document describes a state of a store that is linked so. */
export function verifyStore(document: SnapshotDocument, linkage: Linkage): void {
  checkDocument(document);
  refuseUnsupported(document);
  count('memories', document.memories.length, linkage.origins.memory.length);
  count('tables', document.tables.length, linkage.origins.table.length);
  count('globals', document.globals.length, linkage.origins.global.length);
  count('data segments', document.segments.dataDropped.length, linkage.datas);
  count('element segments', document.segments.elemDropped.length, linkage.elems);
  if (!document.memories.every(isStored) || !document.tables.every(isStored)) {
    mismatch('a memory or table of the store is said to be another one');
  }
  const views = linkage.parts.map((part) => withStoreFuncs(part.module, linkage));
  linkage.parts.forEach((part, i) => {
    within(`instance ${i}`, () => verifyContents(partOf(document, part), views[i]));
  });
  document.exceptions.forEach((exception, i) => {
    const origin = linkage.origins.tag[exception.tag];
    const place = origin && linkage.parts[origin.part];
    verifyException(exception, i, place?.module.tags[origin.index], views[origin?.part ?? 0]);
  });
  if (!document.postmortem) verifyStack(document, linkage, views);
}

function count(what: string, actual: number, expected: number): void {
  if (actual !== expected) mismatch(`${actual} ${what}, but the instances together have ${expected}`);
}

function within(where: string, verify: () => void): void {
  try {
    verify();
  } catch (error) {
    if (error instanceof Error) error.message = `${where}: ${error.message}`;
    throw error;
  }
}

/** The module as the references of its values see it: they name the functions of the whole store. */
function withStoreFuncs(module: ModuleData, linkage: Linkage): ModuleData {
  const types = [...module.types];
  const indices = new Map<number, number>();
  module.types.forEach(({ id }, typeidx) => {
    if (!indices.has(id)) indices.set(id, typeidx);
  });
  const funcTypes = linkage.origins.func.map((_, address) => {
    const type = linkage.typeOfFunc(address);
    let typeidx = indices.get(type.id);
    if (typeidx === undefined) {
      typeidx = types.length;
      types.push(type);
      indices.set(type.id, typeidx);
    }
    return typeidx;
  });
  return { ...module, types, funcTypes: Uint32Array.from(funcTypes) };
}

/** What a snapshot of this instance alone would say of its store. */
function partOf(
  document: SnapshotDocument,
  { module, addresses, firstData, firstElem }: Part,
): Pick<SnapshotDocument, 'memories' | 'tables' | 'globals' | 'segments'> {
  const { dataDropped, elemDropped } = document.segments;
  return {
    memories: shared<MemoryRecord>(document.memories, addresses.memory),
    tables: shared<TableRecord>(document.tables, addresses.table),
    globals: addresses.global.map((address) => document.globals[address]),
    segments: {
      dataDropped: dataDropped.subarray(firstData, firstData + module.datas.length),
      elemDropped: elemDropped.subarray(firstElem, firstElem + module.elements.length),
    },
  };
}

function shared<R>(records: readonly R[], addresses: readonly number[]): (R | { readonly sameAs: number })[] {
  const firsts = firstIndices(addresses);
  return addresses.map((address, i) => {
    const first = firsts[i];
    return first < i ? { sameAs: first } : records[address];
  });
}

function verifyStack(document: SnapshotDocument, linkage: Linkage, views: readonly ModuleData[]): void {
  const [{ activations, entryFunc }] = document.continuations;
  const { func: funcs } = linkage.origins;
  const owner = (address: number, who: string): Origin => {
    if (address >= funcs.length) mismatch(`${who}: function ${address} is not in the store`);
    if (funcs[address].fromHost) mismatch(`${who}: function ${address} is the host's`);
    return funcs[address];
  };
  const checkers = linkage.parts.map(({ module }, i) => new FrameChecker(module, views[i]));
  activations.forEach((frame, i) => {
    const { part, index } = owner(frame.func, `frame ${i}`);
    checkers[part].add({ ...frame, func: index }, i);
  });
  const waits = checkers.map((checker) => checker.check());
  const callees = new Callees(funcSpaceOf(linkage));
  let expected = typeOf(linkage, owner(entryFunc, 'the entry function')).results;
  let called = entryFunc;
  activations.forEach(({ func }, i) => {
    const place = funcs[func];
    checkReturns(`frame ${i}: function ${func}`, typeOf(linkage, place), expected);
    checkCallee(`frame ${i}`, func, called, callees);
    const { results, callee } = waits[place.part].get(i)!;
    const { addresses } = linkage.parts[place.part];
    expected = results;
    called = callee < 0 ? -1 : addresses.func[callee];
  });
  const { pendingCall } = document;
  if (pendingCall === undefined) return;
  const host = funcs[pendingCall.func];
  if (host === undefined || !host.fromHost) mismatch('the pending host call names no function of the host');
  checkReturns('the pending host function', typeOf(linkage, host), expected);
  verifyArguments(pendingCall.args, typeOf(linkage, host), views[host.part]);
  checkCallee('the pending host call', pendingCall.func, called, callees);
}

function funcSpaceOf(linkage: Linkage): FuncSpace {
  const { func: origins } = linkage.origins;
  return {
    count: origins.length,
    typeIdOf: (address) => linkage.typeOfFunc(address).id,
    tailCalls(address) {
      const { part, index, fromHost } = origins[address];
      const { module, addresses } = linkage.parts[part];
      return fromHost ? [] : tailCallsOf(module, index, (funcidx) => addresses.func[funcidx]);
    },
  };
}

function typeOf(linkage: Linkage, { part, index }: Origin): FuncType {
  return typeOfFunc(linkage.parts[part].module, index);
}
