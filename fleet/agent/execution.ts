/**
 * An execution on a device: a guest, the calls that wait for it, and what has been answered.
 *
 * | state | calls | guest | comes from, goes to |
 * |---|---|---|---|
 * | running | are begun in their order | runs while there is one | paused, leaving, failed |
 * | paused | wait | stands | running, leaving |
 * | leaving | wait | stands; the last stage is on its way to another device | as before when that fails, gone |
 * | gone | are sent on to the other device | disposed | |
 * | failed | are refused with the reason | disposed | |
 *
 * An exclusive execution runs and answers only while it holds a lease; without one it is as if paused.
 *
 * An answer is given only when the policy's checkpoint with it is kept (`Keeper`), so what has been acknowledged is never lost, and under
 * its key it is given again, never computed again.
 */
import type { Execution, Func, Outcome, RunOptions } from 'tswasm';
import type { Departure } from 'tswasm/snapshot';
import { WasiExit } from 'tswasm/wasi';
import type { Answer, Checkpoint, CheckpointHead, PendingCall } from '../protocol/checkpoint';
import { MAX_ANSWERS } from '../protocol/checkpoint';
import { type CheckpointPolicy, checkpointPolicy, type ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Guest } from './guest';
import { Lease, type Moment } from './lease';
import { Output } from './output';
import { Rate } from './rate';
import type { Rest, Runner } from './turns';
import { argumentsFor, jsonOf } from './values';
import type { Clock } from './world';

/** Calls that wait for an execution: as many as a burst of requests may bring while a call of a second runs. */
const MAX_WAITING = 256;
/** Characters of a failure that an answer carries. */
const MAX_FAILURE = 2000;
/** Milliseconds until it is asked again whether a snapshot can be taken or the fuel is there. */
const SOON = 1;

export interface Keeper {
  /** Settles when the checkpoint is safe. Rejects when it is not: then nothing is answered. */
  keep(checkpoint: Checkpoint): Promise<void>;
}

export type ResidenceState =
  | { readonly kind: 'running' }
  | { readonly kind: 'paused'; readonly reason: string }
  | { readonly kind: 'leaving'; readonly before: 'running' | 'paused' }
  | { readonly kind: 'gone'; readonly to: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** The execution is elsewhere now: the caller asks there, under the same key. */
export class MovedError extends Error {
  constructor(readonly to: string) {
    super(`the execution has moved to ${to}`);
    this.name = 'MovedError';
  }
}

interface Waiter {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export interface ExecutionParts {
  readonly id: string;
  readonly deployment: string;
  readonly spec: ExecutionSpec;
  readonly clock: Clock;
  readonly keeper: Keeper;
  /** Makes the guest when it is first needed, from a snapshot when there is one. */
  readonly makeGuest: (own: FleetExecution, snapshot: Uint8Array | undefined) => Guest;
  readonly log: (text: string) => void;
  /** Called when it runs, stands still, fails or goes. */
  readonly onState: () => void;
}

export class FleetExecution implements Runner {
  readonly id: string;
  readonly spec: ExecutionSpec;
  readonly output: Output;
  readonly hostCalls: Rate;
  private residence: ResidenceState = { kind: 'running' };
  epoch = 1;
  sequence = 0;
  /** The sequence of the newest checkpoint that is kept; 0: none of this epoch is. */
  kept = 0;
  fuelUsed = 0;
  private guest: Guest | undefined;
  private begun = 0;
  private current: PendingCall | undefined;
  private readonly queue: PendingCall[] = [];
  private readonly waiters = new Map<string, Waiter[]>();
  private answered = new Map<string, Answer>();
  /** Set while an answer is being kept: nothing runs then. */
  private keeping: Promise<void> | undefined;
  /** The key of that answer. */
  private unkept: string | undefined;
  /** An exclusive execution runs, and answers, only while it has one. */
  private readonly lease: Lease | undefined;
  private readonly fuel: Rate;
  private readonly policy: CheckpointPolicy;
  private nextCheckpoint = Number.POSITIVE_INFINITY;
  /** Whether the guest has run since its last checkpoint. */
  private changed = false;
  /** Called when there is something to run. */
  onWork: (() => void) | undefined;

  constructor(private readonly parts: ExecutionParts) {
    this.id = parts.id;
    this.spec = parts.spec;
    const now = () => parts.clock.now();
    this.fuel = new Rate(parts.spec.limits.fuelPerSecond, now);
    this.hostCalls = new Rate(parts.spec.limits.hostCallsPerSecond, now);
    this.output = new Output(new Rate(parts.spec.limits.outputBytesPerSecond, now), parts.log);
    this.policy = checkpointPolicy(parts.spec);
    this.lease = parts.spec.exclusive ? new Lease(parts.clock) : undefined;
  }

  get state(): ResidenceState {
    return this.residence;
  }
  private set state(next: ResidenceState) {
    this.residence = next;
    this.parts.onState();
  }

  /** Makes the guest: new, or as the checkpoint tells. Throws, and is as before, when that cannot be. */
  start(from?: Checkpoint): void {
    const snapshot = from === undefined || from.snapshot.length === 0 ? undefined : from.snapshot;
    this.guest = this.parts.makeGuest(this, snapshot);
    if (from !== undefined) this.takeOver(from.head);
    this.planCheckpoint();
  }

  private takeOver(head: CheckpointHead): void {
    this.epoch = head.epoch;
    this.sequence = head.sequence;
    this.begun = head.begun;
    this.current = head.current;
    this.answered = new Map(head.answered.map((answer) => [answer.key, answer]));
  }

  /** Answers a call; one with the key of an earlier call gets that one's answer. */
  call(call: PendingCall): Promise<Answer> {
    const { state } = this;
    const known = this.answered.get(call.key);
    if (known !== undefined && call.key !== this.unkept && this.mayRun()) return Promise.resolve(known);
    if (state.kind === 'gone') return Promise.reject(new MovedError(state.to));
    if (state.kind === 'failed')
      return Promise.reject(new FleetError('unavailable', `${this.id} has failed: ${state.reason}`));
    const waiting = this.waiters.get(call.key);
    if (waiting === undefined && known === undefined && this.current?.key !== call.key) {
      if (this.queue.length >= MAX_WAITING)
        return Promise.reject(new FleetError('busy', `${MAX_WAITING} calls wait for ${this.id} already`));
      this.queue.push(call);
    }
    return new Promise((resolve, reject) => {
      this.waiters.set(call.key, [...(waiting ?? []), { resolve, reject }]);
      this.onWork?.();
    });
  }

  /** The answer to a key: undefined as long as there is none. */
  answerOf(key: string): Answer | undefined {
    return key !== this.unkept && this.mayRun() ? this.answered.get(key) : undefined;
  }
  /** Whether a call with this key waits or runs. */
  knows(key: string): boolean {
    return this.current?.key === key || this.waiters.has(key) || this.answered.has(key);
  }

  /** Files in its directory. They travel with it. */
  putFile(path: string, bytes: Uint8Array): void {
    if (this.guest === undefined) throw new FleetError('unavailable', `${this.id} is ${this.state.kind}`);
    this.guest.writeFile(path, bytes);
    this.changed = true;
  }
  file(path: string): Uint8Array | undefined {
    return this.guest?.file(path);
  }

  pause(reason = 'by request'): void {
    if (this.state.kind === 'running') this.state = { kind: 'paused', reason };
  }
  resume(): void {
    if (this.state.kind !== 'paused') return;
    this.state = { kind: 'running' };
    this.onWork?.();
  }

  /** Whether it has what an exclusive execution needs. */
  mayRun(): boolean {
    return this.lease === undefined || this.lease.holds();
  }
  /** The orchestrator has said so, in answer to what was asked then. */
  renewLease(asked: Moment): void {
    this.lease?.renew(asked);
    for (const key of this.waiters.keys()) {
      const answer = key === this.unkept ? undefined : this.answered.get(key);
      if (answer !== undefined) this.settle(key, answer);
    }
    this.onWork?.();
  }

  slice(milliseconds: number): Rest {
    if (this.state.kind !== 'running' || this.keeping !== undefined || !this.mayRun())
      return { kind: 'idle' };
    if (this.parts.clock.now() >= this.nextCheckpoint && this.guest!.canBeWritten) this.periodic();
    try {
      return this.runSlice(milliseconds);
    } catch (error) {
      this.fail(error);
      return { kind: 'idle' };
    }
  }

  private runSlice(milliseconds: number): Rest {
    const { guest, fuel } = this;
    const execution = guest!.execution ?? this.next();
    if (execution === undefined)
      return this.keeping === undefined && this.hasWork() ? { kind: 'more' } : { kind: 'idle' };
    if (execution.waitsFor !== undefined) return this.waitFor(execution.waitsFor);
    const available = Math.floor(fuel.available());
    if (available < 1) return { kind: 'later', wait: Math.max(SOON, fuel.wait(1)) };
    const { now } = this.parts.clock;
    const end = now() + milliseconds;
    return this.run(execution, { fuel: available, now, deadline: () => now() >= end });
  }

  private run(execution: Execution, options: RunOptions): Rest {
    this.changed = true;
    const before = execution.fuelUsed;
    let outcome: Outcome;
    try {
      outcome = execution.run(options);
    } catch (error) {
      if (!(error instanceof WasiExit)) throw error;
      this.ended({ key: '', exitCode: error.code });
      return { kind: 'more' };
    } finally {
      const used = execution.fuelUsed - before;
      this.fuel.take(used);
      this.fuelUsed += used;
    }
    return this.afterRun(outcome);
  }

  private afterRun(outcome: Outcome): Rest {
    switch (outcome.kind) {
      case 'done':
        this.ended({ key: '', results: outcome.results.map(jsonOf) });
        return { kind: 'more' };
      case 'trapped': {
        const { message, backtrace = [] } = outcome.error;
        const frames = backtrace.slice(0, 10).map((frame) => ` at ${String(frame)}`);
        this.ended({ key: '', failure: `trap: ${message}${frames.join('')}`.slice(0, MAX_FAILURE) });
        return { kind: 'more' };
      }
      case 'waiting':
        return this.waitFor(outcome.promise);
      case 'paused':
        return { kind: 'more' };
    }
  }

  private waitFor(promise: PromiseLike<void>): Rest {
    const wake = () => this.onWork?.();
    promise.then(wake, wake);
    return { kind: 'idle' };
  }

  private hasWork(): boolean {
    return this.current !== undefined || this.queue.length > 0 || this.guest?.execution !== undefined;
  }

  /** What is to run next: a start function, or the call whose turn it is. */
  private next(): Execution | undefined {
    const guest = this.guest!;
    const preludes = guest.preludes();
    if (this.begun < preludes.length) return guest.begin(preludes[this.begun], []);
    this.current ??= this.queue.shift();
    if (this.current === undefined) return undefined;
    try {
      const func: Func = guest.func(this.current.function);
      return guest.begin(func, argumentsFor(func, this.current.args, this.current.function));
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.answer({ key: '', failure: error.message });
      return undefined;
    }
  }

  private ended(answer: Answer): void {
    const guest = this.guest!;
    guest.execution = undefined;
    if (this.begun < guest.preludes().length) {
      if (answer.failure !== undefined) throw new FleetError('call-failed', answer.failure);
      this.begun++;
      return;
    }
    this.answer(answer);
  }

  private answer(answer: Answer): void {
    const { key } = this.current!;
    const text = this.output.taken();
    const complete: Answer = { ...answer, key, ...(text === '' ? {} : { output: text }) };
    this.current = undefined;
    this.answered.set(key, complete);
    for (const old of this.answered.keys()) {
      if (this.answered.size <= MAX_ANSWERS) break;
      this.answered.delete(old);
    }
    if (!this.policy.afterCall) {
      this.settle(key, complete);
      return;
    }
    this.unkept = key;
    this.keeping = this.keep().then(
      () => {
        this.keeping = this.unkept = undefined;
        this.settle(key, complete);
        this.onWork?.();
      },
      (error) => {
        this.keeping = this.unkept = undefined;
        this.fail(error);
      },
    );
  }

  /** Without its lease nothing is given out: `renewLease` does that. */
  private settle(key: string, answer: Answer): void {
    if (!this.mayRun()) return;
    for (const { resolve } of this.waiters.get(key) ?? []) resolve(answer);
    this.waiters.delete(key);
  }

  /** The state of now. Only where the guest stands at a safepoint or rests. */
  checkpoint(): Checkpoint {
    this.sequence++;
    this.changed = false;
    this.planCheckpoint();
    return { head: this.head(this.epoch, this.sequence), snapshot: this.guest!.snapshot() };
  }

  private head(epoch: number, sequence: number): CheckpointHead {
    return {
      execution: this.id,
      deployment: this.parts.deployment,
      spec: this.spec,
      epoch,
      sequence,
      begun: this.begun,
      current: this.current,
      answered: [...this.answered.values()],
    };
  }

  /** Keeps a checkpoint of now. */
  async keep(): Promise<void> {
    const checkpoint = this.checkpoint();
    await this.parts.keeper.keep(checkpoint);
    this.kept = Math.max(this.kept, checkpoint.head.sequence);
  }
  /** Keeps one of this epoch, if there is none yet and the guest stands where it can be written. */
  async keepFirst(): Promise<void> {
    await this.keeping;
    if (this.kept === 0 && this.state.kind === 'running' && this.guest?.canBeWritten === true)
      await this.keep();
  }

  private planCheckpoint(): void {
    const { everySeconds } = this.policy;
    if (everySeconds !== undefined) this.nextCheckpoint = this.parts.clock.now() + everySeconds * 1000;
  }

  private periodic(): void {
    this.planCheckpoint();
    if (!this.changed) return;
    this.keep().catch((error) => this.fail(error));
  }

  /** Begins a move: from now on it is noted what is written. It runs on. */
  depart(): Departure {
    if (this.guest === undefined || (this.state.kind !== 'running' && this.state.kind !== 'paused'))
      throw new FleetError('busy', `${this.id} is ${this.state.kind}`);
    return this.guest.depart();
  }

  /** The first stage of a move to another epoch, where it has this specification. */
  opening(departure: Departure, epoch: number, spec: ExecutionSpec): Checkpoint {
    return { head: { ...this.head(epoch, 0), spec }, snapshot: departure.opening() };
  }

  /** Stands still for the last stage, as soon as it may. `stay` or `gone` ends this. */
  async stand(): Promise<void> {
    for (;;) {
      await this.keeping;
      const { guest, state } = this;
      if (guest === undefined || (state.kind !== 'running' && state.kind !== 'paused'))
        throw new FleetError('busy', `${this.id} is ${state.kind}`);
      while (!guest.canBeWritten && guest.execution !== undefined) this.run(guest.execution, { fuel: 1 });
      if (this.keeping !== undefined) continue;
      this.state = { kind: 'leaving', before: state.kind };
      return;
    }
  }

  /** It has been on its way elsewhere when the process before this one ended. Before it has run. */
  standAgain(): void {
    this.state = { kind: 'leaving', before: 'running' };
  }

  /** All that the stages before, of this digest, have not told. */
  lastStage(departure: Departure, epoch: number, spec: ExecutionSpec, staged: string): Checkpoint {
    const head = { ...this.head(epoch, 0), spec, staged };
    return { head, snapshot: this.guest!.lastStage(departure) };
  }

  /** It does not go after all. */
  stay(): void {
    if (this.state.kind !== 'leaving') return;
    const { before } = this.state;
    this.state =
      before === 'running' ? { kind: 'running' } : { kind: 'paused', reason: 'as before the move' };
    this.onWork?.();
  }

  /** It runs elsewhere now. */
  gone(to: string): void {
    this.state = { kind: 'gone', to };
    this.reject(new MovedError(to));
    this.dispose();
  }

  private fail(error: unknown): void {
    if (this.state.kind === 'gone' || this.state.kind === 'failed') return;
    const reason = error instanceof Error ? error.message : String(error);
    this.state = { kind: 'failed', reason };
    this.parts.log(`failed: ${reason}`);
    this.reject(
      error instanceof FleetError ? error : new FleetError('unavailable', `${this.id} has failed: ${reason}`),
    );
    this.dispose();
  }

  private reject(error: Error): void {
    for (const waiting of this.waiters.values()) for (const { reject } of waiting) reject(error);
    this.waiters.clear();
    this.queue.length = 0;
  }

  /** It is taken off this device. */
  remove(): void {
    this.state = { kind: 'failed', reason: 'it has been removed' };
    this.reject(new FleetError('not-found', `${this.id} has been removed`));
    this.dispose();
  }

  private dispose(): void {
    this.guest?.dispose();
    this.guest = undefined;
  }

  get memoryBytes(): number {
    return this.guest?.memoryBytes() ?? 0;
  }
  get waiting(): number {
    return this.queue.length + (this.current === undefined ? 0 : 1);
  }
}
