/**
 * The neutral model of a snapshot: what one says, free of how it is encoded. Positions stand for the draft's indices and ids, so record i
 * of a list is memory, table, global, exception or continuation i, and continuation 0 of a resumable snapshot is the root.
 */

/** An unsigned 64-bit number: two unsigned 32-bit words. */
export interface U64 {
  /** The low word. */
  readonly lo: number;
  /** The high word. */
  readonly hi: number;
}

export type NumberTag = 'i32' | 'i64' | 'f32' | 'f64';
export type RefTag = 'funcref' | 'externref' | 'exnref' | 'contref';
/** A value's storage family. The full type is the module's business. */
export type TypeTag = NumberTag | 'v128' | RefTag;

/**
 * One value, bit exact. `lo` and `hi` are int32 words: the low and high half of a 64-bit value, `lo` alone (with `hi` 0) for a 32-bit one.
 * A reference holds its index, id or name as an unsigned 64-bit number in the two words; null is `NULL_WORD` in both.
 */
export interface TypedValue {
  /** Its type. */
  readonly type: TypeTag;
  /** The low word, or all of it. */
  readonly lo: number;
  /** The high word of what has 64 bits. */
  readonly hi: number;
  /** The sixteen bytes of a v128; its words are 0. */
  readonly bytes?: Uint8Array;
}
export const NULL_WORD = -1;

/** Memory contents: bytes as they are, or `length` bytes of 0xFF. Applied in order over zeroed pages. */
export type MemoryChunk =
  | { readonly kind: 'raw'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'ones'; readonly offset: number; readonly length: number };

/** A memory that two imports name is stored once, at its first index; later indices only name that one. */
export type MemoryRecord = { readonly sameAs: number } | StoredMemory;
/** A memory with its contents. */
export interface StoredMemory {
  /** It is no other memory again. */
  readonly sameAs: undefined;
  /** log2 of the page size. */
  readonly pageBits: number;
  /** Its size. */
  readonly pages: number;
  /** What is not zero in it. */
  readonly chunks: readonly MemoryChunk[];
}

/** A table, or that it is one that came before. */
export type TableRecord = { readonly sameAs: number } | StoredTable;
/** A table with its elements. */
export interface StoredTable {
  /** It is no other table again. */
  readonly sameAs: undefined;
  /** What its elements are. */
  readonly type: RefTag;
  /** Element i is the reference in words 2i (low) and 2i+1 (high); null is `NULL_WORD` twice. */
  readonly elements: Int32Array;
}

/** A bit for each segment. */
export interface SegmentStates {
  /** One byte per segment, 1 when it has been dropped. */
  readonly dataDropped: Uint8Array;
  /** Those of element segments. */
  readonly elemDropped: Uint8Array;
}

/** An exception that something refers to. */
export interface ExceptionRecord {
  /** Index of its tag. */
  readonly tag: number;
  /** What it carries. */
  readonly args: readonly TypedValue[];
}

/** Where a frame stands. */
export type SiteKind = 'loop' | 'suspend' | 'call' | 'resume' | 'entry';

/** One function's frame. */
export interface Activation {
  /** Index of the function. */
  readonly func: number;
  /** Where the frame stands. */
  readonly site: SiteKind;
  /** Of the instruction, in bytes from the start of the function's code entry just past its size. */
  readonly offset: number;
  /** Offset of the `loop` that a back edge goes to, or -1 at other sites. */
  readonly targetLoop: number;
  /** Locals in declaration order, then the operand stack, bottom first. */
  readonly values: readonly TypedValue[];
  /** The continuation that a `resume` site waits on, or -1 at other sites. */
  readonly targetCont: number;
}

/** What a stack of frames is about. */
export type ContinuationState = 'allocated' | 'suspended' | 'finished';
/** A stack of frames. */
export interface ContinuationRecord {
  /** What it is about. */
  readonly state: ContinuationState;
  /** Index of its continuation type, or -1 for the root, which has none. */
  readonly typeIndex: number;
  /** The function it was made with; for the root, the one that the host invoked. */
  readonly entryFunc: number;
  /** The exception to raise when it goes on, or -1. */
  readonly resumeThrow: number;
  /** Allocated: the length of `boundArgs`. Suspended: results of its suspension that are already there. */
  readonly boundCount: number;
  /** Arguments that it has been given already. */
  readonly boundArgs: readonly TypedValue[];
  /** Outermost first. */
  readonly activations: readonly Activation[];
}

/** A host call that the innermost frame of the root waits for. Not in the draft: our extension. */
export interface PendingCall {
  /** Index of the host function. */
  readonly func: number;
  /** What it was called with. */
  readonly args: readonly TypedValue[];
}

/** A section that the draft does not define, kept as it came. */
export interface ExtraSection {
  /** Which kind of section. */
  readonly id: number;
  /** Its contents. */
  readonly bytes: Uint8Array;
}

/** A decoded snapshot: what is in its sections. */
export interface SnapshotDocument {
  /** A dump to look at, not to resume. */
  readonly postmortem: boolean;
  /** UTC milliseconds since 1970, 0 when not known. */
  readonly timestampMs: U64;
  /** Identity of the module: see identity.ts. */
  readonly wasmHash: U64;
  /** Memories, in the order of indices. */
  readonly memories: readonly MemoryRecord[];
  /** Tables, in the order of indices. */
  readonly tables: readonly TableRecord[];
  /** Values of the globals, in the order of indices. */
  readonly globals: readonly TypedValue[];
  /** Which segments are dropped. */
  readonly segments: SegmentStates;
  /** Exceptions that are referred to. */
  readonly exceptions: readonly ExceptionRecord[];
  /** Stacks of frames. */
  readonly continuations: readonly ContinuationRecord[];
  /** The embedder's own bytes; empty when it has none. */
  readonly hostState: Uint8Array;
  /** The call of a host function that is waited for. */
  readonly pendingCall: PendingCall | undefined;
  /** Sections that are no part of the draft. */
  readonly extras: readonly ExtraSection[];
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);
export const NO_SEGMENTS: SegmentStates = { dataDropped: NO_BYTES, elemDropped: NO_BYTES };
export const ZERO64: U64 = { lo: 0, hi: 0 };

/** A resumable document with nothing in it, to be filled in with a spread. */
export const EMPTY_DOCUMENT: SnapshotDocument = {
  postmortem: false,
  timestampMs: ZERO64,
  wasmHash: ZERO64,
  memories: [],
  tables: [],
  globals: [],
  segments: NO_SEGMENTS,
  exceptions: [],
  continuations: [],
  hostState: NO_BYTES,
  pendingCall: undefined,
  extras: [],
};

export function isRefTag(type: TypeTag): type is RefTag {
  return type === 'funcref' || type === 'externref' || type === 'exnref' || type === 'contref';
}
export function isNull(value: TypedValue): boolean {
  return value.lo === NULL_WORD && value.hi === NULL_WORD;
}
export function nullRef(type: RefTag): TypedValue {
  return { type, lo: NULL_WORD, hi: NULL_WORD };
}
export function isStored<R extends { readonly sameAs: number | undefined }>(
  record: R,
): record is Extract<R, { readonly sameAs: undefined }> {
  return record.sameAs === undefined;
}
/** Bytes of a memory; below 2^63, exact below 2^53. */
export function memoryBytes(memory: StoredMemory): number {
  return memory.pages * 2 ** memory.pageBits;
}
