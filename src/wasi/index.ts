/** WASI preview 1 for any host: the entry `tswasm/wasi`. */
export { ERRNO, errnoName, FILETYPE, RIGHTS } from './abi';
export type { Preopen, WasiLimits, WasiOptions } from './context';
export { WasiExit } from './exit';
export type {
  DirectoryEntry,
  DirectoryHandle,
  FileHandle,
  FileStat,
  Handle,
  Interest,
  OpenOptions,
  Pollable,
  SocketHandle,
  StreamHandle,
  U64,
  Waiting,
  WasiHost,
} from './host';
export { inputStream, nullStream, outputStream } from './streams';
export { Wasi, type WasiCallback } from './wasi';
