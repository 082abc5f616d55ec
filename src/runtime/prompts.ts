/** Callbacks that a tier may call by itself, with integers alone: they look at no more of a call than that has, and never give a promise. */
import type { Func, HostCall, HostCallback } from './instance';

/** What a callback sees of such a call. */
export type IntegerCall = Pick<HostCall, 'instance' | 'i32' | 'u32' | 'lo' | 'hi' | 'setI32'>;
export type PromptCallback = (call: IntegerCall) => void;

const prompts = new WeakSet<HostCallback>();

/** Says of a callback that it is one. */
export function neverWaits(callback: PromptCallback): void {
  prompts.add(callback);
}

/** The callback of a function, if that has been said of it. */
export function promptOf(func: Func): PromptCallback | undefined {
  const { callback } = func;
  return callback && prompts.has(callback) ? (callback as PromptCallback) : undefined;
}
