/** Calls from wasm into the host: how a callback reads its arguments and writes its results. */
import type { ValType } from '../decoder';
import { isRef } from '../decoder';
import { RuntimeError } from '../errors';
import {
  type Func,
  type HostCall as HostCallInterface,
  type Instance,
  f32 as makeF32,
  f64 as makeF64,
  type Value,
} from '../runtime';
import { registers, type Stack, stack } from './registers';
import type { Step } from './step';

/** Host functions that are running, outermost first (for refusing snapshots, and for errors that name them). */
export const hostCalls: HostCall[] = [];

/** Set by the machine while an execution may wait; a synchronous call may not. */
export const waiting: { allowed: boolean; call: HostCall | null; promise: PromiseLike<void> | null } = {
  allowed: false,
  call: null,
  promise: null,
};

export class HostCall implements HostCallInterface {
  readonly func: Func;
  /** The instance whose function makes the call, if wasm makes it. */
  readonly instance: Instance | undefined;
  private ints: Int32Array;
  private floats: Float32Array;
  private doubles: Float64Array;
  private refs: unknown[];
  private word: number;
  private results: Value[] | undefined;

  /** @internal */
  constructor(func: Func, instance: Instance | undefined, frames: Stack, word: number) {
    this.func = func;
    this.instance = instance;
    this.ints = frames.ints;
    this.floats = frames.floats;
    this.doubles = frames.doubles;
    this.refs = frames.refs;
    this.word = word;
  }

  i32(k: number): number {
    return this.ints[this.word + 2 * k];
  }
  u32(k: number): number {
    return this.ints[this.word + 2 * k] >>> 0;
  }
  /** Low word of an i64, as int32. */
  lo(k: number): number {
    return this.ints[this.word + 2 * k];
  }
  /** High word of an i64, as int32. */
  hi(k: number): number {
    return this.ints[this.word + 2 * k + 1];
  }
  /** An i64 taken as unsigned, as a double: exact below 2^53. */
  u64(k: number): number {
    return (this.hi(k) >>> 0) * 4294967296 + this.u32(k);
  }
  f32(k: number): number {
    return this.floats[this.word + 2 * k];
  }
  f64(k: number): number {
    return this.doubles[(this.word >> 1) + k];
  }
  ref(k: number): unknown {
    return this.refs[(this.word >> 1) + k];
  }
  /** The argument, bit exact. */
  value(k: number, type: ValType): Value {
    return { type, lo: this.lo(k), hi: this.hi(k), ref: isRef(type) ? this.ref(k) : null };
  }
  /** All arguments, bit exact. */
  args(): Value[] {
    return this.func.type.params.map((type, k) => this.value(k, type));
  }

  /** @internal */
  setValue(k: number, value: Value): void {
    this.results ??= [];
    this.results[k] = value;
  }
  setI32(k: number, value: number): void {
    this.setI64(k, value | 0, 0);
  }
  setI64(k: number, lo: number, hi: number): void {
    this.setValue(k, { type: this.func.type.results[k], lo, hi, ref: null });
  }
  setF32(k: number, value: number): void {
    this.setValue(k, makeF32(value));
  }
  setF64(k: number, value: number): void {
    this.setValue(k, makeF64(value));
  }
  setRef(k: number, ref: unknown): void {
    this.setValue(k, { type: this.func.type.results[k], lo: 0, hi: 0, ref });
  }

  /** @internal Copies the arguments, since the slots get another owner while the guest waits. */
  detach(): void {
    const count = this.func.type.params.length;
    const ints = this.ints.slice(this.word, this.word + 2 * count);
    this.refs = this.refs.slice(this.word >> 1, (this.word >> 1) + count);
    this.ints = ints;
    this.floats = new Float32Array(ints.buffer);
    this.doubles = new Float64Array(ints.buffer);
    this.word = 0;
  }

  /** @internal Writes the results to the frame at word index fp. What the callback did not set is zero or null. */
  deliver(fp: number): void {
    const { ints, refs } = stack();
    const types = this.func.type.results;
    for (let k = 0; k < types.length; k++) {
      const value = this.results?.[k];
      ints[fp + 2 * k] = value?.lo ?? 0;
      ints[fp + 2 * k + 1] = value?.hi ?? 0;
      if (isRef(types[k])) {
        while (refs.length <= (fp >> 1) + k) refs.push(null);
        refs[(fp >> 1) + k] = value === undefined ? null : value.ref;
      }
    }
  }
}

/** The entry step of a host function: calls it, pops its frame, and goes on behind the call. */
export function callHost(func: Func, fp: number): Step | null {
  const frames = stack();
  const site = frames.sites[registers.sp - 1];
  const call = new HostCall(func, site?.code?.func.instance, frames, fp);
  const { params, results } = func.type;
  registers.fp = fp;
  registers.top = fp + 2 * Math.max(params.length, results.length);
  hostCalls.push(call);
  let promise: void | PromiseLike<void>;
  try {
    promise = func.callback!(call);
  } finally {
    hostCalls.pop();
  }
  func.store.hostHasRun();
  if (promise !== undefined && promise !== null && typeof promise.then === 'function') {
    if (!waiting.allowed) {
      throw new RuntimeError(`host function ${func.name ?? ''} returned a promise to a synchronous call`);
    }
    call.detach();
    waiting.call = call;
    waiting.promise = promise;
    return null;
  }
  return finishHostCall(call, fp);
}

/** Writes the results, pops the host function's frame, and goes on behind the call. */
export function finishHostCall(call: HostCall, fp: number): Step | null {
  call.deliver(fp);
  const { sites, frames } = stack();
  const sp = registers.sp - 1;
  registers.sp = sp;
  registers.fp = frames[sp];
  return sites[sp]!.next;
}
