/** The embedder's view: one `Wasi` is the world of one guest. */

import { type ByteSource, bytesOf } from '../checks';
import type { Import, Module } from '../decoder/index';
import { type FuncType, I32, I64 } from '../decoder/types';
import { LinkError } from '../errors';
import type { Func, HostCallback, Instance, Store } from '../runtime/index';
import { findImports, type ImportLookup, type ImportSource, type ImportValue } from '../runtime/lookup';
import { neverWaits } from '../runtime/prompts';
import type { Layout } from './abi';
import type { CompanionCall } from './companion';
import { WasiContext, type WasiOptions } from './context';
import { hex, sha256 } from './digest';
import { WasiExit } from './exit';
import { MemoryDirectory } from './files/handles';
import { MemoryFileSystem } from './files/memory';
import type { GuestCall } from './guest';
import { answerOf } from './refusal';
import { type RestorePolicy, restoreState } from './state/restore';
import { type SaveOptions, saveState, visibleState } from './state/save';
import { join } from './streams';
import { CALLS, type CallRow, LAYOUTS, NO_RESULT } from './table';
import { traced } from './traced';

/** Answers one call of the guest; a promise when the guest has to wait. Assignable to the interpreter's HostCallback. */
export type WasiCallback = (call: GuestCall) => void | PromiseLike<void>;

/** The interpreter's `Func.host`. */
export type HostFuncMaker = (store: Store, type: FuncType, callback: HostCallback, name: string) => Func;

/** WASI preview 1 for one program: its imports, and its state. */
export class Wasi {
  /** @internal What the calls share. */
  readonly context: WasiContext;

  constructor(options: WasiOptions) {
    this.context = new WasiContext(options);
  }

  /** The function behind an import, or undefined when it is neither WASI's nor a companion's. */
  callback(
    module: string,
    name: string,
  ): { row: Pick<CallRow, 'params'>; callback: WasiCallback } | undefined {
    const layout = LAYOUTS.find((one) => one.module === module);
    const row = layout && CALLS.find((one) => one.name === name);
    return row === undefined ? this.beside(module, name) : { row, callback: this.answer(row, layout!) };
  }

  private answer(row: CallRow, layout: Layout): WasiCallback {
    const { context } = this;
    const callback = answering((call) =>
      traced(row, context.trace, call, () => answerOf(() => row.handler(context, call, layout))),
    );
    if (!row.waits) neverWaits(callback);
    return callback;
  }

  /** The function of a companion behind an import. */
  private beside(module: string, name: string) {
    for (const companion of this.context.companions) {
      const row = companion.find(module, name);
      if (row !== undefined) return { row, callback: answering(row.handler) };
    }
    return undefined;
  }

  /**
   * What the module imports, in its order, for `instantiate`: `wasi.imports(store, module, Func.host)`. (WASI knows the interpreter
   * by its types only, so the way to make a host function is given.) `others` has what is not of WASI. Throws a LinkError that lists
   * what nobody knows.
   */
  imports(store: Store, module: Module, hostFunc: HostFuncMaker, others: ImportSource = {}): ImportValue[] {
    const lookup: ImportLookup = (from, name) => {
      const found = this.callback(from, name);
      if (found === undefined) return undefined;
      const params = Array.from(found.row.params, (letter) => (letter === 'I' ? I64 : I32));
      const type = { params, results: name === NO_RESULT ? [] : [I32] };
      const callback: HostCallback = found.callback;
      return hostFunc(store, type, callback, `${from}.${name}`);
    };
    return findImports(module, [others, lookup], hintAt);
  }

  /** Runs a command's `_start` to its end, blocking. Gives the exit code. */
  start(instance: Instance): number {
    instance.hideMemories();
    return exitCodeOf(() => entry(instance, '_start').call());
  }

  /** Runs a reactor's `_initialize`, if it has one. */
  initialize(instance: Instance): void {
    instance.hideMemories();
    if (instance.exports.has('_initialize')) entry(instance, '_initialize').call();
  }

  /** The in-memory files behind a preopen, to be read after the run; undefined when its files are not in memory. */
  memoryFiles(path: string): MemoryFileSystem | undefined {
    const directory = this.context.roots.find((root) => root.path === path)?.directory;
    return directory instanceof MemoryDirectory ? MemoryFileSystem.at(directory.node) : undefined;
  }

  /** The whole world as bytes; it can run on afterwards. Throws StateError when something cannot travel. */
  saveState(options?: SaveOptions): Uint8Array {
    return saveState(this.context, options);
  }

  /**
   * Goes on from a saved state on this host: arguments, environment and descriptors are those of the state, the roots are looked for
   * by name among the preopens. Throws StateError, and changes nothing, when the state is malformed or does not fit.
   */
  restoreState(bytes: ByteSource, policy?: RestorePolicy): void {
    restoreState(this.context, bytesOf('the state', bytes), policy);
  }

  /**
   * SHA-256 in hex of the world as the guest sees it: equal for equal worlds. Given the bytes of `postmortem(instance)` too, it covers the
   * guest's own state: the state hash of a deterministic run, the same on every host.
   */
  stateDigest(store: ByteSource = new Uint8Array(0)): string {
    return hex(sha256(join([bytesOf('the state', store), visibleState(this.context)])));
  }

  /** Gives up a wait under way: its call never returns. Saved before or after, the state goes on with that call. */
  cancelWait(): void {
    this.context.cancelWait();
  }

  /** Closes all that the guest has open. */
  dispose(): void {
    this.context.dispose();
  }
}

/** Puts the result where the guest looks for it, when it is there. */
function answering(handler: CompanionCall['handler']): WasiCallback {
  return (call) => {
    const answer = handler(call);
    if (typeof answer === 'number') {
      call.setI32(0, answer);
      return undefined;
    }
    return answer.then((result) => call.setI32(0, result));
  };
}

/** The exit code of a guest that `run` runs: 0 when it returns, else that of `proc_exit`. Other exceptions pass. */
export function exitCodeOf(run: () => void): number {
  try {
    run();
    return 0;
  } catch (error) {
    if (error instanceof WasiExit) return error.code;
    throw error;
  }
}

function entry(instance: Instance, name: string): Func {
  const func = instance.exports.get(name);
  if (func === undefined || !('call' in func))
    throw new LinkError(`the module exports no function "${name}"`);
  return func;
}

function hintAt({ module, name }: Import): string | undefined {
  return module === 'wasi' && name === 'thread-spawn'
    ? 'threads (wasi-threads) are not supported'
    : undefined;
}
