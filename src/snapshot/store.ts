/**
 * Snapshots of a store, ours: a program that is linked from several modules, in one file. The draft's snapshot is one of an instance.
 *
 * The file is eight bytes of magic and version, the linkage (a length, the number of instances, and for each the hash of its module and
 * the addresses of its imports; linkage.ts), and a snapshot of the draft which says of the store what it would say of an instance:
 * memories, tables, globals, functions by address, the segments of one instance behind those of another. Its module hash is that of the
 * linkage. A store in which nothing runs is a postmortem there.
 */

import {
  type ByteSource,
  bytesOf,
  CALLBACK,
  checkClass,
  checkClasses,
  type OptionChecks,
  readOptions,
} from '../checks';
import { Module } from '../decoder';
import { Reader } from '../decoder/reader';
import { CompileError, LinkError, RuntimeError, SnapshotError } from '../errors';
import { type Execution, type FrameState, Store } from '../interpreter';
import {
  allocateInstance,
  type Extern,
  externOf,
  type Func,
  type ImportValue,
  Instance,
  type Tag,
} from '../runtime';
import {
  CAPTURE_OPTIONS,
  type CaptureOptions,
  type Contents,
  captureContents,
  capturePending,
  captureRoot,
  stoppedFrames,
} from './capture';
import { reject } from './checks';
import { type DecodeOptions, decode } from './decode';
import { EMPTY_DOCUMENT, NO_BYTES, type SnapshotDocument, ZERO64 } from './document';
import { encode } from './encode';
import { STORE_MAGIC } from './format';
import { LiveLinkage, linkageOfInstances, linkageOfRecords, type PartRecord } from './linkage';
import { Namer } from './references';
import {
  type ChunksGo,
  checkRoom,
  frameState,
  type Plan,
  prepare,
  RESTORE_OPTIONS,
  type RestoreOptions,
  stand,
  unusableUnless,
  writeContents,
} from './restore';
import type { Space } from './space';
import { u64, u64Equal } from './u64';
import { mismatch } from './value-types';
import { hashOf } from './verify';
import { verifyStore } from './verify-store';
import { Writer } from './writer';
import { xxh64 } from './xxh64';

/** Whether these bytes claim to be a snapshot of a store. */
export function isStoreSnapshot(source: ByteSource): boolean {
  const bytes = bytesOf('the snapshot', source);
  return bytes.length >= STORE_MAGIC.length && STORE_MAGIC.every((byte, k) => bytes[k] === byte);
}

/**
 * The instances of a store, in the order of their instantiation, and the paused or waiting execution in them; without one, nothing may
 * be running there. Whatever they import is of an earlier instance or the host's. Throws `SnapshotError`.
 */
export function snapshotStore(
  instances: readonly Instance[],
  execution?: Execution,
  options: CaptureOptions = {},
): Uint8Array {
  const given = readOptions('snapshotStore', options, CAPTURE_OPTIONS);
  return storeSnapshot(linkageOf(instances), execution, given);
}

/** @internal How the instances of a store are linked. */
export function linkageOf(instances: readonly Instance[]): LiveLinkage {
  checkClasses('the instances', instances, Instance, 'Instance');
  if (instances.length === 0) throw new SnapshotError('a store without instances', 'state');
  return linkageOfInstances(instances);
}

/** @internal The file, with as much of the memories as `contents` says. */
export function storeSnapshot(
  linkage: LiveLinkage,
  execution: Execution | undefined,
  options: CaptureOptions,
  contents?: Contents,
): Uint8Array {
  const { instances } = linkage;
  const space = spaceOfStore(linkage, instances[0].store);
  const namer = new Namer(space, options.nameExternRef);
  const told = writeLinkage(linkage);
  const document = encode({
    ...EMPTY_DOCUMENT,
    ...captureContents(space, namer, contents),
    timestampMs: options.timestampMs ?? ZERO64,
    wasmHash: xxh64(told),
    segments: {
      dataDropped: joined(instances.map((instance) => instance.droppedDatas)),
      elemDropped: joined(instances.map((instance) => instance.droppedElems)),
    },
    ...(execution === undefined ? { postmortem: true } : captureStack(execution, space, namer)),
    hostState: bytesOf('the host state', options.hostState ?? NO_BYTES),
  });
  const out = new Writer();
  writeHead(out, told);
  out.bytes(document);
  return out.finish();
}

/** @internal The head of the file: magic, version and linkage. */
export function storeHead(linkage: LiveLinkage): Uint8Array {
  const out = new Writer();
  writeHead(out, writeLinkage(linkage));
  return out.finish();
}

function writeHead(out: Writer, told: Uint8Array): void {
  for (const byte of STORE_MAGIC) out.u8(byte);
  out.u32(told.length);
  out.bytes(told);
}

function captureStack(
  execution: Execution,
  space: Space,
  namer: Namer,
): Pick<SnapshotDocument, 'continuations' | 'pendingCall' | 'exceptions'> {
  const frames = stoppedFrames(execution);
  return {
    continuations: [captureRoot(execution, frames, space, namer)],
    pendingCall: capturePending(execution, namer),
    exceptions: namer.exceptions(),
  };
}

function spaceOfStore(linkage: LiveLinkage, store: Store): Space {
  const { memories, tables, globals } = linkage;
  return {
    store,
    memories,
    tables,
    globals,
    func: (address) => linkage.externAt('func', address) as Func,
    tag: (address) => linkage.externAt('tag', address) as Tag,
    tagNumberOf: (tag) => linkage.numberOf(tag),
    numberOf: (func) => linkage.numberOf(func),
    ownNumberOf: (instance, funcidx) => linkage.numberOf(instance.funcAt(funcidx)),
  };
}

function joined(flags: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(flags.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of flags) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}

function writeLinkage(linkage: LiveLinkage): Uint8Array {
  const out = new Writer();
  out.u32(linkage.instances.length);
  linkage.instances.forEach(({ module }, i) => {
    const hash = hashOf(module);
    const imports = linkage.importsOf(i);
    out.word(hash.lo);
    out.word(hash.hi);
    out.u32(imports.length);
    for (const address of imports) out.u32(address);
  });
  return out.finish();
}

function readLinkage(bytes: Uint8Array): { records: PartRecord[]; told: Uint8Array; document: Uint8Array } {
  if (!isStoreSnapshot(bytes)) reject('not a snapshot of a store of version 1', 0);
  try {
    const reader = new Reader(bytes, STORE_MAGIC.length);
    const size = reader.u32();
    const start = reader.pos;
    if (size > reader.end - start) reject('the linkage is longer than what follows', start);
    const body = new Reader(bytes, start, start + size);
    const records: PartRecord[] = [];
    for (let left = body.u32(); left > 0; left--) {
      const hash = u64(body.word(), body.word());
      const imports: number[] = [];
      for (let more = body.u32(); more > 0; more--) imports.push(body.u32());
      records.push({ hash, imports });
    }
    if (body.pos !== body.end) reject('the linkage does not use its whole length', body.pos);
    return {
      records,
      told: bytes.subarray(start, start + size),
      document: bytes.subarray(start + size),
    };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return reject('unexpected end of the linkage, or a bad number in it', error.offset);
  }
}

/** The snapshot of a store: one document for each instance, and how they are linked. */
export interface StoreDocument {
  /** The instances, in the order of their instantiation. */
  readonly records: readonly PartRecord[];
  /** What the draft would say of an instance, of the store. */
  readonly document: SnapshotDocument;
}

/** What a snapshot of a store tells. Throws `SnapshotError`; whether it fits any modules is not looked at. */
export function decodeStore(bytes: ByteSource, options: DecodeOptions = {}): StoreDocument {
  const { records, told, document: inner } = readLinkage(bytesOf('the snapshot', bytes));
  const document = decode(inner, options);
  if (!u64Equal(document.wasmHash, xxh64(told))) mismatch('the snapshot is not of the linkage before it');
  return { records, document };
}

/** The same for a store of several instances. */
export interface RestoreStoreOptions extends RestoreOptions {
  /** What the host gave to an import of the instance with this number. The same thing again for the same thing. */
  readonly importFromHost?: (item: Module['imports'][number], instance: number) => ImportValue | undefined;
}
const RESTORE_STORE_OPTIONS: OptionChecks<RestoreStoreOptions> = {
  ...RESTORE_OPTIONS,
  importFromHost: CALLBACK,
};

/** The instances of a store, and what runs in them. */
export interface RestoredStore {
  /** As many as there are modules, in the same order. */
  readonly instances: readonly Instance[];
  /** Undefined when nothing ran in the store. */
  readonly execution: Execution | undefined;
}

/**
 * Makes the instances anew in `store`, from their modules in the order of their instantiation, and gives them the state that the snapshot
 * tells. They are linked with each other as they were; the rest comes from the host. Throws `SnapshotError`; nothing is changed then but
 * what the host gave, and only if the host's memory does not suffice or `loadHostState` throws.
 */
export function restoreStore(
  bytes: ByteSource,
  store: Store,
  modules: readonly Module[],
  options: RestoreStoreOptions = {},
): RestoredStore {
  const given = readOptions('restoreStore', options, RESTORE_STORE_OPTIONS);
  checkClass('the store', store, Store, 'Store');
  checkClasses('the modules', modules, Module, 'Module');
  const { records, document } = decodeStore(bytes, store.limits);
  checkFits(document, records, modules, given);
  const live = linked(store, modules, records, given);
  try {
    return fill(document, live, spaceOfStore(live, store), given, 'over zeros');
  } catch (error) {
    for (const instance of live.instances) instance.release();
    throw error;
  }
}

/** All that needs no instance. */
function checkFits(
  document: SnapshotDocument,
  records: readonly PartRecord[],
  modules: readonly Module[],
  { loadHostState }: RestoreStoreOptions,
): void {
  verifyStore(document, linkageOfRecords(records, modules));
  if (document.hostState.length > 0 && loadHostState === undefined)
    throw new SnapshotError('the snapshot carries host state, and nothing here takes it', 'unsupported');
}

function linked(
  store: Store,
  modules: readonly Module[],
  records: readonly PartRecord[],
  options: RestoreStoreOptions,
): LiveLinkage {
  const live = new LiveLinkage();
  try {
    link(live, store, modules, records, options);
    return live;
  } catch (error) {
    for (const instance of live.instances) instance.release();
    throw error;
  }
}

/** @internal A store whose memories are filled before the rest of it is known (stages.ts). */
export class StagedStore {
  private readonly live: LiveLinkage;
  private readonly told: Uint8Array;
  private readonly given: RestoreStoreOptions;

  constructor(
    head: Uint8Array,
    private readonly store: Store,
    private readonly modules: readonly Module[],
    options: RestoreStoreOptions,
  ) {
    this.given = readOptions('Arrival', options, RESTORE_STORE_OPTIONS);
    checkClass('the store', store, Store, 'Store');
    checkClasses('the modules', modules, Module, 'Module');
    const { records, told } = readLinkage(head);
    linkageOfRecords(records, modules);
    this.told = told.slice();
    this.live = linked(store, modules, records, this.given);
  }

  get memories(): LiveLinkage['memories'] {
    return this.live.memories;
  }

  finish(bytes: Uint8Array): RestoredStore {
    try {
      const { told } = readLinkage(bytes);
      if (told.length !== this.told.length || told.some((byte, k) => byte !== this.told[k]))
        mismatch('the last stage is of another linkage than the opening');
      const { records, document } = decodeStore(bytes, this.store.limits);
      checkFits(document, records, this.modules, this.given);
      const space = spaceOfStore(this.live, this.store);
      return fill(document, this.live, space, this.given, 'over what is there');
    } catch (error) {
      this.release();
      throw error;
    }
  }

  release(): void {
    for (const instance of this.live.instances) instance.release();
  }
}

/** Instances without contents, linked as the snapshot says. */
function link(
  live: LiveLinkage,
  store: Store,
  modules: readonly Module[],
  records: readonly PartRecord[],
  { importFromHost }: RestoreStoreOptions,
): void {
  records.forEach(({ imports }, i) => {
    const module = modules[i];
    const given = new Map<string, Extern>();
    const externs = module.imports.map((item, k) => {
      const { kind } = item.type;
      const key = `${kind} ${imports[k]}`;
      const known = live.externAt(kind, imports[k]) ?? given.get(key);
      if (known !== undefined) return known;
      const value = importFromHost?.(item, i);
      if (value === undefined) {
        mismatch(`nothing is given for import "${item.module}" "${item.name}" of instance ${i}`);
      }
      const extern = externOf(store, item, value) as Extern;
      given.set(key, extern);
      return extern;
    });
    live.addInstance(allocated(store, module, externs, i));
    live.importsOf(i).forEach((address, k) => {
      if (address !== imports[k]) mismatch(`import ${k} of instance ${i} is another thing in the snapshot`);
    });
  });
}

function allocated(store: Store, module: Module, externs: readonly Extern[], i: number): Instance {
  try {
    return allocateInstance(store, module, externs);
  } catch (error) {
    if (error instanceof LinkError) mismatch(`instance ${i}: ${error.message}`);
    // A memory or table that the limits do not allow.
    if (error instanceof RuntimeError) throw new SnapshotError(`instance ${i}: ${error.message}`, 'limit');
    throw error;
  }
}

function fill(
  document: SnapshotDocument,
  live: LiveLinkage,
  space: Space,
  options: RestoreStoreOptions,
  chunks: ChunksGo,
): RestoredStore {
  const { instances, parts } = live;
  checkRoom(document, space);
  const plan = prepare(document, space, options);
  const execution = document.postmortem
    ? undefined
    : stand(document, space, plan.binder, framesOf(document, live, plan));
  const { dataDropped, elemDropped } = document.segments;
  unusableUnless(instances, () => {
    writeContents(document, space, plan, options, chunks);
    instances.forEach(({ droppedDatas, droppedElems }, i) => {
      const { firstData, firstElem } = parts[i];
      droppedDatas.set(dataDropped.subarray(firstData, firstData + droppedDatas.length));
      droppedElems.set(elemDropped.subarray(firstElem, firstElem + droppedElems.length));
    });
  });
  return { instances, execution };
}

function framesOf(
  { continuations: [root] }: SnapshotDocument,
  live: LiveLinkage,
  { binder }: Plan,
): FrameState[] {
  return root.activations.map((frame) => {
    const { part, index } = live.origins.func[frame.func];
    return frameState(frame, live.instances[part], index, binder);
  });
}
