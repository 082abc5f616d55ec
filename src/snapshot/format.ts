/**
 * The encoding of snapshots, and the only place that knows it: this file names every number of the format; `encode.ts` and `decode.ts`
 * beside it are its two directions. Nothing else in the folder says a byte.
 *
 * It is the WebAssembly Snapshot working draft, pinned:
 */
export const DRAFT_REPOSITORY = 'wasm3/wasm3';
export const DRAFT_FILE = 'docs/proposals/Snapshots.md';
export const DRAFT_COMMIT = '625046b2ef1e6e2e06715315e0eb344dc6815051';

import type { ContinuationState, RefTag, SiteKind, TypeTag } from './document';

/** Opens a standalone container; its version follows as four bytes, little endian. */
export const MAGIC = [0x00, 0x64, 0x6d, 0x70] as const;
export const VERSION = 1;
export const HEADER_BYTES = 8;
/** Opens a snapshot of a store, which is ours (store.ts): version 1. */
export const STORE_MAGIC = [0x00, 0x64, 0x6d, 0x73, 0x01, 0x00, 0x00, 0x00] as const;

export const SECTION = {
  meta: 0,
  memory: 1,
  table: 2,
  global: 3,
  segment: 4,
  exception: 5,
  continuation: 6,
  hostState: 7,
  /**
   * Ours ('t'): the host call that the innermost frame waits for. With it the root's innermost activation is a `call` site, which every
   * other reader of the draft refuses, as it must: it could not go on. Absent when no host call is pending.
   */
  pendingCall: 0x74,
} as const;
/** Opens the pending-call section ('tswasm'), and the version byte behind it: others may use the section's id, too. */
export const PENDING_CALL_MAGIC = [0x74, 0x73, 0x77, 0x61, 0x73, 0x6d] as const;
export const PENDING_CALL_VERSION = 2;
/** Our first version opened with this byte and no magic. It is still read. */
export const UNMARKED_CALL_VERSION = 1;

export const FLAG_POSTMORTEM = 1;

/** The root's type index. */
export const NO_TYPE = 0xffffffff;
/** Not a function index. */
export const NO_FUNC = 0xffffffff;

export const CHUNK = { end: 0, raw: 1, ones: 2 } as const;
/** A page is below 4 GiB, and so is a whole memory: page counts and chunk offsets are u32. */
export const MAX_PAGE_BITS = 31;
export const MEMORY_LIMIT = 2 ** 32;

/** Value type bytes. `contref` is the format's own. */
export const TYPE_BYTE: Record<TypeTag, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
  exnref: 0x69,
  contref: 0x68,
};
export const TYPE_OF_BYTE: readonly (TypeTag | undefined)[] = inverse(TYPE_BYTE);

export const NULL_KIND = 0;
/** The kind byte before a reference's number. */
export const REF_KIND: Record<RefTag, number> = { funcref: 1, externref: 2, exnref: 3, contref: 4 };

export const SITE_BYTE: Record<SiteKind, number> = { loop: 0, suspend: 1, call: 2, resume: 3, entry: 4 };
export const SITE_OF_BYTE: readonly (SiteKind | undefined)[] = inverse(SITE_BYTE);

export const STATE_BYTE: Record<ContinuationState, number> = { allocated: 0, suspended: 1, finished: 2 };
export const STATE_OF_BYTE: readonly (ContinuationState | undefined)[] = inverse(STATE_BYTE);

function inverse<Name extends string>(bytes: Record<Name, number>): readonly (Name | undefined)[] {
  const names: (Name | undefined)[] = [];
  for (const name of Object.keys(bytes) as Name[]) names[bytes[name]] = name;
  return names;
}
