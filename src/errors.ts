/**
 * The catalogue of failures. Nothing else in the core throws on account of a guest's or a user's input.
 *
 * Malformed and invalid modules are `CompileError`s and carry the byte offset in the module; failed linking is a `LinkError`;
 * traps and exhaustion are `RuntimeError`s and carry a wasm backtrace. `InternalError` is a defect of tswasm itself.
 * The three public classes are also those of the drop-in `WebAssembly` namespace.
 */

/** Which chapter of the specification rejects the module. */
export type CompileFailure = 'malformed' | 'invalid';

/** A module that does not decode (`malformed`) or does not validate (`invalid`). */
export class CompileError extends Error {
  /** Byte offset in the module, or -1 when no byte is to blame. */
  readonly offset: number;
  /** Which chapter of the specification rejects the module. */
  readonly kind: CompileFailure;
  constructor(message?: string, options?: ErrorOptions, kind: CompileFailure = 'invalid', offset = -1) {
    super(message, options);
    this.kind = kind;
    this.offset = offset;
  }
}

/** An instantiation whose imports do not match what the module asks for. */
export class LinkError extends Error {}

/** One wasm frame of a backtrace, innermost first. */
export interface BacktraceFrame {
  /** Index of the function in its module, imports first. */
  readonly funcidx: number;
  /** From the name section, or an export, or undefined. */
  readonly name: string | undefined;
  /** Name of the module from its name section, if any. */
  readonly module: string | undefined;
  /** Byte offset of the instruction in the module's bytes. */
  readonly offset: number;
}

/** A name for each kind of trap. `TRAP_MESSAGES` has the texts. */
export type TrapCode = keyof typeof TRAP_MESSAGES;

/** Trap texts: the wording of the conformance suite. */
export const TRAP_MESSAGES = {
  unreachable: 'unreachable',
  divideByZero: 'integer divide by zero',
  integerOverflow: 'integer overflow',
  invalidConversion: 'invalid conversion to integer',
  memoryBounds: 'out of bounds memory access',
  tableBounds: 'out of bounds table access',
  undefinedElement: 'undefined element',
  uninitializedElement: 'uninitialized element',
  indirectCallType: 'indirect call type mismatch',
  nullReference: 'null reference',
  nullFunctionReference: 'null function reference',
  nullExceptionReference: 'null exception reference',
  callStackExhausted: 'call stack exhausted',
  /** The store has no room for the lowered code of a function that is called. */
  codeExhausted: 'code memory exhausted',
  hostRejected: 'host function rejected',
  unalignedAtomic: 'unaligned atomic',
  unsharedWait: 'expected shared memory',
  /** The host does not let this thread wait. */
  cannotWait: 'this thread must not wait',
  /** No trap, but an end all the same: an exception that no handler took. */
  uncaughtException: 'uncaught exception',
} as const;

/** A trap or an exhausted resource while wasm code runs. */
export class RuntimeError extends Error {
  /** What kind of trap it is; undefined when a host made the error. */
  readonly code: TrapCode | undefined;
  /** Innermost frame first. */
  backtrace: readonly BacktraceFrame[] = [];
  /** @internal Byte offset of the instruction that trapped, when what threw it knew; -1 is the function's start. */
  readonly offset: number | undefined;
  constructor(message?: string, options?: ErrorOptions, code?: TrapCode, offset?: number) {
    super(message, options);
    this.code = code;
    this.offset = offset;
  }
}

/**
 * Why a snapshot is refused: `malformed` bytes; a `mismatch` with the module or instance it shall go into; something the draft or this
 * engine does not do (`unsupported`); a `limit` of the host; an execution or instance in the wrong `state`; `missing`: no such snapshot.
 */
export type SnapshotFailure = 'malformed' | 'mismatch' | 'unsupported' | 'limit' | 'state' | 'missing';

/** A snapshot that cannot be written, read or restored. Nothing has been changed, unless the message says that the instance is unusable. */
export class SnapshotError extends Error {
  /** Why it is refused. */
  readonly kind: SnapshotFailure;
  /** Byte offset in the snapshot, or -1 when no byte is to blame. */
  readonly offset: number;
  constructor(message: string, kind: SnapshotFailure, offset = -1) {
    super(offset < 0 ? message : atOffset(message, offset));
    this.kind = kind;
    this.offset = offset;
  }
}

/** What a host function throws to end the execution: no handler of the guest can catch it. */
export class Termination extends Error {}

/** A defect of tswasm, never of its input. */
export class InternalError extends Error {}

const NAMED = { CompileError, LinkError, RuntimeError, SnapshotError, InternalError };
Object.entries(NAMED).forEach(([name, type]) => {
  Object.defineProperty(type.prototype, 'name', {
    value: name,
    writable: true,
    configurable: true,
  });
});

/** A function or class of ours that others call. */
export type Door = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

/** Takes our frames out of the stack of an error that a module is to blame for: it begins with who called `door`. */
export function blameCaller(error: unknown, door: Door): void {
  const { captureStackTrace } = Error as { captureStackTrace?: (error: object, door: Door) => void };
  if (error instanceof CompileError || error instanceof LinkError) captureStackTrace?.(error, door);
}

export function atOffset(message: string, offset: number): string {
  return `${message} (at offset 0x${offset.toString(16)})`;
}

export function malformed(message: string, offset: number): CompileError {
  return new CompileError(atOffset(message, offset), undefined, 'malformed', offset);
}

export function invalid(message: string, offset: number): CompileError {
  return new CompileError(atOffset(message, offset), undefined, 'invalid', offset);
}

/** As many problems as a message lists. */
const MAX_LISTED = 50;

/** All that is wrong with the imports, a line each. */
export function unlinkable(problems: readonly string[]): LinkError {
  const lines = problems.slice(0, MAX_LISTED);
  if (problems.length > MAX_LISTED) lines.push(`and ${problems.length - MAX_LISTED} more`);
  return new LinkError(lines.join('\n'));
}

/** A trap; `offset` is the byte offset in the module of the instruction that raises it. */
export function trap(code: TrapCode, offset?: number): RuntimeError {
  return new RuntimeError(TRAP_MESSAGES[code], undefined, code, offset);
}

// Names that a module, a guest, a snapshot or a file chose, in messages that may reach a terminal.

/** Control characters (C0, DEL, C1), line separators and what turns the direction of text. */
function isHarmful(code: number): boolean {
  const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  return control || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** The text with harmful characters as `\u{1b}`. */
export function printable(text: string): string {
  const shown = (char: string) =>
    isHarmful(char.charCodeAt(0)) ? `\\u{${char.charCodeAt(0).toString(16)}}` : char;
  return Array.from(text, shown).join('');
}
