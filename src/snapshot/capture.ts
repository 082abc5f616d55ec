/** A stopped execution -> a document (draft, "Abstract Execution State Model"). Nothing that the abstract machine cannot see gets in. */
import {
  BYTES,
  type ByteSource,
  bytesOf,
  CALLBACK,
  checkClass,
  OBJECT,
  type OptionChecks,
  readOptions,
} from '../checks';
import { SnapshotError } from '../errors';
import { Execution, type FrameState } from '../interpreter';
import { type Func, Instance, type Memory } from '../runtime';
import { chunksOf } from './chunks';
import {
  type Activation,
  type ContinuationRecord,
  EMPTY_DOCUMENT,
  type MemoryChunk,
  type MemoryRecord,
  NO_BYTES,
  type PendingCall,
  type RefTag,
  type SnapshotDocument,
  type TableRecord,
  type U64,
  ZERO64,
} from './document';
import { encode } from './encode';
import { MEMORY_LIMIT } from './format';
import { type NameExternRef, Namer } from './references';
import { firstIndices, type Space, spaceOf } from './space';
import { tagOf } from './value-types';
import { hashOf } from './verify';

/** How references are named, and what else goes into a snapshot. */
export interface CaptureOptions {
  /** UTC milliseconds since 1970. Left out, the snapshot does not say when it was taken, and equal states are equal bytes. */
  readonly timestampMs?: U64;
  /** Names for the host's references; without it, a non-null externref is refused. */
  readonly nameExternRef?: NameExternRef;
  /** The embedder's own state, opaque. */
  readonly hostState?: ByteSource;
  /** The other way of `nameExternRef`, for `restore`: one object may serve both. */
  readonly bindExternRef?: unknown;
}

/** @internal */
export const CAPTURE_OPTIONS: OptionChecks<CaptureOptions> = {
  timestampMs: OBJECT,
  nameExternRef: CALLBACK,
  hostState: BYTES,
  bindExternRef: CALLBACK,
};

/** A resumable snapshot of a paused or waiting execution, as a standalone container. Throws `SnapshotError`. */
export function snapshot(execution: Execution, options: CaptureOptions = {}): Uint8Array {
  return encode(capture(execution, readOptions('snapshot', options, CAPTURE_OPTIONS)));
}

/** A dump of an instance's store, not to be resumed. */
export function postmortem(instance: Instance, options: CaptureOptions = {}): Uint8Array {
  return encode(capturePostmortem(instance, readOptions('postmortem', options, CAPTURE_OPTIONS)));
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
  checkClass('the execution', execution, Execution, 'Execution');
  const frames = stoppedFrames(execution);
  const { instance } = frames[0];
  const space = spaceOf(instance);
  const namer = new Namer(space, options.nameExternRef);
  return {
    ...captureInstance(instance, space, namer, options, contents),
    continuations: [captureRoot(execution, frames, space, namer)],
    pendingCall: capturePending(execution, namer),
    exceptions: namer.exceptions(),
    hostState: bytesOf('the host state', options.hostState ?? NO_BYTES),
  };
}

/** @internal The frames of an execution that a snapshot can be taken of. */
export function stoppedFrames(execution: Execution): readonly FrameState[] {
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
    throw new SnapshotError('not stopped at a safepoint: run on to the next one', 'state');
  }
  return execution.frames();
}

/** The state of an instance in which nothing runs any more, as after a trap. */
export function capturePostmortem(instance: Instance, options: CaptureOptions = {}): SnapshotDocument {
  checkClass('the instance', instance, Instance, 'Instance');
  const space = spaceOf(instance);
  const namer = new Namer(space, options.nameExternRef);
  return { ...captureInstance(instance, space, namer, options, wholeMemory), postmortem: true };
}

function captureInstance(
  instance: Instance,
  space: Space,
  namer: Namer,
  { timestampMs = ZERO64 }: CaptureOptions,
  contents: Contents,
): SnapshotDocument {
  if (instance.unusable !== undefined) throw new SnapshotError(instance.unusable, 'state');
  return {
    ...EMPTY_DOCUMENT,
    ...captureContents(space, namer, contents),
    timestampMs,
    wasmHash: hashOf(instance.module),
    segments: { dataDropped: instance.droppedDatas.slice(), elemDropped: instance.droppedElems.slice() },
  };
}

/** @internal Memories, tables and globals, and the exceptions in them. */
export function captureContents(
  space: Space,
  namer: Namer,
  contents: Contents = wholeMemory,
): Pick<SnapshotDocument, 'memories' | 'tables' | 'globals' | 'exceptions'> {
  const firstMemories = firstIndices(space.memories);
  const firstTables = firstIndices(space.tables);
  // Exceptions are numbered in this order.
  const globals = space.globals.map((global) => namer.value(global.get()));
  const tables = space.tables.map((_, i) => captureTable(space, firstTables[i], i, namer));
  return {
    memories: space.memories.map((memory, i) => captureMemory(firstMemories[i], memory, i, contents)),
    tables,
    globals,
    exceptions: namer.exceptions(),
  };
}

function captureMemory(first: number, memory: Memory, index: number, contents: Contents): MemoryRecord {
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

function captureTable(space: Space, first: number, index: number, namer: Namer): TableRecord {
  if (first < index) return { sameAs: first };
  const table = space.tables[index];
  const type = tagOf(table.type.element);
  const elements = new Int32Array(table.length * 2);
  for (let i = 0; i < table.length; i++) {
    const { lo, hi } = namer.reference(table.type.element, table.get(i));
    elements[2 * i] = lo;
    elements[2 * i + 1] = hi;
  }
  return { sameAs: undefined, type: type as RefTag, elements };
}

/** @internal */
export function captureRoot(
  execution: Execution,
  frames: readonly FrameState[],
  space: Space,
  namer: Namer,
): ContinuationRecord {
  return {
    state: 'suspended',
    typeIndex: -1,
    entryFunc: namer.funcIndex(execution.func),
    resumeThrow: -1,
    boundCount: 0,
    boundArgs: [],
    activations: frames.map((frame) => captureFrame(frame, space, namer)),
  };
}

function captureFrame(frame: FrameState, space: Space, namer: Namer): Activation {
  const { instance, kind, offset, targetLoop, values } = frame;
  const func = space.ownNumberOf(instance, frame.funcidx);
  if (func === undefined) {
    const name = instance.module.funcName(frame.funcidx) ?? `function ${frame.funcidx}`;
    throw new SnapshotError(`a frame of ${name} belongs to another instance`, 'unsupported');
  }
  return {
    func,
    site: kind,
    offset,
    targetLoop,
    values: values.map((value) => namer.value(value)),
    targetCont: -1,
  };
}

/** @internal */
export function capturePending({ pendingHostCall: call }: Execution, namer: Namer): PendingCall | undefined {
  if (call === undefined) return undefined;
  return { func: namer.funcIndex(call.func), args: call.args.map((value) => namer.value(value)) };
}

function nameOf(func: Func): string {
  return func.name ?? '(unnamed)';
}
