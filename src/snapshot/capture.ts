/** A stopped execution -> a document (draft, "Abstract Execution State Model"). Nothing that the abstract machine cannot see gets in. */
import { SnapshotError } from '../errors';
import type { Execution, FrameState, Func, Instance, Memory, Table } from '../interpreter';
import { chunksOf } from './chunks';
import {
  type Activation,
  type ContinuationRecord,
  EMPTY_DOCUMENT,
  type MemoryChunk,
  type MemoryRecord,
  NO_BYTES,
  type PendingCall,
  type SnapshotDocument,
  type TableRecord,
  type U64,
  ZERO64,
} from './document';
import { encode } from './encode';
import { MEMORY_LIMIT } from './format';
import { type NameExternRef, Namer } from './references';
import { tagOf } from './value-types';
import { hashOf } from './verify';

export interface CaptureOptions {
  /** UTC milliseconds since 1970. Left out, the snapshot does not say when it was taken, and equal states are equal bytes. */
  readonly timestampMs?: U64;
  /** Names for the host's references; without it, a non-null externref is refused. */
  readonly nameExternRef?: NameExternRef;
  /** The embedder's own state, opaque. */
  readonly hostState?: Uint8Array;
}

/** A resumable snapshot of a paused or waiting execution, as a standalone container. Throws `SnapshotError`. */
export function snapshot(execution: Execution, options: CaptureOptions = {}): Uint8Array {
  return encode(capture(execution, options));
}

/** A dump of an instance's store, not to be resumed. */
export function postmortem(instance: Instance, options: CaptureOptions = {}): Uint8Array {
  return encode(capturePostmortem(instance, options));
}

/** The same as a document. Its memory contents are views of the live memory: encode it before the guest runs on. */
export function capture(execution: Execution, options: CaptureOptions = {}): SnapshotDocument {
  return captureWith(execution, options, wholeMemory);
}

/** What of a memory goes into the document. */
export type Contents = (memory: Memory) => readonly MemoryChunk[];
const wholeMemory: Contents = (memory) => chunksOf(memory.bytes);

/** @internal `capture`, of as much of the memories as `contents` says. */
export function captureWith(
  execution: Execution,
  options: CaptureOptions,
  contents: Contents,
): SnapshotDocument {
  const { state, outer } = execution;
  if (state !== 'paused' && state !== 'waiting') {
    throw new SnapshotError(
      `an execution that is ${state} cannot be snapshotted; it must be paused`,
      'state',
    );
  }
  if (outer !== undefined) {
    throw new SnapshotError(
      `the execution was started by host function ${nameOf(outer.host)}, whose own state is not in a snapshot`,
      'state',
    );
  }
  if (!execution.atSafepoint) {
    throw new SnapshotError('stopped inside a bulk operation: run on to the next safepoint', 'state');
  }
  const frames = execution.frames();
  const { instance } = frames[0];
  const namer = new Namer(instance, options.nameExternRef);
  return {
    ...captureStore(instance, namer, options, contents),
    continuations: [captureRoot(execution, frames, instance, namer)],
    pendingCall: capturePending(execution, namer),
    hostState: options.hostState ?? NO_BYTES,
  };
}

export function capturePostmortem(instance: Instance, options: CaptureOptions = {}): SnapshotDocument {
  const namer = new Namer(instance, options.nameExternRef);
  return { ...captureStore(instance, namer, options, wholeMemory), postmortem: true };
}

function captureStore(
  instance: Instance,
  namer: Namer,
  { timestampMs = ZERO64 }: CaptureOptions,
  contents: Contents,
): SnapshotDocument {
  if (instance.unusable !== undefined) throw new SnapshotError(instance.unusable, 'state');
  return {
    ...EMPTY_DOCUMENT,
    timestampMs,
    wasmHash: hashOf(instance.module),
    memories: instance.memories.map((memory, i) => captureMemory(instance.memories, memory, i, contents)),
    tables: instance.tables.map((table, i) => captureTable(instance, table, i, namer)),
    globals: instance.globals.map((global) => namer.value(global.get())),
    segments: { dataDropped: instance.droppedDatas.slice(), elemDropped: instance.droppedElems.slice() },
  };
}

function captureMemory(
  memories: readonly Memory[],
  memory: Memory,
  index: number,
  contents: Contents,
): MemoryRecord {
  const first = memories.indexOf(memory);
  if (first < index) return { sameAs: first };
  if (memory.byteLength >= MEMORY_LIMIT) {
    throw new SnapshotError(`memory ${index} has 4 GiB or more, which the format cannot say`, 'unsupported');
  }
  return {
    sameAs: undefined,
    pageBits: memory.type.pageBits,
    pages: memory.pages,
    chunks: contents(memory),
  };
}

function captureTable(instance: Instance, table: Table, index: number, namer: Namer): TableRecord {
  const first = instance.tables.indexOf(table);
  if (first < index) return { sameAs: first };
  const type = tagOf(table.type.element, instance.module);
  const elements = new Int32Array(table.length * 2);
  for (let i = 0; i < table.length; i++) {
    const { lo, hi } = namer.reference(table.type.element, table.get(i));
    elements[2 * i] = lo;
    elements[2 * i + 1] = hi;
  }
  return { sameAs: undefined, type: type as 'funcref' | 'externref', elements };
}

function captureRoot(
  execution: Execution,
  frames: readonly FrameState[],
  instance: Instance,
  namer: Namer,
): ContinuationRecord {
  return {
    state: 'suspended',
    typeIndex: -1,
    entryFunc: namer.funcIndex(execution.func),
    resumeThrow: -1,
    boundCount: 0,
    boundArgs: [],
    activations: frames.map((frame) => captureFrame(frame, instance, namer)),
  };
}

function captureFrame(frame: FrameState, instance: Instance, namer: Namer): Activation {
  const { funcidx, kind, offset, targetLoop, values } = frame;
  if (frame.instance !== instance) {
    const name = frame.instance.module.funcName(funcidx) ?? `function ${funcidx}`;
    throw new SnapshotError(`a frame of ${name} belongs to another instance`, 'unsupported');
  }
  return {
    func: funcidx,
    site: kind,
    offset,
    targetLoop,
    values: values.map((value) => namer.value(value)),
    targetCont: -1,
  };
}

function capturePending({ pendingHostCall: call }: Execution, namer: Namer): PendingCall | undefined {
  if (call === undefined) return undefined;
  return { func: namer.funcIndex(call.func), args: call.args.map((value) => namer.value(value)) };
}

function nameOf(func: Func): string {
  return func.name ?? '(unnamed)';
}
