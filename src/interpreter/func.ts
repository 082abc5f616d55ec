/** Function instances (spec "exec/runtime"): defined by a module, or by the host. */
import type { FuncType, ValType } from '../decoder';
import { canonicalFuncType } from '../decoder';
import type { Code } from './code';
import { invoke } from './execution';
import { callHost, type HostCallback } from './hostcall';
import type { Instance } from './instance';
import { type CodeMaking, makeSome, startCode } from './making';
import { registers, type Step } from './registers';
import type { Store } from './store';
import type { Value } from './values';
import { fromJs, toJs } from './values';

export class Func {
  readonly store: Store;
  readonly type: FuncType;
  /** @internal Equal for equal function types of any two modules. */
  readonly typeId: number;
  /** Where a wasm function is defined; undefined for a host function. */
  readonly instance: Instance | undefined;
  /** Index in its instance, or -1. */
  readonly funcidx: number;
  /** @internal */
  readonly callback: HostCallback | undefined;
  private readonly label: string | undefined;
  /** What a call runs. At first a step that lowers the function. */
  entry: Step;
  code: Code | undefined;
  /** @internal Under way: the first, or that of a function that was hot. */
  lowering: CodeMaking | undefined;
  /** @internal Recent samples that found it running, and when they were taken (tiering.ts). */
  heat = 0;
  /** @internal */
  heatEpoch = 0;
  /** @internal How often its code was dropped. Frames in code of an earlier generation are rebuilt before they run. */
  generation = 0;

  private constructor(
    store: Store,
    type: FuncType,
    typeId: number,
    instance: Instance | undefined,
    funcidx: number,
    callback: HostCallback | undefined,
    label: string | undefined,
  ) {
    this.store = store;
    this.type = type;
    this.typeId = typeId;
    this.instance = instance;
    this.funcidx = funcidx;
    this.callback = callback;
    this.label = label;
    this.entry = callback === undefined ? this.enterLowered : (fp) => callHost(this, fp);
  }

  /** A function of the host. `callback` reads its arguments and writes its results through a `HostCall`. */
  static host(store: Store, type: FuncType, callback: HostCallback, name?: string): Func {
    return new Func(store, type, canonicalFuncType(type), undefined, -1, callback, name);
  }

  /** A function of the host with the JS API's conversions: BigInt for i64, an iterable for several results. */
  static js(store: Store, type: FuncType, fn: (...args: never[]) => unknown, name?: string): Func {
    const { params, results } = type;
    return Func.host(
      store,
      type,
      (call) => {
        const args = params.map((param, k) => toJs(call.value(k, param)));
        const result = (fn as (...args: unknown[]) => unknown)(...args);
        if (results.length === 0) return;
        if (results.length === 1) {
          call.setValue(0, fromJs(results[0], result));
          return;
        }
        const values = [...(result as Iterable<unknown>)];
        if (values.length !== results.length)
          throw new TypeError(`expected ${results.length} results, not ${values.length}`);
        const converted = values.map((value, k) => fromJs(results[k], value));
        converted.forEach((value, k) => {
          call.setValue(k, value);
        });
      },
      name,
    );
  }

  /** @internal A function that `instance` defines. */
  static defined(instance: Instance, funcidx: number, type: FuncType, typeId: number): Func {
    return new Func(instance.store, type, typeId, instance, funcidx, undefined, undefined);
  }

  get name(): string | undefined {
    return this.instance === undefined ? this.label : this.instance.module.funcName(this.funcidx);
  }

  /** @internal Lowers a wasm function, once. */
  lower(): Code {
    return this.lowerSome(false, Number.POSITIVE_INFINITY)!;
  }

  /**
   * @internal Goes on lowering a wasm function, for about so many instructions; again with factories of its own when it is `hot`. The code,
   * when it is complete.
   */
  lowerSome(hot: boolean, most: number): Code | undefined {
    if (this.code !== undefined && (this.code.hot || !hot)) return this.code;
    const lowering = this.lowering ?? startCode(this, this.instance!, hot);
    // Should the host's stack overflow in it, the next call begins anew.
    this.lowering = undefined;
    if (makeSome(lowering, most)) {
      this.code = lowering.code;
      this.entry = this.code.entry;
      return this.code;
    }
    this.lowering = lowering;
    return undefined;
  }

  /** A step: to the code, with a stop now and then while that is not complete. */
  private readonly enterLowered = (): Step | null => {
    const code = this.lowerSome(false, registers.lowering);
    if (code !== undefined) return code.entry;
    registers.yielded = { ...this.lowering!.code.entrySite, kind: 'lowering', resume: this.enterLowered };
    return null;
  };

  /** @internal Drops the code; paused executions that stand in it are rebuilt. */
  forget(): void {
    this.generation++;
    this.code = undefined;
    this.lowering = undefined;
    this.heat = 0;
    this.entry = this.enterLowered;
  }

  /** Calls with the JS API's conversions and runs to the end. Throws `RuntimeError` on a trap. */
  call(...args: unknown[]): unknown {
    const { params, results } = this.type;
    const values = this.callRaw(params.map((type: ValType, k: number) => fromJs(type, args[k])));
    if (results.length === 0) return undefined;
    return results.length === 1 ? toJs(values[0]) : values.map(toJs);
  }

  /** Calls with bit-exact values and runs to the end. Throws `RuntimeError` on a trap. */
  callRaw(args: readonly Value[]): Value[] {
    return invoke(this, args);
  }
}
