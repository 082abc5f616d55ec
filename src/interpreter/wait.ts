/** An execution that waits for the promise of a host function. */
import { hostRejected } from './exceptions';
import { rejected } from './failures';
import { finishHostCall, type HostCall } from './hostcall';
import { registers } from './registers';
import type { Step } from './step';

/** What became of the promise. */
type Settlement =
  | { readonly kind: 'none' }
  | { readonly kind: 'fulfilled' }
  | { readonly kind: 'rejected'; readonly reason: unknown };

export class HostWait {
  readonly call: HostCall;
  /** Settles when the host's promise has, and never rejects. */
  readonly promise: PromiseLike<void>;
  private settlement: Settlement = { kind: 'none' };

  constructor(call: HostCall, promise: PromiseLike<void>) {
    this.call = call;
    this.promise = promise.then(
      () => {
        this.settlement = { kind: 'fulfilled' };
      },
      (reason: unknown) => {
        this.settlement = { kind: 'rejected', reason };
      },
    );
  }

  get isSettled(): boolean {
    return this.settlement.kind !== 'none';
  }

  /**
   * Ends the host call, whose frame is on the machine's stack again. A rejection is thrown into the guest at the call; when nothing there
   * handles it, it is a trap.
   */
  finish(): Step | null {
    const { call, settlement } = this;
    if (settlement.kind !== 'rejected') return finishHostCall(call, registers.fp);
    const { reason } = settlement;
    call.end();
    return hostRejected(reason, registers.fp, () => rejected(call.func, reason));
  }
}
