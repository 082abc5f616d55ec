/**
 * The calls of an execution: those that wait for their turn, the one whose turn it is, and what has been answered. Under its key an answer is given
 * again, never computed again; one that is still being kept is given to nobody.
 */
import { type Answer, type CheckpointHead, MAX_ANSWERS, type PendingCall } from '../protocol/checkpoint';
import { FleetError } from '../protocol/errors';

/** Calls that wait for an execution: as many as a burst of requests may bring while a call of a second runs. */
const MAX_WAITING = 256;

interface Waiter {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Calls {
  /** Begun, or to be begun next. */
  current: PendingCall | undefined;
  private readonly queue: PendingCall[] = [];
  private readonly waiters = new Map<string, Waiter[]>();
  private answered = new Map<string, Answer>();
  /** The key of the answer that is being kept. */
  private unkept: string | undefined;

  /** `mayAnswer`: an exclusive execution gives nothing out without its lease. */
  constructor(
    private readonly execution: string,
    private readonly mayAnswer: () => boolean,
  ) {}

  /** Goes on with what a checkpoint tells. */
  takeOver({ current, answered }: CheckpointHead): void {
    this.current = current;
    this.answered = new Map(answered.map((answer) => [answer.key, answer]));
  }

  /** The answers that are given again. */
  get answers(): Answer[] {
    return [...this.answered.values()];
  }
  /** Calls without an answer. */
  get waiting(): number {
    return this.queue.length + (this.current === undefined ? 0 : 1);
  }

  /** The answer to a key: undefined as long as there is none. */
  answerOf(key: string): Answer | undefined {
    return key !== this.unkept && this.mayAnswer() ? this.answered.get(key) : undefined;
  }
  /** Whether a call with this key waits or runs, or has been answered. */
  knows(key: string): boolean {
    return this.current?.key === key || this.waiters.has(key) || this.answered.has(key);
  }

  /** Settles with the answer. A call that is known already is waited for, and not made again. */
  wait(call: PendingCall): Promise<Answer> {
    if (!this.knows(call.key)) {
      if (this.queue.length >= MAX_WAITING)
        return Promise.reject(
          new FleetError('busy', `${MAX_WAITING} calls wait for ${this.execution} already`),
        );
      this.queue.push(call);
    }
    return new Promise((resolve, reject) => {
      this.waiters.set(call.key, [...(this.waiters.get(call.key) ?? []), { resolve, reject }]);
    });
  }

  /** The call whose turn it is. */
  next(): PendingCall | undefined {
    this.current ??= this.queue.shift();
    return this.current;
  }

  /** The current call has been answered. It is told to nobody before `release`. */
  end(answer: Omit<Answer, 'key'>): void {
    const { key } = this.current!;
    this.current = undefined;
    this.answered.set(key, { ...answer, key });
    this.unkept = key;
    for (const old of this.answered.keys()) {
      if (this.answered.size <= MAX_ANSWERS) break;
      this.answered.delete(old);
    }
  }

  /** The answer of before is kept, or need not be, or cannot be any more. */
  release(): void {
    this.unkept = undefined;
    this.settle();
  }

  /** Who waits for an answer that may be given gets it. */
  settle(): void {
    for (const [key, waiting] of this.waiters) {
      const answer = this.answerOf(key);
      if (answer === undefined) continue;
      for (const { resolve } of waiting) resolve(answer);
      this.waiters.delete(key);
    }
  }

  /** Nobody gets an answer here any more. */
  reject(error: Error): void {
    for (const waiting of this.waiters.values()) for (const { reject } of waiting) reject(error);
    this.waiters.clear();
    this.queue.length = 0;
  }
}
