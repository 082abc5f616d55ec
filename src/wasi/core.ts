/** WASI preview 1 for any host, without archives and overlays. */
import * as filetype from './filetype';

export { ERRNO, type Errno, errnoName, type FileType } from './abi';
export type { Companion, CompanionCall } from './companion';
export { DEFAULT_LIMITS, type Preopen, type TracedCall, type WasiLimits, type WasiOptions } from './context';
export { WasiExit } from './exit';
export {
  copyDirectory,
  DEFAULT_MEMORY_LIMITS,
  type MemoryEntry,
  MemoryFileSystem,
  type MemoryLimits,
} from './files/memory';
export { readOnly } from './files/readonly';
export {
  APPEND,
  type DirectoryEntry,
  type DirectoryHandle,
  type FileHandle,
  type FileStat,
  type Handle,
  type Interest,
  type NewTime,
  type OpenOptions,
  type Pollable,
  type SocketHandle,
  type StreamHandle,
  type U64,
  type Waiting,
  type WasiHost,
} from './host';
export { StateError } from './state/codec';
export type { Remedy, RestorePolicy } from './state/restore';
export type { SaveOptions } from './state/save';
export { inputStream, nullStream, outputStream } from './streams';
export { exitCodeOf, type HostFuncMaker, Wasi, type WasiCallback } from './wasi';

/** WASI's numbers for kinds of files. */
export const FILETYPE: typeof filetype = filetype;
