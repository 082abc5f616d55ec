/** Snapshots: a stopped execution as bytes, and bytes as a stopped execution, in the format of the WebAssembly Snapshot draft. */
export { type CaptureOptions, capture, capturePostmortem, postmortem, snapshot } from './capture';
export { chunksOf, expandMemory } from './chunks';
export { decode, decodeMeta, type SnapshotMeta } from './decode';
export { type DescribeOptions, describe } from './describe';
export { diff } from './diff';
export type * from './document';
export {
  type EmbeddedSnapshot,
  embedSnapshot,
  extractSnapshot,
  listSnapshots,
  removeSnapshot,
} from './embed';
export { encode, encodeSections } from './encode';
export { DRAFT_COMMIT, DRAFT_FILE, DRAFT_REPOSITORY } from './format';
export { moduleHash } from './identity';
export type { BindExternRef, NameExternRef } from './references';
export { type RestoreOptions, restore } from './restore';
export { type Safepoint, safepointsOf } from './safepoints';
export type { NamingModule } from './text';
export { u64, u64Decimal, u64Equal, u64FromHex, u64FromNumber, u64Hex, u64ToNumber } from './u64';
export { verify } from './verify';
export { xxh64 } from './xxh64';
