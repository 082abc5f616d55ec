/** Arguments, environment, clocks, random bytes, and the end of the process. */

import { CLOCKID, type Errno } from '../abi';
import type { Handler, WasiContext } from '../context';
import * as ERRNO from '../errno';
import type { GuestCall } from '../guest';
import { given } from '../refusal';
import { fromNumber, type U64 } from '../words';

/** Writes a vector of C strings: the pointers at argument 0, the bytes at argument 1. */
function writeStrings(w: WasiContext, c: GuestCall, strings: readonly Uint8Array[]): Errno {
  const memory = w.memory(c);
  const pointers = c.u32(0);
  let at = c.u32(1);
  memory.check(pointers, strings.length * 4);
  memory.check(
    at,
    strings.reduce((sum, text) => sum + text.length, 0),
  );
  strings.forEach((text, i) => {
    memory.setU32(pointers + i * 4, at);
    memory.set(at, text);
    at += text.length;
  });
  return ERRNO.SUCCESS;
}

function writeSizes(w: WasiContext, c: GuestCall, strings: readonly Uint8Array[]): Errno {
  const memory = w.memory(c);
  memory.setU32(c.u32(0), strings.length);
  memory.setU32(
    c.u32(1),
    strings.reduce((sum, text) => sum + text.length, 0),
  );
  return ERRNO.SUCCESS;
}

export const argsGet: Handler = (w, c) => writeStrings(w, c, w.args);
export const argsSizesGet: Handler = (w, c) => writeSizes(w, c, w.args);
export const environGet: Handler = (w, c) => writeStrings(w, c, w.env);
export const environSizesGet: Handler = (w, c) => writeSizes(w, c, w.env);

/** The time that a clock shows, or INVAL. */
export function readClock(w: WasiContext, id: number): U64 | Errno {
  if (id === CLOCKID.REALTIME) return w.clocks.realtime();
  if (id === CLOCKID.MONOTONIC) return w.clocks.monotonic();
  if (id === CLOCKID.PROCESS_CPUTIME || id === CLOCKID.THREAD_CPUTIME) return w.clocks.cpuTime();
  return ERRNO.INVAL;
}

export const clockResGet: Handler = (w, c) => {
  if (c.u32(0) > CLOCKID.THREAD_CPUTIME) return ERRNO.INVAL;
  const resolution = w.clocks.virtual ? 1000 : (w.host.resolution ?? 1);
  w.memory(c).setU64(c.u32(1), fromNumber(resolution));
  return ERRNO.SUCCESS;
};

export const clockTimeGet: Handler = (w, c) => {
  const memory = w.memory(c);
  memory.setU64(c.u32(2), given(readClock(w, c.u32(0))));
  return ERRNO.SUCCESS;
};

export const randomGet: Handler = (w, c) => {
  w.fillRandom(w.memory(c).view(c.u32(0), c.u32(1)));
  return ERRNO.SUCCESS;
};

export const procExit: Handler = (w, c) => w.exit(c.u32(0));
/** Signals have no meaning here; wasmtime says the same. */
export const procRaise: Handler = () => ERRNO.NOTSUP;
export const schedYield: Handler = () => ERRNO.SUCCESS;
