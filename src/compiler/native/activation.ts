/** One activation of native code: what its frames stand on, and how it ends. */
import type { Place } from '../../interpreter/tiers';
import type { Func } from '../../runtime';
import type { NativeInstance } from './native-instance';
import type { Beginning } from './program';
import type { SpilledFrame } from './spilled';
import { depthAt } from './state';

export class Activation implements Place {
  readonly frames: SpilledFrame[] = [];
  /** Whom the innermost frame waits for, when the machine's call of it has stopped. */
  callee: Func | undefined = undefined;
  /** What is left to do of the bulk operation that the innermost frame stands in: its operands. */
  rest: Int32Array | undefined = undefined;
  /** That call, when it has returned, and yet nothing may go on here. */
  returned: Place | undefined = undefined;
  /** Who takes the first frame's place. */
  tail: Func | undefined = undefined;
  /** Where its only frame goes on at once, in better code. */
  anew: Beginning | undefined = undefined;
  /** Of a call of a plain function: what ends it (`TierMachine.endPlain`). */
  nest = 0;
  /** Whether the first function has been entered with its arguments, and what it has returned then. */
  isDirect = false;
  result: unknown = undefined;

  constructor(
    readonly native: NativeInstance,
    readonly func: Func,
    readonly fp: number,
    readonly sp: number,
    /** What fits on the host's stack, as a measure. */
    readonly most: number,
    /** The place of its first frame. */
    readonly place: number,
    readonly outer: Activation | undefined,
    readonly share: number,
  ) {}

  /** The `sp` of the frame that has this base. */
  spOf(base: number): number {
    return this.sp + depthAt(base) - 1;
  }
}
