/**
 * The JavaScript Host API of the snapshot draft, on a namespace of its own: suspending, taking snapshots, and instantiating from them.
 * Every exported call is an execution that can stop. Where the draft is silent, README.md says what is done.
 */
import { CALLBACK, OBJECT, type OptionChecks, readOptions, TEXT } from '../checks';
import { Module as CoreModule } from '../decoder/index';
import { LinkError, RuntimeError } from '../errors';
import { Execution, type Outcome } from '../interpreter/index';
import { Instance as CoreInstance, type Extern, type Value } from '../runtime/index';
import {
  capture,
  capturePostmortem,
  decode,
  encode,
  restore,
  type SnapshotDocument,
  u64FromNumber,
} from '../snapshot/index';
import { allocateInstance } from './instance';
import { createWebAssembly, internalsOf, type NamespaceOptions } from './namespace';
import { asError, createSnapshot, embedded, fromBigInt, toBigInt } from './snapshot-class';
import type { SnapshotNamespace } from './snapshot-types';
import { bytesOf, defineHidden, dictionary } from './webidl';

/** Thrown by an exported call, or by `resume`, when the instance is suspended before it returns. */
export class SuspendError extends Error {}
Object.defineProperty(SuspendError.prototype, 'name', {
  value: 'SuspendError',
  configurable: true,
  writable: true,
});

/** Calls are suspended here, not stopped: the limits of calls are `createWebAssembly`'s. */
export interface SnapshotNamespaceOptions
  extends Omit<NamespaceOptions, 'fuel' | 'deadline' | 'total' | 'onStop'> {
  /** Milliseconds since 1970, for the snapshots' timestamps. Default: none, and equal states are equal bytes. */
  readonly now?: () => number;
}

const SNAPSHOT_NAMESPACE_OPTIONS: OptionChecks<SnapshotNamespaceOptions> = {
  store: OBJECT,
  limits: OBJECT,
  tier: TEXT,
  features: OBJECT,
  onProgress: CALLBACK,
  now: CALLBACK,
};

/** What we know of an instance beside the core. */
interface Guest {
  /** Its calls under way, outermost first. */
  readonly running: Execution[];
  suspended: Execution | undefined;
  requested: boolean;
}

const NEVER_NAMED = 0xffff_ffff_ffff_ffffn;

/** A namespace of its own with snapshots. */
export function createSnapshotWebAssembly(options: SnapshotNamespaceOptions = {}): SnapshotNamespace {
  const { now, ...rest } = readOptions('createSnapshotWebAssembly', options, SNAPSHOT_NAMESPACE_OPTIONS);
  const namespace = createWebAssembly(rest) as SnapshotNamespace;
  const { agent, instances } = internalsOf(namespace);
  const { Snapshot, documentOf } = createSnapshot(agent);
  const guests = new WeakMap<CoreInstance, Guest>();

  function guestOf(core: CoreInstance): Guest {
    let guest = guests.get(core);
    if (guest === undefined) {
      guest = { running: [], suspended: undefined, requested: false };
      guests.set(core, guest);
    }
    return guest;
  }

  /** Runs an execution to its end, or until it is suspended. Gives the results. */
  function run(guest: Guest, execution: Execution): readonly Value[] {
    if (guest.requested && execution.outer === undefined) execution.pause();
    guest.running.push(execution);
    let outcome: Outcome;
    try {
      outcome = execution.run();
      // What the request was too late for, or came in the middle of a bulk operation.
      while (outcome.kind === 'paused' && (execution.outer !== undefined || !execution.atSafepoint)) {
        outcome = execution.run(execution.outer === undefined ? { fuel: 0 } : {});
      }
    } finally {
      guest.running.pop();
    }
    if (outcome.kind === 'trapped') throw outcome.error;
    if (outcome.kind === 'waiting')
      throw new RuntimeError('a host function returned a promise to a synchronous call');
    if (outcome.kind === 'paused') {
      guest.requested = false;
      guest.suspended = execution;
      throw new SuspendError('the instance is suspended: take a snapshot, or resume it');
    }
    return outcome.results;
  }

  agent.invoke = (func, args) => {
    const values = func.toValues(args);
    if (func.instance === undefined) return func.toResult(func.callRaw(values));
    const guest = guestOf(func.instance);
    if (guest.suspended !== undefined) throw new RuntimeError('the instance is suspended: resume it first');
    return func.toResult(run(guest, new Execution(func, values)));
  };

  function take(core: CoreInstance, given: unknown): object {
    const { postmortem, hostState, nameExternRef } = dictionary(given, 'the options');
    const captureOptions = {
      ...(now === undefined ? {} : { timestampMs: u64FromNumber(now()) }),
      ...(hostState === undefined ? {} : { hostState: bytesOf(hostState).slice() }),
      nameExternRef: (ref: unknown) => {
        if (typeof nameExternRef !== 'function') throw new TypeError('an externref needs nameExternRef');
        const name: unknown = nameExternRef(ref);
        if (typeof name !== 'bigint' || BigInt.asUintN(64, name) === NEVER_NAMED) {
          throw new TypeError('nameExternRef must give a bigint other than 0xffffffffffffffff');
        }
        return fromBigInt(name);
      },
    };
    const { suspended } = guestOf(core);
    if (!postmortem && suspended === undefined) {
      throw new RuntimeError(
        'nothing is suspended in the instance: requestSuspend() and let the host function return',
      );
    }
    try {
      return new Snapshot(
        encode(postmortem ? capturePostmortem(core, captureOptions) : capture(suspended!, captureOptions)),
      );
    } catch (error) {
      throw asError(error, RuntimeError);
    }
  }

  const { Instance: Base } = namespace;
  const receiver = (self: unknown): CoreInstance => agent.slot(self, CoreInstance, 'Instance');
  const members = {
    takeSnapshot(this: unknown, given?: unknown): object {
      return take(receiver(this), given);
    },
    takeSnapshotModule(this: unknown, wasmBytes: unknown, given?: unknown): ArrayBuffer {
      return Snapshot.embed(wasmBytes, take(receiver(this), given), dictionary(given, 'the options')['name']);
    },
    requestSuspend(this: unknown): void {
      const guest = guestOf(receiver(this));
      guest.requested = true;
      if (guest.running[0]?.outer === undefined) guest.running[0]?.pause();
    },
    get isSuspended(): boolean {
      return guestOf(receiver(this)).suspended !== undefined;
    },
    resume(this: unknown): unknown {
      const guest = guestOf(receiver(this));
      const { suspended } = guest;
      if (suspended === undefined) throw new RuntimeError('the instance is not suspended');
      guest.suspended = undefined;
      const values = run(guest, suspended).map((value) => agent.toJsValue(value));
      return values.length > 1 ? values : values[0];
    },
  };
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(members))) {
    Object.defineProperty(Base.prototype, key, { ...descriptor, enumerable: true });
  }

  /** The snapshot that an instantiation goes on from, if any. */
  function chosen(core: CoreModule, given: Record<string, unknown>): SnapshotDocument | undefined {
    const { snapshot, resumeName, coldStart } = given;
    if (snapshot !== undefined) return documentOf(snapshot) ?? documentOf(new Snapshot(snapshot));
    if (coldStart) return undefined;
    const name = resumeName === undefined ? '' : `${resumeName as string}`;
    const bytes = embedded(core.bytes, name);
    if (bytes === undefined && resumeName !== undefined) {
      throw new LinkError(`the module carries no snapshot '${name}'`);
    }
    return bytes && decode(bytes);
  }

  function restored(
    core: CoreModule,
    imports: readonly Extern[],
    document: SnapshotDocument,
    given: Record<string, unknown>,
  ): CoreInstance {
    const { bindExternRef, loadHostState } = given;
    const instance = allocateInstance(agent, core, imports);
    try {
      const execution = restore(document, instance, {
        ...(typeof bindExternRef === 'function'
          ? { bindExternRef: (name) => bindExternRef(toBigInt(name)) as unknown }
          : {}),
        loadHostState: (bytes) => {
          if (typeof loadHostState === 'function') loadHostState(bytes.slice().buffer);
        },
      });
      guestOf(instance).suspended = execution;
    } catch (error) {
      throw asError(error, LinkError);
    }
    return instance;
  }

  const Instance = new Proxy(Base, {
    construct(target, [module, importObject, given]: unknown[], newTarget) {
      const core = agent.core(module, CoreModule);
      if (core === undefined) return Reflect.construct(target, [module, importObject], newTarget) as object;
      const fields = dictionary(given, 'the options');
      const document = chosen(core, fields);
      const source =
        document === undefined
          ? module
          : restored(core, instances.readImports(core, importObject), document, fields);
      return Reflect.construct(target, [source, importObject], newTarget) as object;
    },
  });
  defineHidden(Base.prototype, 'constructor', Instance);
  defineHidden(namespace, 'Instance', Instance);
  defineHidden(namespace, 'Snapshot', Snapshot);
  defineHidden(namespace, 'SuspendError', SuspendError);

  const plain = namespace.instantiate;
  const instantiate = async (source: unknown, importObject?: unknown, given?: unknown): Promise<object> => {
    const isModule = agent.core(source, CoreModule) !== undefined;
    const module = isModule ? (source as never) : await namespace.compile(source as never, given as never);
    const core = agent.core(module, CoreModule)!;
    const fields = dictionary(given, 'the options');
    if (chosen(core, fields) === undefined) {
      const instance = await plain(module, importObject as never);
      return isModule ? instance : { module, instance };
    }
    const instance = new Instance(module, importObject as never, given as never);
    return isModule ? instance : { module, instance };
  };
  Object.defineProperty(instantiate, 'length', { value: 1 });
  Object.defineProperty(namespace, 'instantiate', {
    value: instantiate,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  return namespace;
}
