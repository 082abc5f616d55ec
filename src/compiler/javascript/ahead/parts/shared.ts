/**
 * Functions that emitted files call, beside those of src/runtime/numerics.ts: what all parts have in common is here, and each other file of the
 * folder has one kind. scripts/parts.ts makes the texts of all in ECMAScript 5 (parts.generated.ts), and a file holds those that it needs. So
 * what is in this folder uses no classes and nothing that small engines lack, or asks for it first. No two parts have one name. `at` is the
 * byte offset of an instruction in the module.
 */

/** The high word of an i64 result. */
export const W = { hi: 0 };
/** Whom a function has called by a tail call, with the arguments on the stack. */
export const A: { t: Cell | null } = { t: null };
/** How deep the frame is that has called the host. */
export const Z = { depth: 0 };

/** A function of WebAssembly: what is called with arguments, and with those on the stack; its type; and what hosts call. */
export interface Cell {
  readonly f: ((...args: never[]) => unknown) | null;
  readonly g: ((fp: number, sp: number) => unknown) | null;
  readonly t: string;
  h: HostCallable | null;
}
export type HostCallable = ((...args: never[]) => unknown) & { cell?: Cell };

// Traps

/** Texts of traps, in files that have room for them. */
declare const messages: Readonly<Record<string, string>>;
export function trap(code: string, at: number): Error {
  const error = new Error(messages[code] || code) as Error & { code: string; offset: number };
  error.code = code;
  error.offset = at;
  return error;
}
export function raise(code: string, at: number): never {
  throw trap(code, at);
}
export function outOfBounds(at: number): never {
  throw trap('memoryBounds', at);
}
export function full(): never {
  throw trap('callStackExhausted', -1);
}
