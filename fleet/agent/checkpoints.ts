/** When the state of an execution is written down, and how far that has come: what its deployment asks for, and the numbers of its checkpoints. */
import type { Checkpoint } from '../protocol/checkpoint';
import { type CheckpointPolicy, checkpointPolicy, type ExecutionSpec } from '../protocol/deployment';
import type { Clock } from './world';

export interface Keeper {
  /** Settles when the checkpoint is safe. Rejects when it is not: then nothing is answered. */
  keep(checkpoint: Checkpoint): Promise<void>;
}

export class Checkpoints {
  /** That of the newest one that has been made in this epoch. */
  sequence = 0;
  /** That of the newest one that is kept; 0: none of this epoch is. */
  kept = 0;
  /** Whether the guest has run since the newest one. */
  changed = false;
  private readonly policy: CheckpointPolicy;
  private due = Number.POSITIVE_INFINITY;

  constructor(
    spec: ExecutionSpec,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly keeper: Keeper,
  ) {
    this.policy = checkpointPolicy(spec);
  }

  get afterCall(): boolean {
    return this.policy.afterCall;
  }
  get isDue(): boolean {
    return this.clock.now() >= this.due;
  }
  /** Whether the newest one that is kept is of the state of now. */
  get areUpToDate(): boolean {
    return this.kept > 0 && this.kept === this.sequence && !this.changed;
  }
  /** The next one of those that come every so many seconds. */
  plan(): void {
    const { everySeconds } = this.policy;
    if (everySeconds !== undefined) this.due = this.clock.now() + everySeconds * 1000;
  }

  /** One is made of the state of now, with this number. */
  next(): number {
    this.changed = false;
    this.plan();
    return ++this.sequence;
  }

  async store(checkpoint: Checkpoint): Promise<void> {
    await this.keeper.keep(checkpoint);
    this.kept = Math.max(this.kept, checkpoint.head.sequence);
  }
}
