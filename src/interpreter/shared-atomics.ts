/**
 * Atomic instructions on shared memories (threads proposal), whose buffer other threads of the host may have: as the host's `Atomics`. Where it
 * has no threads, nobody else has the buffer.
 */
import { I64 } from '../decoder';
import type { AtomicOp } from '../decoder/atomics';
import { trap } from '../errors';
import { fromJs, hostThreads, i64, type Memory, type Threads, toJs } from '../runtime';
import { type Access, read, taken, type Words } from './atomic-words';
import { registers } from './registers';
import { running } from './turn';

/** By what an instruction's name ends in. */
const METHODS = {
  load: 'load',
  store: 'store',
  add: 'add',
  sub: 'sub',
  and: 'and',
  or: 'or',
  xor: 'xor',
  xchg: 'exchange',
  cmpxchg: 'compareExchange',
} as const;

/** Undefined: as on other memories. */
export function sharedAccessOf(op: AtomicOp): Access | undefined {
  const threads = hostThreads();
  if (op.includes('wait')) return threads === undefined ? looked : waiting(threads);
  if (threads === undefined) return undefined;
  if (op.includes('notify')) {
    return ({ views: { i32 } }, at, _, { ints }, word) => ({
      low: threads.Atomics.notify(i32, at / 4, ints[word] >>> 0) as number,
      high: 0,
    });
  }
  const name = /([a-z]+)\d*(?:_u)?$/.exec(op)![1] as keyof typeof METHODS;
  const values = name === 'load' ? 0 : name === 'cmpxchg' ? 2 : 1;
  return (memory, at, bytes, frames, word) => {
    const given: unknown[] = [];
    for (let k = 0; k < values; k++) given.push(hostNumber(taken(frames, word + 2 * k, bytes), bytes));
    if (values > 0) memory.touch(at, bytes);
    const result = threads.Atomics[METHODS[name]](viewOf(threads, memory, bytes), at / bytes, ...given);
    if (name === 'store') return undefined;
    if (bytes <= 4) return { low: result as number, high: 0 };
    const { lo, hi } = fromJs(I64, result);
    return { low: lo, high: hi };
  };
}

function viewOf(threads: Threads, { views: { u8, u16, i32 } }: Memory, bytes: number): object {
  if (bytes > 4) return new threads.BigInt64Array(u8.buffer as ArrayBuffer, 0, u8.length >> 3);
  return bytes === 1 ? u8 : bytes === 2 ? u16 : i32;
}
function hostNumber({ low, high }: Words, bytes: number): unknown {
  return bytes > 4 ? toJs(i64(low, high)) : low;
}

const WOKEN: Words = { low: 0, high: 0 };
const NOT_EQUAL: Words = { low: 1, high: 0 };
const TIMED_OUT: Words = { low: 2, high: 0 };
/** What it waits at a time, and the fuel for that: somebody may want to stop it, and nobody may be there to wake it. */
const MILLISECONDS = 10;
const UNITS = 2 ** 20;

/** To wait where a thread must not: nobody has to, where that would end at once. */
const looked: Access = (memory, at, bytes, frames, word) => {
  const { low, high } = read(memory, at, bytes);
  const expected = taken(frames, word, bytes);
  if (low !== expected.low || high !== expected.high) return NOT_EQUAL;
  if (frames.ints[word + 2] !== 0 || frames.ints[word + 3] !== 0) throw trap('cannotWait');
  return TIMED_OUT;
};

/** Who is to stop while it waits is woken for it, and stops at the next safepoint: a program that waits looks again at what it waits for. */
const waiting =
  (threads: Threads): Access =>
  (memory, at, bytes, frames, word) => {
    const view = viewOf(threads, memory, bytes);
    const expected = hostNumber(taken(frames, word, bytes), bytes);
    const turn = running.turn!;
    const timeout = taken(frames, word + 2, 8);
    const isForEver = timeout.high < 0;
    let left = isForEver ? Number.POSITIVE_INFINITY : (timeout.high * 2 ** 32 + (timeout.low >>> 0)) / 1e6;
    for (;;) {
      let outcome: unknown;
      try {
        outcome = threads.Atomics.wait(view, at / bytes, expected, Math.min(left, MILLISECONDS));
      } catch {
        // The main threads of pages and of QuickJS must not.
        return looked(memory, at, bytes, frames, word);
      }
      if (outcome === 'not-equal') return NOT_EQUAL;
      if (outcome === 'ok') return WOKEN;
      left -= MILLISECONDS;
      if (left <= 0) return TIMED_OUT;
      registers.fuel -= UNITS;
      if (turn.left() < 0 || turn.whyInterrupted() !== undefined) {
        turn.withhold();
        return WOKEN;
      }
    }
  };
