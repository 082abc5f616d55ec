/**
 * Snapshots: a stopped execution as bytes, and bytes as a stopped execution, in the format of the WebAssembly Snapshot draft. The entry
 * `tswasm/snapshot`.
 *
 *     const bytes = snapshot(execution);
 *     const moved = restore(bytes, instantiatePaused(store, module, imports));
 */
export { SnapshotError, type SnapshotFailure } from '../errors';
export { type CaptureOptions, capture, capturePostmortem, postmortem, snapshot } from './capture';
export { expandMemory } from './chunks';
export { type DecodeOptions, decode } from './decode';
export { applyDeltas, Checkpoints, isDelta } from './delta';
export { type DescribeOptions, describe } from './describe';
export { diff } from './diff';
export { hasDigest, withDigest } from './digest';
export type {
  Activation,
  ContinuationRecord,
  ContinuationState,
  ExceptionRecord,
  ExtraSection,
  MemoryChunk,
  MemoryRecord,
  PendingCall,
  SegmentStates,
  SiteKind,
  SnapshotDocument,
  StoredMemory,
  StoredTable,
  TableRecord,
  TypedValue,
  TypeTag,
  U64,
} from './document';
export { embedSnapshot, extractSnapshot, removeSnapshot } from './embed';
export { type EmbeddedSnapshot, listSnapshots } from './embedded';
export { encode } from './encode';
export { moduleHash } from './identity';
export type { PartRecord } from './linkage';
export type { BindExternRef, NameExternRef } from './references';
export { type RestoreOptions, restore } from './restore';
export { Arrival, Departure } from './stages';
export {
  decodeStore,
  isStoreSnapshot,
  type RestoredStore,
  type RestoreStoreOptions,
  restoreStore,
  type StoreDocument,
  snapshotStore,
} from './store';
export { type Stripped, stripSnapshot } from './strip';
export type { NamingModule } from './text';
export { u64, u64FromNumber, u64Hex, u64ToNumber } from './u64';
export { verify } from './verify';
