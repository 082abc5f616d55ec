/** poll_oneoff: waits for clocks and descriptors without burning the processor. */

import { type Errno, EVENT_HANGUP, EVENTTYPE, type Layout, SUBCLOCK_ABSTIME } from '../abi';
import type { Handler, Pause, WasiContext } from '../context';
import * as ERRNO from '../errno';
import type { GuestMemory } from '../guest';
import type { Interest } from '../host';
import { answerOf } from '../refusal';
import * as RIGHTS from '../rights';
import { addSaturated, distance, less, type U64 } from '../words';
import { readClock } from './process';

/** A limit against guests that make the host allocate without end. */
const MAX_SUBSCRIPTIONS = 16384;
const EVENT_SIZE = 32;

interface ClockSubscription {
  readonly kind: 'clock';
  readonly userdata: U64;
  readonly clock: number;
  /** When it is due, on its clock; an errno when the subscription itself is bad. */
  readonly due: U64 | Errno;
}
interface StreamSubscription {
  readonly kind: 'stream';
  readonly userdata: U64;
  readonly type: number;
  readonly fd: number;
}
type Subscription = ClockSubscription | StreamSubscription;

interface PollEvent {
  readonly userdata: U64;
  readonly error: Errno;
  readonly type: number;
  readonly bytes: number;
  readonly flags: number;
}

export const pollOneoff: Handler = (w, c, layout) => {
  const [subscriptions, events, count, result] = [c.u32(0), c.u32(1), c.u32(2), c.u32(3)];
  const memory = w.memory(c);
  memory.check(subscriptions, count * layout.subscriptionSize);
  memory.check(events, count * EVENT_SIZE);
  memory.check(result, 4);
  if (count === 0 || count > MAX_SUBSCRIPTIONS) return ERRNO.INVAL;
  const started = startOf(w, subscriptions, events, count);
  const list: Subscription[] = [];
  for (let i = 0; i < count; i++) {
    const one = readSubscription(w, memory, subscriptions + i * layout.subscriptionSize, layout, started);
    if (one === undefined) return ERRNO.INVAL;
    list.push(one);
  }
  w.pendingPoll = { subscriptions, events, count, started };
  return w.untilReady(() => {
    const ready = collect(w, list);
    if (ready.length === 0) return pauseFor(w, list);
    w.pendingPoll = undefined;
    const memory = w.memory(c);
    for (let i = 0; i < ready.length; i++) writeEvent(memory, events + i * EVENT_SIZE, ready[i]);
    memory.setU32(result, ready.length);
    return ERRNO.SUCCESS;
  });
};

/** Now; or, when this is the call that was waiting when the state was saved, the moment at which that wait began. */
function startOf(w: WasiContext, subscriptions: number, events: number, count: number): U64 {
  const pending = w.pendingPoll;
  w.pendingPoll = undefined;
  const same =
    pending?.subscriptions === subscriptions && pending.events === events && pending.count === count;
  return same ? pending.started : w.clocks.monotonic();
}

function readSubscription(
  w: WasiContext,
  memory: GuestMemory,
  at: number,
  layout: Layout,
  started: U64,
): Subscription | undefined {
  const userdata = memory.getU64(at);
  const type = memory.getU8(at + 8);
  if (type === EVENTTYPE.FD_READ || type === EVENTTYPE.FD_WRITE) {
    return { kind: 'stream', userdata, type, fd: memory.getU32(at + 16) };
  }
  if (type !== EVENTTYPE.CLOCK) return undefined;
  const body = at + layout.clockOffset;
  const clock = memory.getU32(body);
  const timeout = memory.getU64(body + 8);
  const absolute = (memory.getU16(body + 24) & SUBCLOCK_ABSTIME) !== 0;
  const now = readClock(w, clock);
  if (typeof now === 'number') return { kind: 'clock', userdata, clock, due: now };
  if (absolute) return { kind: 'clock', userdata, clock, due: timeout };
  // A relative timeout is kept on the monotonic clock: a real-time clock that is set must not stretch it.
  return { kind: 'clock', userdata, clock: 1, due: addSaturated(started, timeout) };
}

function collect(w: WasiContext, list: readonly Subscription[]): PollEvent[] {
  const ready: PollEvent[] = [];
  for (const one of list) {
    const event = one.kind === 'clock' ? clockEvent(w, one) : streamEvent(w, one);
    if (event !== undefined) ready.push(event);
  }
  return ready;
}

function clockEvent(w: WasiContext, one: ClockSubscription): PollEvent | undefined {
  const event = { userdata: one.userdata, error: ERRNO.SUCCESS, type: EVENTTYPE.CLOCK, bytes: 0, flags: 0 };
  if (typeof one.due === 'number') return { ...event, error: one.due };
  const now = readClock(w, one.clock);
  return typeof now !== 'number' && less(now, one.due) ? undefined : event;
}

function streamEvent(w: WasiContext, one: StreamSubscription): PollEvent | undefined {
  const event = { userdata: one.userdata, error: ERRNO.SUCCESS, type: one.type, bytes: 0, flags: 0 };
  const reads = one.type === EVENTTYPE.FD_READ;
  const descriptor = answerOf(() => w.descriptors.need(one.fd, RIGHTS.POLL_FD_READWRITE));
  if (typeof descriptor === 'number') return { ...event, error: descriptor };
  const { handle } = descriptor;
  if (handle.kind === 'directory') return { ...event, error: ERRNO.ISDIR };
  if (handle.kind === 'file') {
    return { ...event, bytes: reads ? Math.max(0, handle.size() - descriptor.offset) : 0 };
  }
  // The guest goes on to read or write, and waits there.
  if (w.isSteady(handle)) return { ...event, bytes: reads ? 1 : 0 };
  if (!reads) return handle.writable() ? event : undefined;
  const available = handle.available();
  if (available < 0) return undefined;
  return { ...event, bytes: available, flags: available === 0 ? EVENT_HANGUP : 0 };
}

/** How long nothing can happen, and which streams may end that. On virtual time the clock jumps instead. */
function pauseFor(w: WasiContext, list: readonly Subscription[]): Pause {
  let nanoseconds = Number.POSITIVE_INFINITY;
  const interests: Interest[] = [];
  for (const one of list) {
    if (one.kind === 'clock' && typeof one.due !== 'number') {
      const now = readClock(w, one.clock);
      if (typeof now !== 'number') nanoseconds = Math.min(nanoseconds, distance(one.due, now));
    } else if (one.kind === 'stream') {
      const handle = w.descriptors.get(one.fd)?.handle;
      if (handle?.kind === 'stream' || handle?.kind === 'socket') {
        interests.push({ stream: handle, write: one.type === EVENTTYPE.FD_WRITE });
      }
    }
  }
  if (!w.clocks.virtual || nanoseconds === Number.POSITIVE_INFINITY) return { nanoseconds, interests };
  w.clocks.advance(nanoseconds);
  return { nanoseconds: 0, interests: [] };
}

function writeEvent(memory: GuestMemory, at: number, event: PollEvent): void {
  memory.fill(at, EVENT_SIZE);
  memory.setU64(at, event.userdata);
  memory.setU16(at + 8, event.error);
  memory.setU8(at + 10, event.type);
  memory.setNumber(at + 16, event.bytes);
  memory.setU16(at + 24, event.flags);
}
