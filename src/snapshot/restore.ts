/**
 * A document -> a paused execution in a freshly instantiated instance (draft, "Restoration and Re-Materialisation").
 *
 * Everything is checked, every reference bound and the frames built before the store changes. What can still fail then, the host's memory
 * or the embedder's own loader, leaves an instance that says that it is unusable.
 */
import { type ByteSource, CALLBACK, checkClass, type OptionChecks, readOptions } from '../checks';
import { isRef } from '../decoder/types';
import { SnapshotError } from '../errors';
import { Execution, type FrameState, type PendingHostCall } from '../interpreter';
import { type Global, Instance, type Value } from '../runtime';
import { applyChunks } from './chunks';
import { decode } from './decode';
import { type Activation, isStored, memoryBytes, type SnapshotDocument } from './document';
import { type BindExternRef, Binder } from './references';
import { checkLimits } from './room';
import { firstIndices, type Space, spaceOf } from './space';
import { mismatch, typeOfTag } from './value-types';
import { verifyLinked } from './verify';

/** What a snapshot refers to that is the host's, and whether its module is checked. */
export interface RestoreOptions {
  /** Values for the names of externrefs; without it, a snapshot that holds one is refused. */
  readonly bindExternRef?: BindExternRef;
  /** Takes the embedder's own state; without it, a snapshot that carries some is refused. Throws when it cannot use the bytes. */
  readonly loadHostState?: (bytes: Uint8Array) => void;
  /** The other way of `bindExternRef`, for `snapshot`: one object may serve both. */
  readonly nameExternRef?: unknown;
}

/** @internal */
export const RESTORE_OPTIONS: OptionChecks<RestoreOptions> = {
  bindExternRef: CALLBACK,
  loadHostState: CALLBACK,
  nameExternRef: CALLBACK,
};

/**
 * Restores into an instance from `instantiatePaused` that has run nothing. Throws `SnapshotError`; the instance is unchanged unless it
 * then says that it is unusable. `run` goes on past the safepoint at which the execution was stopped.
 */
export function restore(
  source: ByteSource | SnapshotDocument,
  instance: Instance,
  options: RestoreOptions = {},
): Execution {
  checkClass('the instance', instance, Instance, 'Instance');
  const given = readOptions('restore', options, RESTORE_OPTIONS);
  const { limits } = instance.store;
  const document = isDocument(source) ? source : decode(source, limits);
  checkLimits(document, limits);
  check(document, instance, given);
  const space = spaceOf(instance);
  checkRoom(document, space);
  const plan = prepare(document, space, given);
  const [root] = document.continuations;
  const frames = root.activations.map((frame) => frameState(frame, instance, frame.func, plan.binder));
  const execution = stand(document, space, plan.binder, frames);
  unusableUnless([instance], () => {
    writeContents(document, space, plan, given);
    instance.droppedDatas.set(document.segments.dataDropped);
    instance.droppedElems.set(document.segments.elemDropped);
  });
  return execution;
}

function isDocument(source: ByteSource | SnapshotDocument): source is SnapshotDocument {
  return typeof source === 'object' && source !== null && 'postmortem' in source;
}

/** @internal The paused execution. Its frames may be more than the host permits; then the instances are still fresh. */
export function stand(
  { continuations: [root], pendingCall: call }: SnapshotDocument,
  space: Space,
  binder: Binder,
  frames: readonly FrameState[],
): Execution {
  let pending: PendingHostCall | undefined;
  if (call !== undefined) {
    const func = space.func(call.func);
    pending = { func, args: call.args.map((value, i) => binder.value(value, func.type.params[i])) };
  }
  return Execution.restore(space.func(root.entryFunc), frames, pending);
}

/** @internal What `prepare` has bound. */
export interface Plan {
  readonly binder: Binder;
  readonly globals: readonly Value[];
  /** By table; undefined where it is shared with an earlier one. */
  readonly tables: readonly (readonly unknown[] | undefined)[];
}

/** All that needs the instance, on top of what `verify` asks of the module. */
function check(document: SnapshotDocument, instance: Instance, options: RestoreOptions): void {
  if (instance.unusable !== undefined) throw new SnapshotError(instance.unusable, 'state');
  if (instance.hasRun) {
    throw new SnapshotError('a snapshot restores only into a fresh instance, and this one has run', 'state');
  }
  if (document.postmortem) throw new SnapshotError('a postmortem cannot be resumed', 'unsupported');
  verifyLinked(document, instance.module, (funcidx) => instance.funcAt(funcidx).instance !== undefined);
  if (document.hostState.length > 0 && options.loadHostState === undefined) {
    throw new SnapshotError('the snapshot carries host state, and nothing here takes it', 'unsupported');
  }
  checkSharing('memory', document.memories, instance.memories);
  checkSharing('table', document.tables, instance.tables);
}

/** Which imports are one memory or table is settled at linking: the instance and the snapshot must agree. */
function checkSharing(
  what: string,
  records: readonly { readonly sameAs: number | undefined }[],
  live: readonly object[],
): void {
  firstIndices(live).forEach((first, i) => {
    const stored = records[i].sameAs ?? i;
    if (first === stored) return;
    const text = (index: number) => (index === i ? 'its own' : `${what} ${index}`);
    mismatch(`${what} ${i} is ${text(stored)} in the snapshot, but ${text(first)} in the instance`);
  });
}

/** @internal Sizes against the fresh instance's and the host's limits. */
export function checkRoom(document: SnapshotDocument, { store, memories, tables }: Space): void {
  let bytes = store.memories.used;
  let elements = store.tables.used;
  document.memories.forEach((record, i) => {
    if (!isStored(record)) return;
    const added = memoryBytes(record) - memories[i].byteLength;
    if (added < 0) mismatch(`memory ${i} is smaller in the snapshot than in a fresh instance`);
    bytes += added;
  });
  document.tables.forEach((record, i) => {
    if (!isStored(record)) return;
    const added = record.elements.length / 2 - tables[i].length;
    if (added < 0) mismatch(`table ${i} is smaller in the snapshot than in a fresh instance`);
    elements += added;
  });
  const { maxMemoryBytes, maxTableElements } = store.limits;
  if (bytes > maxMemoryBytes) {
    throw new SnapshotError(
      `the snapshot needs ${bytes} bytes of memory, the limit is ${maxMemoryBytes}`,
      'limit',
    );
  }
  if (elements > maxTableElements) {
    throw new SnapshotError(
      `the snapshot needs ${elements} table elements, the limit is ${maxTableElements}`,
      'limit',
    );
  }
}

/** @internal Binds every reference and types every value, without a change to an instance. */
export function prepare(document: SnapshotDocument, space: Space, options: RestoreOptions): Plan {
  const binder = new Binder(space, options.bindExternRef, document.exceptions);
  const globals = document.globals.map((value, i) => binder.value(value, space.globals[i].type.value));
  space.globals.forEach((global, i) => {
    checkImmutable(global, globals[i], i);
  });
  const tables = document.tables.map((record) => {
    if (!isStored(record)) return undefined;
    const { type, elements } = record;
    const refs: unknown[] = [];
    for (let i = 0; i < elements.length; i += 2)
      refs.push(binder.reference(type, elements[i], elements[i + 1]));
    return refs;
  });
  return { binder, globals, tables };
}

/** What cannot change has the value that instantiation gave it; other code may rely on it. */
function checkImmutable(global: Global, value: Value, index: number): void {
  if (global.type.mutable) return;
  const live = global.get();
  const narrow = value.type === 0x7f || value.type === 0x7d;
  const same = isRef(value.type)
    ? live.ref === value.ref
    : live.lo === value.lo && (narrow || live.hi === value.hi) && sameVector(live, value);
  if (!same) mismatch(`immutable global ${index} has another value in the instance`);
}

function sameVector({ bytes: a }: Value, { bytes: b }: Value): boolean {
  return a === undefined || a.every((byte, k) => byte === b![k]);
}

/** @internal */
export function frameState(
  { site, offset, targetLoop, values }: Activation,
  instance: Instance,
  funcidx: number,
  binder: Binder,
): FrameState {
  return {
    instance,
    funcidx,
    kind: site as FrameState['kind'],
    offset,
    targetLoop,
    values: values.map((value) => binder.value(value, typeOfTag(value.type))),
  };
}

/** @internal Whatever goes wrong in `change` leaves the instances unusable. */
export function unusableUnless(instances: readonly Instance[], change: () => void): void {
  for (const instance of instances) {
    instance.unusable = 'a snapshot failed to restore into this instance, so it cannot be used';
  }
  change();
  for (const instance of instances) {
    instance.hasRun = true;
    instance.unusable = undefined;
  }
}

/** @internal What the chunks of a document are written over: a snapshot's over zeros, a last stage's over what has been sent before. */
export type ChunksGo = 'over zeros' | 'over what is there';

/** @internal Changes memories, tables and globals. */
export function writeContents(
  document: SnapshotDocument,
  space: Space,
  plan: Plan,
  options: RestoreOptions,
  chunks: ChunksGo = 'over zeros',
): void {
  grow(document, space);
  if (document.hostState.length > 0) options.loadHostState!(document.hostState.slice());
  document.memories.forEach((record, i) => {
    if (!isStored(record)) return;
    const { bytes } = space.memories[i];
    if (chunks === 'over zeros') bytes.fill(0);
    applyChunks(record.chunks, bytes);
  });
  plan.tables.forEach((refs, i) => {
    refs?.forEach((ref, k) => {
      space.tables[i].set(k, ref);
    });
  });
  plan.globals.forEach((value, i) => {
    if (space.globals[i].type.mutable) space.globals[i].set(value);
  });
}

function grow(document: SnapshotDocument, { memories, tables }: Space): void {
  const failed = (what: string): never => {
    throw new SnapshotError(`the host has no room for ${what}; the instance is now unusable`, 'limit');
  };
  document.memories.forEach((record, i) => {
    const delta = isStored(record) ? record.pages - memories[i].pages : 0;
    if (delta > 0 && memories[i].grow(delta) < 0) failed(`memory ${i}`);
  });
  document.tables.forEach((record, i) => {
    const delta = isStored(record) ? record.elements.length / 2 - tables[i].length : 0;
    if (delta > 0 && tables[i].grow(delta, null) < 0) failed(`table ${i}`);
  });
}
