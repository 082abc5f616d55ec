/** A WASI command from its start, or from a snapshot, to its end: what hosts with an event loop have in common. */
import type { ByteSource } from '../../src/checks';
import {
  type BacktraceFrame,
  Execution,
  Func,
  type ImportSource,
  type ImportsByName,
  type Instance,
  instantiatePaused,
  LinkError,
  type Memory,
  type Module,
  Store,
  type StoreLimits,
  type TierChoice,
} from '../../src/index';
import { restore, snapshot, withDigest } from '../../src/snapshot/index';
import type { Wasi } from '../../src/wasi/index';
import type { DriveOptions, StopReason } from './drive';
import { exportedFunc, type ProgramEnding, programOf } from './program';

/** The program's side, for what it imports. */
export interface Guest {
  /** The store that the guest runs in. */
  readonly store: Store;
  /** Throws as long as there is none: it is made when all imports are known. */
  readonly instance: Instance;
  /** The memory that it exports as `memory`. */
  readonly memory: Memory;
}

/** What a module imports beside WASI, by name; or a function that gives it, for imports that look into the guest's memory. */
export type GuestImports = ImportsByName | ((guest: Guest) => ImportSource);

/** The run used up its fuel or time, or was aborted. */
export class RunStoppedError extends Error {
  constructor(
    /** Which limit was reached, or that somebody asked. */
    readonly reason: StopReason,
    /** Where the guest was, innermost frame first. */
    readonly backtrace: readonly BacktraceFrame[],
    /** What it could go on from, when `snapshotTo` asks for it. */
    readonly snapshot?: Uint8Array,
  ) {
    super(`the program was stopped (${reason})`);
  }
}
Object.defineProperty(RunStoppedError.prototype, 'name', { value: 'RunStoppedError', configurable: true });

export interface Run {
  readonly module: Module;
  readonly wasi: Wasi;
  readonly limits: DriveOptions;
  readonly storeLimits?: Partial<StoreLimits>;
  readonly tier?: TierChoice;
  /** Whether it must end alike on every host, to the bits of its NaNs. */
  readonly isDeterministic: boolean;
  readonly imports?: GuestImports;
  readonly snapshotTo?: (snapshot: Uint8Array) => void;
  readonly resumeFrom?: ByteSource;
}

/** Gives the exit code. Throws what `runWasi` says. */
export async function runCommand(run: Run): Promise<number> {
  const { module, wasi } = run;
  const store = new Store({ ...run.storeLimits, tier: run.tier, canonicalNans: run.isDeterministic });
  const guest = new RunningGuest(store);
  const given = typeof run.imports === 'function' ? run.imports(guest) : run.imports;
  const imports = wasi.imports(store, module, Func.host, given);
  const keeper = new SnapshotKeeper(wasi, run.snapshotTo);
  try {
    guest.instance = instantiatePaused(store, module, imports);
    const program = programOf(guest.instance, keeper.watched(run.limits));
    const main = exportedFunc(guest.instance, '_start');
    if (main === undefined) throw new LinkError('the module exports no function "_start"');
    const { resumeFrom } = run;
    const first =
      resumeFrom === undefined ? startOf(guest.instance) : resumed(resumeFrom, guest.instance, wasi);
    let ending = first === undefined ? undefined : await program.goOn(first);
    if (ending === undefined || (ending.kind === 'done' && first?.func !== main)) {
      ending = await program.run(main, []);
    }
    return exitCodeOf(ending, keeper.taken);
  } finally {
    wasi.cancelWait();
  }
}

function exitCodeOf(ending: ProgramEnding, snapshot: Uint8Array | undefined): number {
  switch (ending.kind) {
    case 'done':
      return 0;
    case 'exited':
      return ending.code;
    case 'trapped':
      throw ending.error;
    case 'stopped':
      throw new RunStoppedError(ending.reason, ending.backtrace, snapshot);
  }
}

/** The start function, when there is one. */
function startOf({ startFunc }: Instance): Execution | undefined {
  return startFunc === undefined ? undefined : new Execution(startFunc, []);
}

function resumed(bytes: ByteSource, instance: Instance, wasi: Wasi): Execution {
  return restore(bytes, instance, { loadHostState: (state) => wasi.restoreState(state) });
}

class RunningGuest implements Guest {
  private made: Instance | undefined;

  constructor(readonly store: Store) {}

  get instance(): Instance {
    if (this.made === undefined) throw new TypeError('the instance is made when all its imports are known');
    return this.made;
  }
  set instance(instance: Instance) {
    this.made = instance;
  }
  get memory(): Memory {
    return this.instance.memory('memory');
  }
}

/** Takes a snapshot of an execution that shall not go on. */
class SnapshotKeeper {
  taken: Uint8Array | undefined;

  constructor(
    private readonly wasi: Wasi,
    private readonly target: Run['snapshotTo'],
  ) {}

  watched(options: DriveOptions): DriveOptions {
    if (this.target === undefined) return options;
    const onStop: DriveOptions['onStop'] = (reason, execution) => {
      const more = options.onStop?.(reason, execution);
      if (more === undefined) this.take(execution);
      return more;
    };
    return { ...options, onStop };
  }

  private take(execution: Execution): void {
    const bytes = withDigest(snapshot(execution, { hostState: this.wasi.saveState() }));
    this.taken = bytes;
    this.target?.(bytes);
  }
}
