/**
 * CompileError, LinkError and RuntimeError as NativeError objects (ECMA-262): callable with and without `new`. They share their
 * prototypes with the core's classes, so what the core throws is an instance of them.
 */
import { CompileError, type Door, LinkError, RuntimeError } from '../errors';
import { addCallers, copyTrace } from '../interpreter/trace';
import { defineHidden, setNameAndLength } from './webidl';

type CoreError = new (message?: string, options?: ErrorOptions) => Error;

/** How `WebAssembly.CompileError` and the others look to TypeScript. */
export interface NativeErrorConstructor<T extends Error> {
  new (message?: string, options?: ErrorOptions): T;
  (message?: string, options?: ErrorOptions): T;
  readonly prototype: T;
}

function nativeError<T extends Error>(
  core: new (message?: string, options?: ErrorOptions) => T,
  name: string,
) {
  function nativeConstructor(message?: unknown, options?: ErrorOptions): object {
    const text = message === undefined ? undefined : `${message as string}`;
    return Reflect.construct(core as CoreError, [text, options], new.target ?? nativeConstructor);
  }
  setNameAndLength(nativeConstructor, name, 1);
  Object.setPrototypeOf(nativeConstructor, Error);
  Object.defineProperty(nativeConstructor, 'prototype', { value: core.prototype, writable: false });
  defineHidden(core.prototype, 'constructor', nativeConstructor);
  defineHidden(core.prototype, 'message', '');
  return nativeConstructor as unknown as NativeErrorConstructor<T>;
}

export const errors = {
  CompileError: nativeError(CompileError, 'CompileError'),
  LinkError: nativeError(LinkError, 'LinkError'),
  RuntimeError: nativeError(RuntimeError, 'RuntimeError'),
};

/**
 * What a call out of JavaScript throws for what the core threw: an exhausted stack is the RangeError that it is in JavaScript
 * (section "Stack Overflow"), everything else passes unchanged. JavaScript called `door`: its callers are in the stacks of traps.
 */
export function toHostError(error: unknown, door: Door): unknown {
  addCallers(error, door);
  if (error instanceof RuntimeError && error.code === 'callStackExhausted') {
    const range = new RangeError(error.message, { cause: error });
    copyTrace(error, range);
    return range;
  }
  return error;
}
