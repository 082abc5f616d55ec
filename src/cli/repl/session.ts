/**
 * What a REPL works on: an instance, the call that is under way in it, and states to go back to. A state is a snapshot of the store and of
 * the WASI world; going back makes both anew, so nothing of the present is left.
 */
import { exportedFunc } from '../../../embed/loop/program';
import type { BacktraceFrame, RuntimeError } from '../../errors';
import {
  Execution,
  type Extern,
  Func,
  type Instance,
  instantiatePaused,
  type Module,
  Store,
  type StoreOptions,
  type Value,
} from '../../index';
import { restoreStore, snapshotStore } from '../../snapshot';
import { type Wasi, WasiExit } from '../../wasi';
import { ALIKE } from '../entry';
import { featuresOf } from '../features';
import { parseArguments, parseCall } from '../invoke';
import { type Options, UsageError } from '../options';
import { decodeModule } from '../progress';

export interface Setup {
  readonly options: Options;
  readonly file: string;
  readonly limits: StoreOptions;
  readonly wasi: () => Wasi;
}

/** How far a call has come. */
export type Progress =
  | { readonly kind: 'returned'; readonly results: readonly Value[] }
  | { readonly kind: 'paused'; readonly where: BacktraceFrame | undefined; readonly fuelUsed: number }
  | { readonly kind: 'trapped'; readonly error: RuntimeError }
  | { readonly kind: 'exited'; readonly code: number };

interface State {
  readonly store: Uint8Array;
  readonly wasi: Uint8Array;
}

export class Session {
  private readonly states = new Map<string, State>();
  private execution: Execution | undefined;
  private interrupted = false;

  private constructor(
    readonly module: Module,
    private readonly setup: Setup,
    public instance: Instance,
    private wasi: Wasi,
  ) {}

  /** Instantiates, and runs what a module runs before it is called. */
  static async open(bytes: Uint8Array, setup: Setup): Promise<Session> {
    const module = decodeModule(setup.file, bytes, featuresOf(setup.options));
    const store = new Store({ ...setup.limits, ...ALIKE });
    const wasi = setup.wasi();
    const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host));
    const session = new Session(module, setup, instance, wasi);
    for (const func of [instance.startFunc, exportedFunc(instance, '_initialize')]) {
      if (func === undefined) continue;
      session.execution = new Execution(func, []);
      const progress = await session.go(undefined);
      if (progress.kind === 'trapped') throw progress.error;
    }
    return session;
  }

  get file(): string {
    return this.setup.file;
  }
  get isPaused(): boolean {
    return this.execution !== undefined;
  }
  get stateNames(): readonly string[] {
    return [...this.states.keys()];
  }

  exports(): readonly (readonly [string, Extern])[] {
    return [...this.instance.exports];
  }

  /** Begins a call, as in `add(1, 2)` or `add 1 2`; with `fuel` it is stepped. */
  call(text: string, fuel: number | undefined): Promise<Progress> {
    if (this.execution !== undefined)
      throw new UsageError('a call is under way: :continue, :step or :drop it');
    const [first, ...words] = text.includes('(') ? [text] : text.split(/\s+/);
    const { name, args } = parseCall(first, words, (one) => this.instance.exports.has(one));
    const func = exportedFunc(this.instance, name);
    if (func === undefined) throw new UsageError(`no exported function ${name} (:exports lists them)`);
    this.execution = new Execution(func, parseArguments(name, func.type, args));
    return this.go(fuel);
  }

  /** Goes on with the call, for so much fuel or to its end. */
  async go(fuel: number | undefined): Promise<Progress> {
    const { execution } = this;
    if (execution === undefined) throw new UsageError('no call is under way');
    this.interrupted = false;
    const end = fuel === undefined ? undefined : execution.fuelPaid + fuel;
    try {
      for (;;) {
        const outcome = execution.run({
          ...(end === undefined ? {} : { fuel: Math.max(0, end - execution.fuelPaid) }),
          now: () => performance.now(),
          deadline: turnAfter(SLICE),
        });
        if (outcome.kind === 'waiting') await outcome.promise;
        else if (outcome.kind === 'paused') {
          if (outcome.reason === 'deadline') await new Promise((resolve) => setImmediate(resolve));
          const spent = outcome.reason === 'fuel' || this.interrupted;
          // States can be kept, and frames looked at, only at safepoints.
          if (spent && execution.atSafepoint) return this.pausedAt(execution);
        } else {
          this.execution = undefined;
          return outcome.kind === 'done'
            ? { kind: 'returned', results: outcome.results }
            : endOf(outcome.error);
        }
      }
    } catch (error) {
      this.execution = undefined;
      if (error instanceof WasiExit) return { kind: 'exited', code: error.code };
      throw error;
    }
  }

  private pausedAt(execution: Execution): Progress {
    return { kind: 'paused', where: execution.backtrace()[0], fuelUsed: execution.fuelUsed };
  }

  /** Ctrl-C: the call stops where it is. */
  interrupt(): void {
    this.interrupted = true;
  }

  drop(): void {
    this.wasi.cancelWait();
    this.execution = undefined;
  }

  backtrace(): readonly BacktraceFrame[] {
    return this.execution?.backtrace() ?? [];
  }

  memory(index: number): Uint8Array {
    const memory = this.instance.memories[index];
    if (memory === undefined) throw new UsageError(`there is no memory ${index}`);
    return memory.bytes;
  }

  keep(name: string): number {
    const { execution } = this;
    const store = snapshotStore([this.instance], execution);
    this.states.set(name, { store, wasi: this.wasi.saveState() });
    return store.length;
  }

  back(name: string): void {
    const state = this.states.get(name);
    if (state === undefined)
      throw new UsageError(`no state ${name} (${this.stateNames.join(', ') || 'there is none'})`);
    const { setup, module } = this;
    const store = new Store({ ...setup.limits, ...ALIKE });
    const wasi = setup.wasi();
    const given = wasi.imports(store, module, Func.host);
    const restored = restoreStore(state.store, store, [module], {
      importFromHost: (item) => given[module.imports.indexOf(item)],
    });
    wasi.restoreState(state.wasi);
    this.wasi.dispose();
    this.wasi = wasi;
    this.instance = restored.instances[0];
    this.execution = restored.execution;
  }
}

/** Milliseconds after which the terminal is listened to. */
const SLICE = 20;
function turnAfter(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
}

/** An exit out of a call that had to wait arrives as the cause of a trap. */
function endOf(error: RuntimeError): Progress {
  const { cause } = error;
  return cause instanceof WasiExit ? { kind: 'exited', code: cause.code } : { kind: 'trapped', error };
}
