/** The namespace object `WebAssembly`. */
import { CALLBACK, OBJECT, type OptionChecks, readOptions, TEXT } from '../checks';
import type { Features } from '../decoder/features';
import { Module as CoreModule } from '../decoder/index';
import type { DecodeProgress } from '../decoder/parts';
import { CompileError } from '../errors';
import { Store, type TierChoice } from '../interpreter/index';
import { HOST_TAG, type StoreLimits } from '../runtime/index';
import { Agent } from './agent';
import { errors } from './errors';
import { createException, createTag } from './exception';
import { createGlobal } from './global';
import { createInstance } from './instance';
import { createMemory } from './memory';
import { CallMeter, isMetered, METERING_OPTIONS, type MeteringOptions } from './metering';
import { type CompileOptions, compileOptions, createModule, stableBytes } from './module';
import { responseBytes } from './streaming';
import { createTable } from './table';
import { inTurns } from './turns';
import type { WebAssemblyNamespace } from './types';
import { bytesOf, defineHidden, isObject, setNameAndLength, setToStringTag } from './webidl';

/** How a namespace differs from the host's: limits of calls, of stores, and proposals. */
export interface NamespaceOptions extends MeteringOptions {
  /** The store that everything made through the namespace lives in. A new one by default. */
  readonly store?: Store;
  /** Limits of the new store, when none is given. */
  readonly limits?: Partial<StoreLimits>;
  /** What runs functions, in the new store: as in `StoreOptions`. */
  readonly tier?: TierChoice;
  /** Proposals to switch off. */
  readonly features?: Partial<Features>;
  /** Told while a module is compiled how many of its bytes are done, of how many. */
  readonly onProgress?: DecodeProgress;
}

const NAMESPACE_OPTIONS: OptionChecks<NamespaceOptions> = {
  store: OBJECT,
  limits: OBJECT,
  tier: TEXT,
  features: OBJECT,
  onProgress: CALLBACK,
  ...METERING_OPTIONS,
};

interface Internals {
  readonly agent: Agent;
  readonly instances: ReturnType<typeof createInstance>;
}
const namespaces = new WeakMap<object, Internals>();

/** A page makes and drops instances for as long as it lives: what it may use together is the host's affair unless it says otherwise. */
const UNLIMITED = {
  maxMemoryBytes: Number.POSITIVE_INFINITY,
  maxTableElements: Number.POSITIVE_INFINITY,
  maxCodeBytes: Number.POSITIVE_INFINITY,
};

/**
 * A namespace object in the sense of the WebAssembly JavaScript Interface. Objects of one namespace are strangers to another, as
 * with two realms.
 */
export function createWebAssembly(options: NamespaceOptions = {}): WebAssemblyNamespace {
  const given = readOptions('createWebAssembly', options, NAMESPACE_OPTIONS);
  const { store, limits, tier, features, onProgress, ...metering } = given;
  const ofStore = tier === undefined ? limits : { ...limits, tier };
  const agent = new Agent(store ?? new Store({ ...UNLIMITED, ...ofStore }), features);
  if (isMetered(metering)) {
    const meter = new CallMeter(metering);
    agent.invoke = (func, args) => meter.invoke(func, args);
    agent.inTime = (parts, isAwaited) => meter.inTime(parts, isAwaited);
  }
  const wrappers = {
    Memory: createMemory(agent),
    Table: createTable(agent),
    Global: createGlobal(agent),
    Tag: createTag(agent),
  };
  const modules = createModule(agent, onProgress);
  const instances = createInstance(agent, wrappers, modules.stringModuleOf);
  const operations = createOperations(agent, modules, instances);

  const namespace = {};
  for (const [name, [operation, length]] of Object.entries(operations)) {
    setNameAndLength(operation, name, length);
    Object.defineProperty(namespace, name, {
      value: operation,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  const { Module } = modules;
  const { Instance } = instances;
  const interfaces = { Module, Instance, ...wrappers, Exception: createException(agent), ...errors };
  for (const [name, type] of Object.entries(interfaces)) defineHidden(namespace, name, type);
  const tagObject = agent.objectFor(HOST_TAG, () => new wrappers.Tag(HOST_TAG));
  Object.defineProperty(namespace, 'JSTag', { get: () => tagObject, enumerable: true, configurable: true });
  setToStringTag(namespace, 'WebAssembly');
  namespaces.set(namespace, { agent, instances });
  return namespace as WebAssemblyNamespace;
}

/**
 * The core object (`Module`, `Instance`, `Memory`, `Table`, `Global`, `Tag` or `Func` of `tswasm`) behind an object or exported
 * function of a namespace. The other way is the constructor: `new WebAssembly.Memory(coreMemory)`.
 */
export function coreOf(namespace: object, object: unknown): object | undefined {
  return namespaces.get(namespace)?.agent.core(object, Object);
}

/** @internal What a namespace is made of, for what extends it. */
export function internalsOf(namespace: object): Internals {
  return namespaces.get(namespace)!;
}

type Operation = [operation: (...args: never[]) => unknown, length: number];

function createOperations(
  agent: Agent,
  { Module, compile, compileInParts }: ReturnType<typeof createModule>,
  { Instance, readImports, instantiateCore }: ReturnType<typeof createInstance>,
): Record<string, Operation> {
  /** "Asynchronously compile": what is wrong with the arguments rejects the promise too. */
  async function compileLater(
    bytes: Uint8Array | Promise<Uint8Array>,
    options: CompileOptions,
  ): Promise<CoreModule> {
    return inTurns(agent.inTime(compileInParts(await bytes, options), false));
  }

  async function instantiateModule(core: CoreModule, importObject: unknown): Promise<object> {
    const imports = readImports(core, importObject);
    // A later turn, as specified: the caller first gets its promise.
    await undefined;
    return new Instance(instantiateCore(core, imports));
  }

  async function instantiateSource(compiled: Promise<CoreModule>, importObject: unknown): Promise<object> {
    if (importObject !== undefined && !isObject(importObject)) {
      compiled.catch(() => {});
      throw new TypeError('the imports argument must be an object');
    }
    const core = await compiled;
    const module = new Module(core);
    return { module, instance: await instantiateModule(core, importObject) };
  }

  const operations: Record<string, Operation> = {
    validate: [
      (bytes: unknown, options?: unknown) => {
        // Nothing is kept, so nothing is copied, except from memory that another thread may change meanwhile.
        const view = bytesOf(bytes);
        const stable = view.buffer instanceof ArrayBuffer ? view : view.slice();
        try {
          compile(stable, compileOptions(options));
          return true;
        } catch (error) {
          if (error instanceof CompileError) return false;
          throw error;
        }
      },
      1,
    ],
    compile: [
      async (bytes: unknown, options?: unknown) =>
        new Module(await compileLater(stableBytes(bytes), compileOptions(options))),
      1,
    ],
    instantiate: [
      async (source: unknown, importObject?: unknown, options?: unknown) => {
        const core = agent.core(source, CoreModule);
        if (core) return instantiateModule(core, importObject);
        return instantiateSource(compileLater(stableBytes(source), compileOptions(options)), importObject);
      },
      1,
    ],
  };
  // Asked with `in`: reading the property makes Node load its fetch, whose own WebAssembly module would be compiled by the host's
  // namespace and instantiated by this one, if it is put on the global object meanwhile.
  if ('Response' in globalThis) {
    operations.compileStreaming = [
      async (source: unknown, options?: unknown) =>
        new Module(await compileLater(responseBytes(source), compileOptions(options))),
      1,
    ];
    operations.instantiateStreaming = [
      async (source: unknown, importObject?: unknown, options?: unknown) =>
        instantiateSource(compileLater(responseBytes(source), compileOptions(options)), importObject),
      1,
    ];
  }
  return operations;
}
