/** Calls from wasm into the host: how a callback reads its arguments and writes its results. */
import { F32, F64, I32, I64, isRef, type ValType, valTypeName } from '../decoder';
import { type Door, printable, RuntimeError } from '../errors';
import {
  type Func,
  type HostCall as HostCallInterface,
  hasVectors,
  type Instance,
  isAdapter,
  f32 as makeF32,
  f64 as makeF64,
  readWords,
  reference,
  type Value,
  valueFor,
  wordOf,
  wordsOf,
  wordsOfAll,
  writeWords,
} from '../runtime';
import { codeOf } from './code';
import { hostThrew } from './exceptions';
import { registers, type Stack, stack } from './registers';
import type { Step } from './step';
import { settle } from './unsettled';

/** Host functions that are running, outermost first (for refusing snapshots, and for errors that name them). */
export const hostCalls: RunningHost[] = [];
export interface RunningHost {
  readonly func: Func;
  /** The function of ours that has called it, and how many of ours stand before it, that one among them. */
  readonly door: Door;
  readonly doors: number;
}
/** The innermost of them, for whoever a host function may have called. What an array has before its first element, engines look for as for a property of another name. */
export function runningHost(): RunningHost | undefined {
  settle();
  const { length } = hostCalls;
  return length > 0 ? hostCalls[length - 1] : undefined;
}

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
  /** Arguments that can be read. */
  private readable: number;
  private ended = false;
  /** Whether arguments lie further apart than a slot. */
  private readonly vectors: boolean;

  /** @internal */
  get door(): Door {
    return codeOf(this.func).entry;
  }
  /** @internal */
  get doors(): number {
    return isAdapter(this.func.callback!) ? 2 : 1;
  }

  /** @internal */
  constructor(func: Func, instance: Instance | undefined, frames: Stack, word: number) {
    this.func = func;
    this.instance = instance;
    this.ints = frames.ints;
    this.floats = frames.floats;
    this.doubles = frames.doubles;
    this.refs = frames.refs;
    this.word = word;
    this.readable = func.type.params.length;
    this.vectors = hasVectors(func.type);
  }

  /** Word index of an argument. Throws a RangeError for one that there is not, and once the call has ended. */
  private at(k: number): number {
    if ((k | 0) !== k || k < 0 || k >= this.readable)
      throw this.misused('argument', k, this.func.type.params);
    return this.word + (this.vectors ? wordOf(this.func.type.params, k) : 2 * k);
  }
  i32(k: number): number {
    return this.ints[this.at(k)];
  }
  u32(k: number): number {
    return this.ints[this.at(k)] >>> 0;
  }
  lo(k: number): number {
    return this.ints[this.at(k)];
  }
  hi(k: number): number {
    return this.ints[this.at(k) + 1];
  }
  u64(k: number): number {
    return (this.hi(k) >>> 0) * 4294967296 + this.u32(k);
  }
  f32(k: number): number {
    return this.floats[this.at(k)];
  }
  f64(k: number): number {
    return this.doubles[this.at(k) >> 1];
  }
  ref(k: number): unknown {
    const word = this.at(k);
    return isRef(this.func.type.params[k]) ? this.refs[word >> 1] : null;
  }
  value(k: number, type: ValType): Value {
    if (isRef(type)) return reference(type, this.ref(k));
    return readWords(type, this.ints, this.at(k));
  }
  args(): Value[] {
    return this.func.type.params.map((type, k) => this.value(k, type));
  }

  setValue(k: number, value: Value): void {
    this.expect(k, this.func.type.results[k]);
    this.put(k, valueFor('result', this.func.type.results[k], value, this.func.store, k));
  }
  setI32(k: number, value: number): void {
    this.expect(k, I32);
    this.put(k, { type: I32, lo: value | 0, hi: 0, ref: null });
  }
  setI64(k: number, lo: number, hi: number): void {
    this.expect(k, I64);
    this.put(k, { type: I64, lo: lo | 0, hi: hi | 0, ref: null });
  }
  setF32(k: number, value: number): void {
    this.expect(k, F32);
    this.put(k, makeF32(value));
  }
  setF64(k: number, value: number): void {
    this.expect(k, F64);
    this.put(k, makeF64(value));
  }
  setRef(k: number, ref: unknown): void {
    const type = this.func.type.results[k];
    this.expect(k, type);
    if (!isRef(type)) throw new TypeError(`result ${k} is of type ${valTypeName(type)}, not a reference`);
    this.put(k, valueFor('result', type, reference(type, ref), this.func.store, k));
  }
  /** @internal A result that has been converted already. */
  put(k: number, value: Value): void {
    this.results ??= [];
    this.results[k] = value;
  }

  /** Throws unless the call goes on and result k is of this type. */
  private expect(k: number, type: ValType): void {
    const { results } = this.func.type;
    if (this.ended || (k | 0) !== k || k < 0 || k >= results.length) throw this.misused('result', k, results);
    if (results[k] !== type) {
      throw new TypeError(`result ${k} is of type ${valTypeName(results[k])}, not ${valTypeName(type)}`);
    }
  }
  private misused(what: string, k: number, types: readonly ValType[]): Error {
    const name = printable(this.func.name ?? 'a host function');
    if (this.ended) return new TypeError(`the call of ${name} has ended`);
    return new RangeError(
      `${name} has no ${what} ${String(k)}, but ${types.length} [${types.map(valTypeName).join(' ')}]`,
    );
  }

  /** @internal From now on it gives and takes nothing: its slots are somebody else's. */
  end(): void {
    this.ended = true;
    this.readable = 0;
  }

  /** @internal Copies the arguments, since the slots get another owner while the guest waits. */
  detach(): void {
    const end = this.word + wordsOfAll(this.func.type.params);
    const ints = this.ints.slice(this.word, end);
    this.refs = this.refs.slice(this.word >> 1, end >> 1);
    this.ints = ints;
    this.floats = new Float32Array(ints.buffer);
    this.doubles = new Float64Array(ints.buffer);
    this.word = 0;
  }

  /** @internal Writes the results to the frame at word index fp. What the callback did not set is zero or null. */
  deliver(fp: number): void {
    const { ints, refs } = stack();
    const types = this.func.type.results;
    let word = fp;
    for (let k = 0; k < types.length; k++) {
      const value = this.results?.[k];
      const next = word + wordsOf(types[k]);
      if (isRef(types[k])) {
        while (refs.length <= word >> 1) refs.push(null);
        refs[word >> 1] = value === undefined ? null : value.ref;
      } else if (value === undefined) ints.fill(0, word, next);
      else writeWords(value, ints, word);
      word = next;
    }
  }
}

/**
 * The entry step of a host function: calls it, pops its frame, and goes on behind the call. It is the one frame of the host's stack below what is
 * called, which may enter the machine again.
 */
export function hostEntry(func: Func): Step {
  return (fp) => {
    const call = beginCall(func, fp);
    let returned: void | PromiseLike<void>;
    try {
      returned = func.callback!(call);
    } catch (error) {
      hostCalls.pop();
      call.end();
      return hostThrew(error, fp);
    }
    return endCall(call, returned, fp);
  };
}

function beginCall(func: Func, fp: number): HostCall {
  const frames = stack();
  const site = frames.sites[registers.sp - 1];
  const call = new HostCall(func, site?.caller?.instance, frames, fp);
  const { params, results } = func.type;
  registers.fp = fp;
  registers.top = fp + Math.max(wordsOfAll(params), wordsOfAll(results));
  hostCalls.push(call);
  return call;
}

function endCall(call: HostCall, returned: void | PromiseLike<void>, fp: number): Step | null {
  hostCalls.pop();
  const { func } = call;
  func.store.exposures.look();
  // A promise may be anything with a `then`, and asking for it may throw.
  const isPromise = returned !== undefined && returned !== null && typeof returned.then === 'function';
  if (!isPromise) return finishHostCall(call, fp);
  if (!waiting.allowed) {
    throw new RuntimeError(
      `host function ${printable(func.name ?? '')} returned a promise to a synchronous call`,
    );
  }
  call.detach();
  waiting.call = call;
  waiting.promise = returned as PromiseLike<void>;
  return null;
}

/** Writes the results, pops the host function's frame, and goes on behind the call. */
export function finishHostCall(call: HostCall, fp: number): Step | null {
  call.deliver(fp);
  call.end();
  const { sites, frames } = stack();
  const sp = registers.sp - 1;
  registers.sp = sp;
  registers.fp = frames[sp];
  return sites[sp]!.next;
}
