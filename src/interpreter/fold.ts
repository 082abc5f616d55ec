/** Lists of frames, in which frames that repeat stand once. */
import type { BacktraceFrame } from '../errors';
import { moduleOf } from './backtrace';

/** Longest run of frames that is looked for when frames repeat: so many functions call each other in turn. */
const LONGEST_CYCLE = 12;

/** A line for each frame; where a row of frames comes again and again, once, and a note of how often. */
export function fold(
  frames: readonly BacktraceFrame[],
  line: (frame: BacktraceFrame, k: number) => string,
  note: (text: string) => string,
): string[] {
  const lines: string[] = [];
  for (let k = 0; k < frames.length; ) {
    const { length, times } = cycleAt(frames, k);
    for (let n = 0; n < length; n++) lines.push(line(frames[k + n], k + n));
    if (times > 1)
      lines.push(note(`${length === 1 ? 'this frame' : `these ${length} frames`} ${times - 1} more times`));
    k += length * times;
  }
  return lines;
}

/** The row of frames that begins at k and is repeated at once, at least twice; else the one frame. */
function cycleAt(frames: readonly BacktraceFrame[], k: number): { length: number; times: number } {
  for (let length = 1; length <= LONGEST_CYCLE; length++) {
    let same = 0;
    while (k + same + length < frames.length && isSame(frames[k + same], frames[k + same + length])) same++;
    const times = 1 + Math.floor(same / length);
    if (times > 2) return { length, times };
  }
  return { length: 1, times: 1 };
}

function isSame(a: BacktraceFrame, b: BacktraceFrame): boolean {
  return a.funcidx === b.funcidx && a.offset === b.offset && moduleOf(a) === moduleOf(b);
}
