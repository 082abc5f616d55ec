/**
 * An execution on a device: a guest, its calls (calls.ts) and how they run in it (course.ts), and its checkpoints (checkpoints.ts).
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
 * An answer is given only when the policy's checkpoint with it is kept (`Keeper`), so what has been acknowledged is never lost.
 */
import type { Answer, Checkpoint, CheckpointHead, PendingCall } from '../protocol/checkpoint';
import type { ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { Calls } from './calls';
import { Checkpoints, type Keeper } from './checkpoints';
import { Course, IDLE } from './course';
import type { Guest, Leaving, Owner, Soon } from './guest';
import { Lease, type Moment } from './lease';
import { Output } from './output';
import { Rate } from './rate';
import type { Rest, Runner } from './turns';
import type { Clock } from './world';

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

export interface ExecutionParts {
  readonly id: string;
  readonly deployment: string;
  readonly spec: ExecutionSpec;
  readonly clock: Clock;
  readonly keeper: Keeper;
  /** A call of another execution by the guest. */
  readonly rpc: (from: FleetExecution, target: string, data: Uint8Array) => Promise<void>;
  readonly log: (text: string) => void;
  /** Called when it runs, stands still, fails or goes. */
  readonly onState: () => void;
}

export class FleetExecution implements Runner, Owner {
  readonly id: string;
  readonly spec: ExecutionSpec;
  private readonly output: Output;
  private residence: ResidenceState = { kind: 'running' };
  epoch = 1;
  /** Settles when it is here for good. In a move it runs before that; whatever tells others of it waits. */
  landed: Promise<void> = Promise.resolve();
  private guest: Guest | undefined;
  /** Settles when nothing is asked of the guest. */
  private asked: Promise<void> = Promise.resolve();
  private readonly calls: Calls;
  /** Set while an answer is being kept: nothing runs then. */
  private keeping: Promise<void> | undefined;
  /** An exclusive execution runs, and answers, only while it has one. */
  private readonly lease: Lease | undefined;
  private readonly checkpoints: Checkpoints;
  private readonly course: Course;
  /** Called when there is something to run. */
  onWork: (() => void) | undefined;

  constructor(private readonly parts: ExecutionParts) {
    this.id = parts.id;
    this.spec = parts.spec;
    this.output = new Output(parts.log);
    this.checkpoints = new Checkpoints(parts.spec, parts.clock, parts.keeper);
    this.lease = parts.spec.exclusive ? new Lease(parts.clock) : undefined;
    this.calls = new Calls(parts.id, () => this.mayRun());
    this.course = new Course({
      calls: this.calls,
      fuel: new Rate(parts.spec.limits.fuelPerSecond, () => parts.clock.now()),
      isHere: (guest) => this.guest === guest,
      begins: () => {
        this.checkpoints.changed = true;
      },
      answer: (outcome) => this.answer(outcome),
      isKeeping: () => this.keeping !== undefined,
      wake: () => this.onWork?.(),
    });
  }

  /** Of its checkpoints in this epoch: the number of the newest one. */
  get sequence(): number {
    return this.checkpoints.sequence;
  }
  /** The number of the newest one that is kept; 0: there is none. */
  get kept(): number {
    return this.checkpoints.kept;
  }

  get fuelUsed(): number {
    return this.course.fuelUsed;
  }

  get state(): ResidenceState {
    return this.residence;
  }
  private set state(next: ResidenceState) {
    this.residence = next;
    this.parts.onState();
  }

  /** Goes on with this guest from what the checkpoint tells beside it. */
  start(guest: Guest, { head }: Checkpoint): void {
    this.guest = guest;
    this.takeOver(head);
    this.checkpoints.plan();
  }

  private takeOver(head: CheckpointHead): void {
    this.epoch = head.epoch;
    this.checkpoints.sequence = head.sequence;
    this.course.begun = head.begun;
    this.calls.takeOver(head);
  }

  /** Answers a call; one with the key of an earlier call gets that one's answer. */
  call(call: PendingCall): Promise<Answer> {
    const { state, calls } = this;
    const known = calls.answerOf(call.key);
    if (known !== undefined) return Promise.resolve(known);
    if (state.kind === 'gone') return Promise.reject(new MovedError(state.to));
    if (state.kind === 'failed')
      return Promise.reject(new FleetError('unavailable', `${this.id} has failed: ${state.reason}`));
    const answer = calls.wait(call);
    this.onWork?.();
    return answer;
  }

  /** The answer to a key: undefined as long as there is none. */
  answerOf(key: string): Answer | undefined {
    return this.calls.answerOf(key);
  }
  /** Whether a call with this key waits or runs, or has been answered. */
  knows(key: string): boolean {
    return this.calls.knows(key);
  }

  write(bytes: Uint8Array): void {
    this.output.write(bytes);
  }
  print(text: string): void {
    this.output.print(text);
  }
  log(text: string): void {
    this.parts.log(text);
  }
  async rpc(target: string, data: Uint8Array): Promise<void> {
    await this.landed;
    return this.parts.rpc(this, target, data);
  }
  lost(reason: string): void {
    this.fail(new FleetError('unavailable', reason));
  }

  /** Nothing else is asked of the guest meanwhile. */
  private alone<T>(work: () => Soon<T>): Promise<T> {
    const mine = this.asked.then(work);
    // What it gives is not held here.
    const over = (): undefined => undefined;
    this.asked = mine.then(over, over);
    return mine;
  }

  /** Files in its directory. They travel with it. */
  putFile(path: string, bytes: Uint8Array): Promise<void> {
    return this.alone(async () => {
      if (this.guest === undefined) throw new FleetError('unavailable', `${this.id} is ${this.state.kind}`);
      await this.guest.writeFile(path, bytes);
      this.checkpoints.changed = true;
    });
  }
  file(path: string): Promise<Uint8Array | undefined> {
    return this.alone(() => this.guest?.file(path));
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
    this.calls.settle();
    this.onWork?.();
  }

  private runsNow(): boolean {
    return this.state.kind === 'running' && this.keeping === undefined && this.mayRun();
  }

  async slice(milliseconds: number): Promise<Rest> {
    // Most that are woken have nothing to do: they wait for nobody.
    if (!this.runsNow()) return IDLE;
    return this.alone(async () => {
      if (!this.runsNow()) return IDLE;
      try {
        if (this.checkpoints.isDue && this.guest!.canBeWritten) await this.periodic();
        return await this.course.slice(this.guest!, milliseconds);
      } catch (error) {
        this.fail(error);
        return IDLE;
      }
    });
  }

  private async answer(outcome: Omit<Answer, 'key'>): Promise<void> {
    const { calls } = this;
    const text = this.output.taken();
    calls.end({ ...outcome, ...(text === '' ? {} : { output: text }) });
    if (!this.checkpoints.afterCall) {
      calls.release();
      return;
    }
    const checkpoint = await this.checkpoint();
    this.keeping = this.store(checkpoint).then(
      () => {
        this.keeping = undefined;
        calls.release();
        this.onWork?.();
      },
      (error) => {
        this.keeping = undefined;
        this.fail(error);
      },
    );
  }

  /** The state of now. Only where the guest stands at a safepoint or rests, and nothing else is asked of it. */
  private async checkpoint(): Promise<Checkpoint> {
    const sequence = this.checkpoints.next();
    const snapshot = await this.guest!.snapshot();
    return { head: this.head(this.epoch, sequence), snapshot };
  }

  private head(epoch: number, sequence: number): CheckpointHead {
    return {
      execution: this.id,
      deployment: this.parts.deployment,
      spec: this.spec,
      epoch,
      sequence,
      begun: this.course.begun,
      current: this.calls.current,
      answered: this.calls.answers,
    };
  }

  private async store(checkpoint: Checkpoint): Promise<void> {
    await this.landed;
    await this.checkpoints.store(checkpoint);
  }
  /** Keeps a checkpoint of now. */
  async keep(): Promise<void> {
    await this.store(await this.alone(() => this.checkpoint()));
  }
  /** Keeps one of now, unless the newest is, if the guest stands where it can be written. */
  async keepNow(): Promise<void> {
    await this.keeping;
    const checkpoint = await this.alone(() => {
      const { checkpoints, guest, state } = this;
      const isAboard = state.kind === 'running' || state.kind === 'paused';
      return isAboard && guest?.canBeWritten === true && !checkpoints.areUpToDate
        ? this.checkpoint()
        : undefined;
    });
    if (checkpoint !== undefined) await this.store(checkpoint);
  }

  /** It runs on while the checkpoint is being kept. */
  private async periodic(): Promise<void> {
    this.checkpoints.plan();
    if (!this.checkpoints.changed) return;
    this.store(await this.checkpoint()).catch((error) => this.fail(error));
  }

  private aboard(): Guest {
    const { guest, state } = this;
    if (guest === undefined || (state.kind !== 'running' && state.kind !== 'paused'))
      throw new FleetError('busy', `${this.id} is ${state.kind}`);
    return guest;
  }

  /** Begins a move: from now on it is noted what is written. It runs on. */
  depart(): Promise<Leaving> {
    return this.alone(() => this.aboard().depart());
  }

  /** The first stage of a move to another epoch, where it has this specification. */
  opening(leaving: Leaving, epoch: number, spec: ExecutionSpec): Promise<Checkpoint> {
    return this.alone(async () => {
      const head = { ...this.head(epoch, 0), spec };
      return { head, snapshot: await leaving.opening() };
    });
  }

  /** Stands still for the last stage, as soon as it may. `stay` or `gone` ends this. */
  async stand(): Promise<void> {
    for (let stands = false; !stands; ) {
      await this.keeping;
      stands = await this.alone(async () => {
        const guest = this.aboard();
        while (!guest.canBeWritten && guest.isBusy) await this.course.run(guest, 1, Number.POSITIVE_INFINITY);
        if (this.keeping !== undefined) return false;
        this.aboard();
        this.state = { kind: 'leaving', before: this.state.kind === 'paused' ? 'paused' : 'running' };
        return true;
      });
    }
  }

  /** It has been on its way elsewhere when the process before this one ended. Before it has run. */
  standAgain(): void {
    this.state = { kind: 'leaving', before: 'running' };
  }

  /** All that the stages before, of this digest, have not told. */
  lastStage(leaving: Leaving, epoch: number, spec: ExecutionSpec, staged: string): Promise<Checkpoint> {
    return this.alone(async () => {
      const head = { ...this.head(epoch, 0), spec, staged };
      return { head, snapshot: await leaving.last() };
    });
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
    this.calls.reject(new MovedError(to));
    this.dispose();
  }

  private fail(error: unknown): void {
    if (this.state.kind === 'gone' || this.state.kind === 'failed') return;
    const reason = error instanceof Error ? error.message : String(error);
    this.state = { kind: 'failed', reason };
    this.parts.log(`failed: ${reason}`);
    this.calls.reject(
      error instanceof FleetError ? error : new FleetError('unavailable', `${this.id} has failed: ${reason}`),
    );
    this.dispose();
  }

  /** It is taken off this device. */
  remove(): void {
    this.state = { kind: 'failed', reason: 'it has been removed' };
    this.calls.reject(new FleetError('not-found', `${this.id} has been removed`));
    this.dispose();
  }

  private dispose(): void {
    this.guest?.dispose();
    this.guest = undefined;
  }

  get memoryBytes(): number {
    return this.guest?.memoryBytes ?? 0;
  }
  get waiting(): number {
    return this.calls.waiting;
  }
}
