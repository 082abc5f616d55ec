/**
 * What the runner asks of an engine. Adapters live in engines/. Every step may be asynchronous, so that an adapter can stop at
 * safepoints, write the state, restore it elsewhere (also in another process) and go on: the runner does not notice.
 */
import type { NumType, Value } from './script/values';

/** Opaque to the runner. */
export type EngineModule = object;
export type EngineExtern = object;
export type EngineExports = ReadonlyMap<string, EngineExtern>;

/** Modules that scripts can import from: `spectest` and whatever they registered. */
export type Registry = ReadonlyMap<string, EngineExports>;

export type FailureKind =
  | 'malformed'
  | 'invalid'
  /** Rejected at compile time by an engine that does not tell malformed from invalid. */
  | 'rejected'
  | 'link'
  | 'trap'
  | 'exhaustion'
  | 'exception'
  /** The script asks for something that is not there: a wrong export name, a missing instance. */
  | 'script'
  /** The engine lacks something (an adapter's limit) or is broken. */
  | 'internal';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** The engine says that it lacks a proposal; this is its name for it. */
  readonly missing?: string;
}

type Awaitable<T> = T | Promise<T>;

export interface Engine {
  readonly name: string;
  /** Whether messages are the suite's; otherwise only the kind of a failure is compared. */
  readonly exactMessages: boolean;
  /** A fresh state (store, spectest module) for one script. The path tells which proposals the script is about. */
  open(script: string): Awaitable<Session>;
  classify(error: unknown): Failure;
  /** After the last script: what there is to tell. */
  finish?(): Awaitable<string>;
}

export interface Session {
  readonly spectest: EngineExports;
  /** Decodes and validates. */
  compile(bytes: Uint8Array): Awaitable<EngineModule>;
  /** Links, initialises and runs the start function. */
  instantiate(module: EngineModule, registry: Registry): Awaitable<EngineExports>;
  /**
   * Calls an exported function. `resultTypes` are those the script expects (undefined: a reference, or unknown); engines that
   * know the types ignore it.
   */
  invoke(
    func: EngineExtern,
    args: readonly Value[],
    resultTypes: readonly ResultType[] | undefined,
  ): Awaitable<Value[]>;
  /** Reads an exported global. */
  get(global: EngineExtern, type: ResultType): Awaitable<Value>;
  close?(): Awaitable<void>;
}
export type ResultType = NumType | 'v128' | undefined;

/** Raised by runner and adapters for scripts that make no sense on this state. */
export class ScriptFailure extends Error {}
/** Raised for commands and values of features that runner or adapter lack. */
export class MissingFeature extends ScriptFailure {
  constructor(readonly feature: string) {
    super(`missing feature "${feature}"`);
  }
}
