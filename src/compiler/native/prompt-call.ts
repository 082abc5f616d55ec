/** Calls of callbacks that never wait (`neverWaits`), as native code makes them: with integers as JavaScript has them, and nothing in slots. */
import type { Instance, IntegerCall, JsNumber, PromptCallback, UntypedFunction } from '../../runtime';

/** A callback as a function of JavaScript that `instance` calls. Its result, if it has one, is an i32. */
export function promptFunction(callback: PromptCallback, instance: Instance): UntypedFunction {
  return (...args) => {
    const call = new PromptCall(instance, args as JsNumber[]);
    callback(call);
    return call.result;
  };
}

class PromptCall implements IntegerCall {
  readonly instance: Instance;
  result = 0;
  private readonly args: readonly JsNumber[];

  constructor(instance: Instance, args: readonly JsNumber[]) {
    this.instance = instance;
    this.args = args;
  }
  i32(k: number): number {
    return this.args[k] as number;
  }
  u32(k: number): number {
    return (this.args[k] as number) >>> 0;
  }
  lo(k: number): number {
    return Number(BigInt.asIntN(32, this.args[k] as bigint));
  }
  hi(k: number): number {
    return Number((this.args[k] as bigint) >> 32n);
  }
  setI32(_k: number, value: number): void {
    this.result = value;
  }
}
