/**
 * A guest in this thread: the store of an execution, its linked instances, its WASI world and what runs in it. It can be made new, written to
 * bytes at every safepoint or at rest, and made again from those.
 */
import {
  Execution,
  type Extern,
  Func,
  type FuncType,
  type HostCallback,
  I32,
  I64,
  type Instance,
  instantiatePaused,
  LinkError,
  type Module,
  type Outcome,
  Store,
} from 'tswasm';
import {
  Arrival,
  Departure,
  type RestoredStore,
  type RestoreStoreOptions,
  restoreStore,
  SnapshotError,
  snapshotStore,
} from 'tswasm/snapshot';
import {
  type Companion,
  MemoryFileSystem,
  type Pollable,
  StateError,
  Wasi,
  WasiExit,
  type WasiHost,
} from 'tswasm/wasi';
import type { PendingCall } from '../protocol/checkpoint';
import type { ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Guest, Leaving, Turn } from './guest';
import { argumentsFor, jsonOf } from './values';

/** A function that the device gives: its type, and what it does. */
export interface HostFunction {
  readonly type: FuncType;
  readonly callback: HostCallback;
}
/** Undefined: the device has no such function, or it is not permitted. */
export type HostFunctions = (module: string, name: string) => HostFunction | undefined;

export interface GuestSetting {
  readonly spec: ExecutionSpec;
  /** Those of `spec.modules`, decoded. */
  readonly modules: readonly Module[];
  readonly wasiHost: WasiHost;
  readonly output: Pollable;
  /** Functions beside WASI's whose state travels with WASI's. */
  readonly companions: readonly Companion[];
  readonly functions: HostFunctions;
  /** Stands before every host call: a promise makes the guest wait before the call is made. */
  readonly admit: () => Promise<void> | undefined;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** Bytes that the files of a guest may take: they travel with it. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Bytes of lowered code: a device with many guests has room for all of them. */
const MAX_CODE_BYTES = 128 * 1024 * 1024;
/** Characters of a failure that an answer carries. */
const MAX_FAILURE = 2000;

export class StoreGuest implements Guest {
  /** What runs or stands in the store; undefined: it is at rest. */
  private execution: Execution | undefined;
  /** Fuel of what has ended. */
  private spent = 0;
  private readonly store: Store;
  private readonly wasi: Wasi;
  private readonly files: MemoryFileSystem;
  private readonly given = new Map<string, Func>();
  private instances: readonly Instance[] = [];
  /** Stages that are still to come. */
  private arrival: Arrival | undefined;

  private constructor(private readonly setting: GuestSetting) {
    const { spec, wasiHost, output, companions } = setting;
    this.store = new Store({
      maxMemoryBytes: spec.limits.memoryBytes,
      maxCodeBytes: MAX_CODE_BYTES,
      tier: 'interpret',
    });
    this.files = MemoryFileSystem.create({ maxBytes: MAX_FILE_BYTES });
    this.wasi = new Wasi({
      host: { ...wasiHost, stdout: output, stderr: output },
      args: [spec.modules[spec.modules.length - 1].name],
      preopens: [{ path: '.', directory: this.files.directory() }],
      blocking: false,
      companions,
    });
  }

  /** A guest that has not begun. */
  static fresh(setting: GuestSetting, files: ReadonlyMap<string, Uint8Array>): StoreGuest {
    const guest = new StoreGuest(setting);
    for (const [path, bytes] of files) guest.files.writeFile(path, bytes);
    const instances: Instance[] = [];
    try {
      for (const module of setting.modules) {
        const imports = module.imports.map(
          (item) =>
            guest.earlier(instances, item.module, item.name) ?? guest.fromHost(item.module, item.name),
        );
        instances.push(instantiatePaused(guest.store, module, guest.complete(module, imports)));
      }
    } catch (error) {
      if (error instanceof LinkError) throw new FleetError('capability-missing', error.message);
      throw error;
    }
    guest.instances = instances;
    return guest;
  }

  /** The guest that a snapshot of ours tells of. */
  static revived(setting: GuestSetting, snapshot: Uint8Array): StoreGuest {
    const guest = StoreGuest.awaited(setting);
    refusing(() => {
      const [world, contents] = split(snapshot);
      const options = guest.linkOptions();
      guest.settle(world, restoreStore(contents, guest.store, setting.modules, options));
    });
    return guest;
  }

  /** A guest that comes in stages: this is the first one. `take` takes those in the middle, `arrive` the last. */
  static arriving(setting: GuestSetting, opening: Uint8Array): StoreGuest {
    const guest = StoreGuest.awaited(setting);
    refusing(() => {
      guest.arrival = new Arrival(opening, guest.store, setting.modules, guest.linkOptions());
    });
    return guest;
  }
  take(piece: Uint8Array): void {
    refusing(() => this.arrival!.take(piece));
  }
  arrive(last: Uint8Array): void {
    refusing(() => {
      const [world, contents] = split(last);
      this.settle(world, this.arrival!.finish(contents));
      this.arrival = undefined;
    });
  }

  /** One whose store is told of elsewhere. */
  private static awaited(setting: GuestSetting): StoreGuest {
    const guest = new StoreGuest(setting);
    for (const [k, module] of setting.modules.entries()) guest.checkImports(module, k);
    return guest;
  }
  private linkOptions(): RestoreStoreOptions {
    return { importFromHost: (item) => this.fromHost(item.module, item.name) };
  }
  private settle(world: Uint8Array, { instances, execution }: RestoredStore): void {
    this.wasi.restoreState(world);
    this.instances = instances;
    this.execution = execution;
  }

  /** Start functions and `_initialize`, in the order of the instances. */
  private preludeFuncs(): Func[] {
    return this.instances.flatMap((instance) => {
      const { startFunc } = instance;
      const initialize = instance.exports.get('_initialize');
      return [
        ...(startFunc === undefined ? [] : [startFunc]),
        ...(initialize instanceof Func ? [initialize] : []),
      ];
    });
  }
  get preludes(): number {
    return this.preludeFuncs().length;
  }

  begin(what: number | PendingCall): void {
    if (typeof what === 'number') {
      this.execution = new Execution(this.preludeFuncs()[what], []);
      return;
    }
    const { function: name, args } = what;
    const found = this.instances[this.instances.length - 1].exports.get(name);
    if (!(found instanceof Func))
      throw new FleetError('call-failed', `the module exports no function "${name}"`);
    this.execution = new Execution(found, argumentsFor(found, args, name));
  }

  get isBusy(): boolean {
    return this.execution !== undefined;
  }
  get canBeWritten(): boolean {
    return this.execution === undefined || this.execution.state === 'ready' || this.execution.atSafepoint;
  }
  get waitsFor(): PromiseLike<void> | undefined {
    return this.execution?.waitsFor;
  }
  get fuelUsed(): number {
    return this.spent + (this.execution?.fuelUsed ?? 0);
  }

  run(fuel: number, milliseconds: number): Turn {
    const { now } = this.setting;
    const end = now() + milliseconds;
    let outcome: Outcome;
    try {
      outcome = this.execution!.run({ fuel, now, deadline: () => now() >= end });
    } catch (error) {
      if (!(error instanceof WasiExit)) throw error;
      return this.ended({ exitCode: error.code });
    }
    switch (outcome.kind) {
      case 'done':
        return this.ended({ results: outcome.results.map(jsonOf) });
      case 'trapped': {
        const { message, backtrace = [] } = outcome.error;
        const frames = backtrace.slice(0, 10).map((frame) => ` at ${String(frame)}`);
        return this.ended({ failure: `trap: ${message}${frames.join('')}`.slice(0, MAX_FAILURE) });
      }
      case 'waiting':
        return { kind: 'waiting', until: outcome.promise };
      case 'paused':
        return { kind: 'paused' };
    }
  }
  private ended(outcome: Extract<Turn, { kind: 'ended' }>['outcome']): Turn {
    this.spent = this.fuelUsed;
    this.execution = undefined;
    return { kind: 'ended', outcome };
  }

  snapshot(): Uint8Array {
    return join(this.wasi.saveState(), snapshotStore(this.instances, this.begunExecution));
  }
  /** One that has not begun holds nothing but its arguments, which the call has. */
  private get begunExecution(): Execution | undefined {
    return this.execution?.state === 'ready' ? undefined : this.execution;
  }

  depart(): Leaving {
    const departure = new Departure(this.instances);
    return {
      opening: () => departure.opening(),
      left: () => departure.left(),
      next: (bytes) => departure.next(bytes),
      last: () => join(this.wasi.saveState(), departure.finish(this.begunExecution)),
    };
  }

  get memoryBytes(): number {
    const memories = new Set(this.instances.flatMap((instance) => instance.memories));
    return [...memories].reduce((sum, memory) => sum + memory.byteLength, 0);
  }

  file(path: string): Uint8Array | undefined {
    try {
      return this.files.readFile(path);
    } catch {
      return undefined;
    }
  }
  writeFile(path: string, bytes: Uint8Array): void {
    this.files.writeFile(path, bytes);
  }

  dispose(): void {
    this.wasi.cancelWait();
    this.wasi.dispose();
    this.arrival?.release();
    for (const instance of this.instances) instance.release();
  }

  private earlier(instances: readonly Instance[], module: string, name: string): Extern | undefined {
    const { modules } = this.setting.spec;
    const k = instances.findIndex((_, i) => modules[i].name === module);
    return k < 0 ? undefined : instances[k].exports.get(name);
  }

  /** Looked at before a snapshot is, so that what is missing here has the same answer as for a new guest. */
  private checkImports(importer: Module, index: number): void {
    const { spec, modules } = this.setting;
    const earlier = (from: string, name: string): boolean => {
      const k = spec.modules.findIndex((one) => one.name === from);
      return k >= 0 && k < index && modules[k].exports.some((one) => one.name === name);
    };
    const known = importer.imports.map(
      ({ module, name }) => earlier(module, name) || this.fromHost(module, name),
    );
    this.complete(importer, known);
  }

  /** The same function whenever the same import is asked for, so that a snapshot finds it again. */
  private fromHost(module: string, name: string): Func | undefined {
    const key = `${module}\n${name}`;
    const known = this.given.get(key);
    if (known !== undefined) return known;
    const made = this.makeHost(module, name);
    if (made !== undefined) this.given.set(key, made);
    return made;
  }

  private makeHost(module: string, name: string): Func | undefined {
    const { functions, admit } = this.setting;
    const admitted =
      (callback: HostCallback): HostCallback =>
      (call) => {
        const wait = admit();
        return wait === undefined ? callback(call) : wait.then(() => callback(call));
      };
    const wasi = this.wasi.callback(module, name);
    if (wasi !== undefined) {
      const params = Array.from(wasi.row.params, (letter) => (letter === 'I' ? I64 : I32));
      const type = { params, results: name === 'proc_exit' ? [] : [I32] };
      return Func.host(this.store, type, admitted(wasi.callback), `${module}.${name}`);
    }
    const own = functions(module, name);
    if (own === undefined) return undefined;
    return Func.host(this.store, own.type, admitted(own.callback), `${module}.${name}`);
  }

  private complete<T>(module: Module, found: readonly (T | undefined | false)[]): T[] {
    const missing = module.imports.filter((_, k) => found[k] === undefined || found[k] === false);
    if (missing.length > 0) {
      const names = missing.map((item) => `"${item.module}" "${item.name}"`).join(', ');
      throw new FleetError(
        'capability-missing',
        `this device has no, or the deployment does not permit, ${names}`,
      );
    }
    return found as T[];
  }
}

/** What the bytes from outside say wrong is the fault of who sent them. */
function refusing(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof SnapshotError || error instanceof StateError)
      throw new FleetError('bad-request', `the snapshot cannot be restored: ${error.message}`);
    throw error;
  }
}

/** The WASI world with its length before it, then the store. (A store at rest takes no host state into its own file.) */
function join(world: Uint8Array, contents: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + world.length + contents.length);
  new DataView(bytes.buffer).setUint32(0, world.length, true);
  bytes.set(world, 4);
  bytes.set(contents, 4 + world.length);
  return bytes;
}

function split(bytes: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const length = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length === 0 || length > bytes.length - 4)
    throw new FleetError('bad-request', 'the snapshot holds no WASI world');
  return [bytes.subarray(4, 4 + length), bytes.subarray(4 + length)];
}
