/**
 * File attributes and exact times. Node sets times as floating-point seconds, which is a quarter of a microsecond at today's dates;
 * WASI guests set nanoseconds and read them back. So the times that a guest has set are remembered for as long as the file still
 * shows what the host made of them.
 */
import type { BigIntStats } from 'node:fs';
import type { FileType } from '../../src/wasi/abi';
import * as FILETYPE from '../../src/wasi/filetype';
import type { FileStat, NewTime, U64 } from '../../src/wasi/host';
import { toSeconds } from '../../src/wasi/words';

interface Remembered {
  readonly hostAtim: bigint;
  readonly hostMtim: bigint;
  readonly atim: U64;
  readonly mtim: U64;
}

/** Files whose times are remembered at most; the oldest is forgotten first. */
const MAX_REMEMBERED = 4096;

export class ExactTimes {
  private readonly remembered = new Map<string, Remembered>();

  stat(stats: BigIntStats): FileStat {
    const exact = this.remembered.get(keyOf(stats));
    return {
      dev: words(stats.dev),
      ino: words(stats.ino),
      type: typeOfStats(stats),
      nlink: Number(stats.nlink),
      size: Number(stats.size),
      atim: exact?.hostAtim === stats.atimeNs ? exact.atim : words(stats.atimeNs),
      mtim: exact?.hostMtim === stats.mtimeNs ? exact.mtim : words(stats.mtimeNs),
      ctim: words(stats.ctimeNs),
    };
  }

  /** Sets times through `set` (seconds) and remembers them. A time that is undefined stays. */
  set(
    stats: () => BigIntStats,
    atim: NewTime,
    mtim: NewTime,
    set: (atime: number, mtime: number) => void,
  ): void {
    const before = this.stat(stats());
    const wanted = { atim: atim ?? before.atim, mtim: mtim ?? before.mtim };
    set(seconds(wanted.atim), seconds(wanted.mtim));
    const after = stats();
    const key = keyOf(after);
    this.remembered.delete(key);
    this.remembered.set(key, { ...wanted, hostAtim: after.atimeNs, hostMtim: after.mtimeNs });
    if (this.remembered.size > MAX_REMEMBERED) {
      for (const oldest of this.remembered.keys()) {
        this.remembered.delete(oldest);
        break;
      }
    }
  }
}

function keyOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

function seconds(time: U64): number {
  const { seconds, nanos } = toSeconds(time);
  return seconds + nanos / 1e9;
}

/** Modulo 2^64. */
export function words(value: bigint): U64 {
  return { lo: Number(BigInt.asUintN(32, value)), hi: Number(BigInt.asUintN(32, value >> 32n)) };
}

interface Kind {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
  isSocket(): boolean;
}

export function typeOfStats(kind: Kind): FileType {
  if (kind.isFile()) return FILETYPE.REGULAR_FILE;
  if (kind.isDirectory()) return FILETYPE.DIRECTORY;
  if (kind.isSymbolicLink()) return FILETYPE.SYMBOLIC_LINK;
  if (kind.isCharacterDevice()) return FILETYPE.CHARACTER_DEVICE;
  if (kind.isBlockDevice()) return FILETYPE.BLOCK_DEVICE;
  return kind.isSocket() ? FILETYPE.SOCKET_STREAM : FILETYPE.UNKNOWN;
}
