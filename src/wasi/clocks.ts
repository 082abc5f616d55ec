/**
 * The guest's clocks. The monotonic clock starts at zero and, when a run moves to another host, goes on from where it was. In
 * deterministic runs both clocks are virtual: they move only when they are read (by a fixed tick) and when the guest sleeps.
 */
import type { WasiHost } from './host';
import { add, fromNumber, nanoseconds, sub, type U64, ZERO } from './words';

/** The virtual real-time clock starts at 2001-09-09 01:46:40 UTC: late enough for programs that distrust 1970. */
const VIRTUAL_EPOCH = nanoseconds(1_000_000_000, 0);
/** A reading takes a microsecond, so that a guest that spins on the clock gets somewhere. */
const TICK = fromNumber(1000);

export class Clocks {
  /** Added to the host's monotonic clock (modulo 2^64). */
  private offset: U64;
  /** Nanoseconds that have passed on the virtual clocks; undefined when the clocks are the host's. */
  private elapsed: U64 | undefined;

  constructor(
    private readonly host: WasiHost,
    virtual: boolean,
  ) {
    this.offset = virtual ? ZERO : sub(ZERO, host.monotonic());
    this.elapsed = virtual ? ZERO : undefined;
  }

  get virtual(): boolean {
    return this.elapsed !== undefined;
  }

  realtime(): U64 {
    return this.elapsed === undefined ? this.host.realtime() : add(VIRTUAL_EPOCH, this.tick());
  }

  monotonic(): U64 {
    return this.elapsed === undefined ? add(this.host.monotonic(), this.offset) : this.tick();
  }

  /** Processor time: that of the host if it tells, else what the monotonic clock shows. */
  cpuTime(): U64 {
    return this.elapsed === undefined && this.host.cpuTime ? this.host.cpuTime() : this.monotonic();
  }

  /** Lets virtual time pass. */
  advance(nanos: number): void {
    if (this.elapsed !== undefined) this.elapsed = add(this.elapsed, fromNumber(Math.ceil(nanos)));
  }

  /** The monotonic clock without the tick of a reading: for state that travels. */
  save(): U64 {
    return this.elapsed ?? this.monotonic();
  }

  /** Makes the monotonic clock (virtual: both clocks) go on from `monotonic`. */
  restore(monotonic: U64): void {
    if (this.elapsed !== undefined) this.elapsed = monotonic;
    else this.offset = sub(monotonic, this.host.monotonic());
  }

  private tick(): U64 {
    const now = this.elapsed ?? ZERO;
    this.elapsed = add(now, TICK);
    return now;
  }
}
