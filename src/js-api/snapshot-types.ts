/** What the snapshot draft adds to the namespace, as TypeScript sees it. */
import type { BufferSource, CompileOptions, Imports, Module, WebAssemblyNamespace } from './types';

export interface Snapshot {
  readonly resumable: boolean;
  readonly wasmHash: bigint;
  readonly timestamp: bigint;
  readonly continuationsCount: number;
  readonly exceptionsCount: number;
  readonly hostState: ArrayBuffer | null;
  /** A standalone container. */
  toArrayBuffer(): ArrayBuffer;
}
export interface SnapshotOptions {
  /** A dump to look at, of an instance in any state. */
  postmortem?: boolean;
  hostState?: BufferSource;
  /** Must give the same name for the same value on every host. */
  nameExternRef?: (externref: unknown) => bigint;
}
export interface SnapshotModuleOptions extends SnapshotOptions {
  name?: string;
}
export interface SnapshotRestoreOptions {
  snapshot?: Snapshot | BufferSource;
  /** Of a snapshot in the module. Default: the one without a name, if there is one. */
  resumeName?: string;
  /** Instantiate as if the module carried no snapshot. */
  coldStart?: boolean;
  bindExternRef?: (name: bigint) => unknown;
  loadHostState?: (hostState: ArrayBuffer) => void;
}

export interface SnapshotInstance {
  readonly exports: InstanceType<WebAssemblyNamespace['Instance']>['exports'];
  takeSnapshot(options?: SnapshotOptions): Snapshot;
  takeSnapshotModule(wasmBytes: BufferSource, options?: SnapshotModuleOptions): ArrayBuffer;
  /** Suspends at the next safepoint: the exported call under way, or the next one, throws a SuspendError. */
  requestSuspend(): void;
  readonly isSuspended: boolean;
  /** Goes on, and gives the result of the original call. */
  resume(): unknown;
}

export interface SnapshotNamespace extends Omit<WebAssemblyNamespace, 'Instance' | 'instantiate'> {
  readonly Instance: {
    new (module: Module, importObject?: Imports, options?: SnapshotRestoreOptions): SnapshotInstance;
    readonly prototype: SnapshotInstance;
  };
  readonly Snapshot: {
    new (bytes: BufferSource): Snapshot;
    readonly prototype: Snapshot;
    getNames(module: Module): string[];
    fromModule(module: Module, name?: string): Snapshot | null;
    embed(wasmBytes: BufferSource, snapshot: Snapshot, name?: string): ArrayBuffer;
    extract(wasmBytes: BufferSource, name?: string): ArrayBuffer;
  };
  readonly SuspendError: new (message?: string) => Error;
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
