/** What the snapshot draft adds to the namespace, as TypeScript sees it. */
import type { BufferSource, CompileOptions, Imports, Module, WebAssemblyNamespace } from './types';

/** A snapshot, as the draft's JavaScript API has it. */
export interface Snapshot {
  /** Whether something in it goes on; else it holds the state of a store only. */
  readonly resumable: boolean;
  /** Names the module that it belongs to. */
  readonly wasmHash: bigint;
  /** When it was taken, in the units of the draft. */
  readonly timestamp: bigint;
  /** How many stacks of frames are in it. */
  readonly continuationsCount: number;
  /** How many exceptions are in it. */
  readonly exceptionsCount: number;
  /** What `hostState` was, or null. */
  readonly hostState: ArrayBuffer | null;
  /** A standalone container. */
  toArrayBuffer(): ArrayBuffer;
}
/** What goes into a snapshot. */
export interface SnapshotOptions {
  /** A dump to look at, of an instance in any state. */
  postmortem?: boolean;
  /** Bytes of the host's own, given back when the snapshot is restored. */
  hostState?: BufferSource;
  /** Must give the same name for the same value on every host. */
  nameExternRef?: (externref: unknown) => bigint;
}
/** The same for a snapshot inside a module. */
export interface SnapshotModuleOptions extends SnapshotOptions {
  /** One of several snapshots in the module. */
  name?: string;
}
/** How an instance is made from a snapshot. */
export interface SnapshotRestoreOptions {
  /** What to restore; left out, that which is in the module. */
  snapshot?: Snapshot | BufferSource;
  /** Of a snapshot in the module. Default: the one without a name, if there is one. */
  resumeName?: string;
  /** Instantiate as if the module carried no snapshot. */
  coldStart?: boolean;
  /** The host's object for a name in the snapshot. */
  bindExternRef?: (name: bigint) => unknown;
  /** Is given what `hostState` was. */
  loadHostState?: (hostState: ArrayBuffer) => void;
}

/** An instance that can be written to bytes. */
export interface SnapshotInstance {
  /** What the module exports. */
  readonly exports: InstanceType<WebAssemblyNamespace['Instance']>['exports'];
  /** Its state now, with the call that is suspended in it. */
  takeSnapshot(options?: SnapshotOptions): Snapshot;
  /** The same as a module that starts where this instance stands. */
  takeSnapshotModule(wasmBytes: BufferSource, options?: SnapshotModuleOptions): ArrayBuffer;
  /** Suspends at the next safepoint: the exported call under way, or the next one, throws a SuspendError. */
  requestSuspend(): void;
  /** Whether a call in it is suspended. */
  readonly isSuspended: boolean;
  /** Goes on, and gives the result of the original call. */
  resume(): unknown;
}

/** The `WebAssembly` namespace with the draft's methods for snapshots. */
export interface SnapshotNamespace extends Omit<WebAssemblyNamespace, 'Instance' | 'instantiate'> {
  /** Instances that can be written to bytes, or made from them. */
  readonly Instance: {
    new (module: Module, importObject?: Imports, options?: SnapshotRestoreOptions): SnapshotInstance;
    readonly prototype: SnapshotInstance;
  };
  /** Snapshots, from bytes. */
  readonly Snapshot: {
    new (bytes: BufferSource): Snapshot;
    readonly prototype: Snapshot;
    getNames(module: Module): string[];
    fromModule(module: Module, name?: string): Snapshot | null;
    embed(wasmBytes: BufferSource, snapshot: Snapshot, name?: string): ArrayBuffer;
    extract(wasmBytes: BufferSource, name?: string): ArrayBuffer;
  };
  /** What a host function throws to suspend the call that it is called from. */
  readonly SuspendError: new (
    message?: string,
  ) => Error;
  /** As in the namespace, from a snapshot too. */
  instantiate(
    bytes: BufferSource,
    importObject?: Imports,
    options?: CompileOptions & SnapshotRestoreOptions,
  ): Promise<{ instance: SnapshotInstance; module: Module }>;
  instantiate(
    module: Module,
    importObject?: Imports,
    options?: SnapshotRestoreOptions,
  ): Promise<SnapshotInstance>;
}
