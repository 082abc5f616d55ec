/**
 * The agent: the store that the objects of one namespace live in, and the object caches (section "WebAssembly JS Object Caches"),
 * which keep one JavaScript object for each function, memory, table, global and tag.
 */
import { shown } from '../checks';
import type { Features } from '../decoder/features';
import { hierarchyOf } from '../decoder/matching';
import { type FuncType, HEAP, isRef, V128, type ValType } from '../decoder/types';
import type { Store } from '../interpreter/index';
import { type Exception, Func, fromJs, toJs, UncaughtException, type Value } from '../runtime/index';
import { toHostError } from './errors';
import { isObject, setNameAndLength } from './webidl';

export type AnyFunction = (...args: unknown[]) => unknown;

/** Work in parts, and what it gives. */
export type PartsOf<T> = Generator<undefined, T, undefined>;

/** A class of the core, whose constructor may be private. */
interface Class<T> {
  readonly prototype: T;
  [Symbol.hasInstance](value: unknown): boolean;
}

/** Function references cross the boundary as Exported Functions. */
function isFuncRef(type: ValType): boolean {
  return isRef(type) && hierarchyOf(type) === HEAP.func;
}

/** Values of these types never reach JavaScript. */
export function isOpaque(type: ValType): boolean {
  return type === V128 || (isRef(type) && hierarchyOf(type) === HEAP.exn);
}
function hasOpaque({ params, results }: FuncType): boolean {
  return params.some(isOpaque) || results.some(isOpaque);
}
function refuseOpaque(): never {
  throw new TypeError('a value of its type has no JavaScript form');
}

export class Agent {
  private readonly objects = new WeakMap<object, object>();
  private readonly cores = new WeakMap<object, object>();
  /** "The index of the host function". */
  private readonly hostIndices = new WeakMap<Func, number>();

  /** How an Exported Function runs. Executions that can be suspended are another way (snapshot.ts). */
  invoke: (func: Func, args: readonly unknown[]) => unknown;
  /** Compiling within limits, while the program waits for it or in turns with its event loop. */
  inTime: <T>(parts: PartsOf<T>, isAwaited: boolean) => PartsOf<T> = (parts) => parts;

  /** The object of an exception that leaves a call; the namespace makes it. */
  exceptionObject: (exception: Exception) => object = (exception) => new UncaughtException(exception);

  constructor(
    readonly store: Store,
    readonly features: Partial<Features> | undefined,
  ) {
    this.invoke = store.machine.invoke;
  }

  /** The object for a core object, made on first use; `make` ends in `remember`. */
  objectFor<T extends object>(core: object, make: () => T): T {
    return (this.objects.get(core) as T | undefined) ?? make();
  }

  /** Fills the internal slot of a new object, and the cache. */
  remember(core: object, object: object): void {
    this.objects.set(core, object);
    this.cores.set(object, core);
  }

  /**
   * The same for an interface object, which its constructor then returns. `structuredClone` takes no weak references, also not by another
   * prototype: what would arrive elsewhere is an empty object, for a clone has no internal slot of ours. Hosts that cannot clone may have none.
   */
  adopt<T extends object>(core: object, object: T): T {
    const adopted: T =
      typeof WeakRef === 'undefined'
        ? object
        : Object.setPrototypeOf(new WeakRef(this), Object.getPrototypeOf(object));
    this.remember(core, adopted);
    return adopted;
  }

  /** The internal slot: the core object behind an interface object or Exported Function; undefined for any other value. */
  core<T>(value: unknown, type: Class<T>): T | undefined {
    const core = isObject(value) ? this.cores.get(value) : undefined;
    return core instanceof type ? (core as T) : undefined;
  }

  /** The internal slot of a method's receiver or of an argument that must have it. */
  slot<T>(value: unknown, type: Class<T>, name: string): T {
    const core = this.core(value, type);
    if (core === undefined)
      throw new TypeError(`expected a WebAssembly.${name} of this namespace, not ${shown(value)}`);
    return core;
  }

  /** "A new Exported Function". */
  exportedFunction(func: Func): AnyFunction {
    return this.objectFor(func, () => {
      const { params, results } = func.type;
      const plain = !params.some(isFuncRef) && !results.some(isFuncRef);
      const isHidden = hasOpaque(func.type);
      // An arrow function has no [[Construct]] and no prototype property.
      const call = (...args: unknown[]): unknown => {
        try {
          if (isHidden) refuseOpaque();
          // What is converted before and after is not on the host's stack meanwhile.
          if (plain) return this.invoke(func, args);
          return this.wrapAll(results, this.invoke(func, this.unwrapAll(params, args)));
        } catch (error) {
          throw error instanceof UncaughtException
            ? this.exceptionObject(error.exception)
            : toHostError(error, call);
        }
      };
      // A bound function prints as native code, as those of engines do.
      const exported = call.bind(undefined);
      setNameAndLength(exported, `${this.hostIndices.get(func) ?? func.funcidx}`, params.length);
      this.remember(func, exported);
      return exported;
    });
  }

  private unwrapAll(params: readonly ValType[], args: readonly unknown[]): unknown[] {
    return params.map((type, i) => this.unwrap(type, args[i]));
  }
  private wrapAll(types: readonly ValType[], result: unknown): unknown {
    return types.length > 1
      ? (result as readonly unknown[]).map((value) => this.wrap(value))
      : this.wrap(result);
  }

  /** "Create a host function". What `callee` throws passes unchanged. */
  hostFunction(type: FuncType, callee: AnyFunction, index: number, name: string): Func {
    const { params, results } = type;
    const plain = !params.some(isFuncRef) && !results.some(isFuncRef);
    const called = hasOpaque(type) ? refuseOpaque : plain ? callee : this.withFuncRefs(results, callee);
    const func = Func.js(this.store, type, called, name);
    this.hostIndices.set(func, index);
    return func;
  }

  private withFuncRefs(results: readonly ValType[], callee: AnyFunction): AnyFunction {
    return (...args) => {
      const result = callee(...args.map((value) => this.wrap(value)));
      if (results.length === 0) return undefined;
      if (results.length === 1) return this.unwrap(results[0], result);
      if ((result as Iterable<unknown>)?.[Symbol.iterator] === undefined) throw new TypeError('not iterable');
      return Array.from(result as Iterable<unknown>, (value, i) => this.unwrap(results[i], value));
    };
  }

  /** A raw reference as JavaScript sees it. */
  wrap(ref: unknown): unknown {
    return ref instanceof Func ? this.exportedFunction(ref) : ref;
  }

  private unwrap(type: ValType, value: unknown): unknown {
    return (isFuncRef(type) && this.core(value, Func)) || value;
  }

  /** ToJSValue. */
  toJsValue(value: Value): unknown {
    if (isOpaque(value.type)) refuseOpaque();
    return this.wrap(toJs(value));
  }

  /** ToWebAssemblyValue. */
  toWasmValue(type: ValType, value: unknown): Value {
    if (isOpaque(type)) refuseOpaque();
    return fromJs(type, this.unwrap(type, value));
  }
}
