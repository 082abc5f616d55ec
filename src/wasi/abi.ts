/**
 * Numbers of wasi_snapshot_preview1 (the witx files' names, upper case as in <wasi/api.h>), beside those of `errno.ts`, `rights.ts` and
 * `filetype.ts`.
 */
import type * as numbers from './errno';
import * as RIGHTS from './rights';

/** An errno: 0 is success. */
export type Errno = number;

/** The names of the errnos, in the order of their numbers. */
const NAMES = (
  'SUCCESS 2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED CHILD ' +
  'CONNABORTED CONNREFUSED CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG HOSTUNREACH IDRM ' +
  'ILSEQ INPROGRESS INTR INVAL IO ISCONN ISDIR LOOP MFILE MLINK MSGSIZE MULTIHOP NAMETOOLONG NETDOWN ' +
  'NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT NOEXEC NOLCK NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS ' +
  'NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK NOTSUP NOTTY NXIO OVERFLOW OWNERDEAD PERM PIPE PROTO ' +
  'PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY XDEV NOTCAPABLE'
).split(' ');

/** The errnos by name. */
export const ERRNO = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ NAMES.map((name, number) => [name, number]),
) as unknown as Readonly<typeof numbers>;

/** The name of an error number, such as `ENOENT`. */
export function errnoName(errno: Errno): string {
  return NAMES[errno] === undefined ? `errno ${errno}` : `E${NAMES[errno]}`;
}

export const ALL_RIGHTS = 0x3fffffff;

/** What each kind of descriptor can be given at most. */
export const FILE_RIGHTS =
  RIGHTS.FD_DATASYNC |
  RIGHTS.FD_READ |
  RIGHTS.FD_SEEK |
  RIGHTS.FD_FDSTAT_SET_FLAGS |
  RIGHTS.FD_SYNC |
  RIGHTS.FD_TELL |
  RIGHTS.FD_WRITE |
  RIGHTS.FD_ADVISE |
  RIGHTS.FD_ALLOCATE |
  RIGHTS.FD_FILESTAT_GET |
  RIGHTS.FD_FILESTAT_SET_SIZE |
  RIGHTS.FD_FILESTAT_SET_TIMES |
  RIGHTS.POLL_FD_READWRITE;

export const DIRECTORY_RIGHTS =
  RIGHTS.FD_DATASYNC |
  RIGHTS.FD_FDSTAT_SET_FLAGS |
  RIGHTS.FD_SYNC |
  RIGHTS.PATH_CREATE_DIRECTORY |
  RIGHTS.PATH_CREATE_FILE |
  RIGHTS.PATH_LINK_SOURCE |
  RIGHTS.PATH_LINK_TARGET |
  RIGHTS.PATH_OPEN |
  RIGHTS.FD_READDIR |
  RIGHTS.PATH_READLINK |
  RIGHTS.PATH_RENAME_SOURCE |
  RIGHTS.PATH_RENAME_TARGET |
  RIGHTS.PATH_FILESTAT_GET |
  RIGHTS.PATH_FILESTAT_SET_SIZE |
  RIGHTS.PATH_FILESTAT_SET_TIMES |
  RIGHTS.FD_FILESTAT_GET |
  RIGHTS.FD_FILESTAT_SET_TIMES |
  RIGHTS.PATH_SYMLINK |
  RIGHTS.PATH_REMOVE_DIRECTORY |
  RIGHTS.PATH_UNLINK_FILE;

/** No FD_SEEK and no FD_TELL: that is how wasi-libc's isatty() knows a terminal. */
export const STREAM_RIGHTS =
  RIGHTS.FD_READ |
  RIGHTS.FD_FDSTAT_SET_FLAGS |
  RIGHTS.FD_WRITE |
  RIGHTS.FD_FILESTAT_GET |
  RIGHTS.POLL_FD_READWRITE;

export const SOCKET_RIGHTS = STREAM_RIGHTS | RIGHTS.SOCK_SHUTDOWN | RIGHTS.SOCK_ACCEPT;

/** One of `FILETYPE`. */
export type FileType = number;

export const FDFLAGS = { APPEND: 1, DSYNC: 2, NONBLOCK: 4, RSYNC: 8, SYNC: 16 } as const;
export const ALL_FDFLAGS = 31;
export const OFLAGS = { CREAT: 1, DIRECTORY: 2, EXCL: 4, TRUNC: 8 } as const;
export const ALL_OFLAGS = 15;
export const FSTFLAGS = { ATIM: 1, ATIM_NOW: 2, MTIM: 4, MTIM_NOW: 8 } as const;
export const LOOKUP_SYMLINK_FOLLOW = 1;
export const CLOCKID = { REALTIME: 0, MONOTONIC: 1, PROCESS_CPUTIME: 2, THREAD_CPUTIME: 3 } as const;
export const EVENTTYPE = { CLOCK: 0, FD_READ: 1, FD_WRITE: 2 } as const;
export const EVENT_HANGUP = 1;
export const SUBCLOCK_ABSTIME = 1;
export const RIFLAGS = { PEEK: 1, WAITALL: 2 } as const;
export const SDFLAGS = { RD: 1, WR: 2 } as const;
export const PREOPENTYPE_DIR = 0;
/** Every advice from NORMAL to NOREUSE. */
export const ADVICE_COUNT = 6;

/** Where the two published versions of the interface differ. All else has the same layout in both. */
export interface Layout {
  readonly module: string;
  /** `whence` values that mean from the start, from the offset, from the end. */
  readonly seekSet: number;
  readonly seekCur: number;
  readonly seekEnd: number;
  /** nlink is a u32 in the older filestat. */
  readonly wideLinkCount: boolean;
  /** The older clock subscription starts with a u64 identifier. */
  readonly subscriptionSize: number;
  readonly clockOffset: number;
}

export const PREVIEW1: Layout = {
  module: 'wasi_snapshot_preview1',
  seekSet: 0,
  seekCur: 1,
  seekEnd: 2,
  wideLinkCount: true,
  subscriptionSize: 48,
  clockOffset: 16,
};

export const UNSTABLE: Layout = {
  module: 'wasi_unstable',
  seekSet: 2,
  seekCur: 0,
  seekEnd: 1,
  wideLinkCount: false,
  subscriptionSize: 56,
  clockOffset: 24,
};
