/**
 * Requests to devices that nobody can reach, such as a page of a browser: they come to fetch them, and bring their replies. And what they send goes
 * through here too, since a page may ask no other address than its own.
 */
import type { Clock } from '../agent/world';
import { DEFAULT_TIMEOUT, type Reply, type Request } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import type { NumberedRequest } from '../protocol/frames';

/** Milliseconds for which a device that asks waits for a request. A question whose answer is lost keeps it waiting a little longer. */
const HOLD = 4_000;
/** Milliseconds after its last question in which a device may ask again. */
const LAPSE = 5_000;
/** Requests that wait for one device. */
const MAX_WAITING = 100;

interface Waiter {
  readonly resolve: (reply: Reply) => void;
  readonly callOff: () => void;
}

/** A device that comes to fetch. */
class Line {
  readonly requests: NumberedRequest[] = [];
  readonly waiters = new Map<number, Waiter>();
  readonly askers = new Set<(request: NumberedRequest | undefined) => void>();
  heard = Number.NEGATIVE_INFINITY;

  hand(request: NumberedRequest): void {
    const [asker] = this.askers;
    if (asker === undefined) this.requests.push(request);
    else asker(request);
  }
  forget(number: number): void {
    this.waiters.get(number)?.callOff();
    this.waiters.delete(number);
    const at = this.requests.findIndex((one) => one.number === number);
    if (at >= 0) this.requests.splice(at, 1);
  }
}

export class Relay {
  private readonly lines = new Map<string, Line>();
  private count = 0;

  constructor(private readonly clock: Clock) {}

  private line(device: string): Line {
    const known = this.lines.get(device) ?? new Line();
    this.lines.set(device, known);
    return known;
  }

  /** The next request for a device; undefined when there is none for a while. `gone` says that it does not wait any more. */
  next(device: string, gone?: AbortSignal): Promise<NumberedRequest | undefined> {
    const line = this.line(device);
    const [first] = line.requests.splice(0, 1);
    line.heard = this.clock.now();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => {
      const end = (request: NumberedRequest | undefined): void => {
        callOff();
        gone?.removeEventListener('abort', leave);
        line.askers.delete(end);
        line.heard = this.clock.now();
        resolve(request);
      };
      const leave = (): void => end(undefined);
      const callOff = this.clock.after(HOLD, leave);
      gone?.addEventListener('abort', leave);
      line.askers.add(end);
    });
  }

  /** What a device says to a request. Nobody may wait for it any more. */
  reply(device: string, number: number, reply: Reply): void {
    const line = this.line(device);
    line.waiters.get(number)?.resolve(reply);
    line.forget(number);
  }

  /** Sends a request to a device, and gives what it says. */
  send(device: string, request: Request): Promise<Reply> {
    const line = this.lines.get(device);
    const isThere = line !== undefined && (line.askers.size > 0 || this.clock.now() - line.heard < LAPSE);
    if (!isThere) throw new FleetError('unavailable', `${device} has not come to fetch what is for it`);
    if (line.requests.length >= MAX_WAITING)
      throw new FleetError('busy', `${MAX_WAITING} requests wait for ${device} already`);
    const number = ++this.count;
    return new Promise((resolve, reject) => {
      const callOff = this.clock.after(request.timeout ?? DEFAULT_TIMEOUT, () => {
        line.forget(number);
        reject(new FleetError('unavailable', `${device} does not answer in time`));
      });
      line.waiters.set(number, { resolve, callOff });
      line.hand({ ...request, number });
    });
  }
}
