/** Errnos of the machine as those of WASI. `std.Error` names eleven of them only, so the numbers are here, by `os.platform`. */
import type { Errno } from '../../src/wasi/abi';
import * as ERRNO from '../../src/wasi/errno';
import type { Os } from './machine';

/** The same number on Linux and on the BSDs, macOS among them. */
const COMMON: Readonly<Record<number, Errno>> = {
  1: ERRNO.PERM,
  2: ERRNO.NOENT,
  4: ERRNO.INTR,
  5: ERRNO.IO,
  6: ERRNO.NXIO,
  9: ERRNO.BADF,
  12: ERRNO.NOMEM,
  13: ERRNO.ACCES,
  14: ERRNO.FAULT,
  16: ERRNO.BUSY,
  17: ERRNO.EXIST,
  18: ERRNO.XDEV,
  19: ERRNO.NODEV,
  20: ERRNO.NOTDIR,
  21: ERRNO.ISDIR,
  22: ERRNO.INVAL,
  23: ERRNO.NFILE,
  24: ERRNO.MFILE,
  26: ERRNO.TXTBSY,
  27: ERRNO.FBIG,
  28: ERRNO.NOSPC,
  29: ERRNO.SPIPE,
  30: ERRNO.ROFS,
  31: ERRNO.MLINK,
  32: ERRNO.PIPE,
};
const LINUX: Readonly<Record<number, Errno>> = {
  11: ERRNO.AGAIN,
  36: ERRNO.NAMETOOLONG,
  38: ERRNO.NOSYS,
  39: ERRNO.NOTEMPTY,
  40: ERRNO.LOOP,
  75: ERRNO.OVERFLOW,
  84: ERRNO.ILSEQ,
  95: ERRNO.NOTSUP,
  122: ERRNO.DQUOT,
};
const BSD: Readonly<Record<number, Errno>> = {
  35: ERRNO.AGAIN,
  45: ERRNO.NOTSUP,
  62: ERRNO.LOOP,
  63: ERRNO.NAMETOOLONG,
  66: ERRNO.NOTEMPTY,
  69: ERRNO.DQUOT,
  78: ERRNO.NOSYS,
  84: ERRNO.OVERFLOW,
  92: ERRNO.ILSEQ,
};

/** The errno behind a result of `os`: 0 or a count is success; `os` gives errors negated, or as they are beside a result. */
export function errnoOf(os: Os, result: number): Errno {
  const code = Math.abs(result);
  if (code === 0) return ERRNO.SUCCESS;
  const own = os.platform === 'linux' ? LINUX : BSD;
  return COMMON[code] ?? own[code] ?? ERRNO.IO;
}
