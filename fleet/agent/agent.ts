/** An agent: the executions on one device, and how they come, are kept, and go. */
import type { NnBackend } from 'tswasm/wasi-nn';
import {
  type Answer,
  type Checkpoint,
  type CheckpointHead,
  decodeCheckpoint,
  type PendingCall,
} from '../protocol/checkpoint';
import type { Client } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import type { MoveReport } from '../protocol/reports';
import {
  type Answered,
  evidenceFor,
  type Measured,
  type Question,
  type Quoter,
} from '../security/attestation';
import type { Trust } from '../security/certificates';
import { sha256Hex } from '../security/digest';
import type { Identity } from '../security/keys';
import type { Signers } from '../security/module-signatures';
import { Unsealer } from '../security/seal';
import { TicketOffice } from '../security/tickets';
import type { Arrived } from '../security/transfer';
import { type Blobs, FileBlobs } from '../store/blobs';
import { Copies } from '../store/copies';
import type { Files } from '../store/files';
import { Locks } from '../store/locks';
import { Arrivals } from './arrivals';
import { Departures } from './departures';
import type { FleetExecution } from './execution';
import type { House } from './guest';
import type { Devices } from './host/devices';
import { LocalHouse } from './house';
import { Keeping } from './keeping';
import { Making } from './making';
import { Models } from './models';
import type { Goal, MoveOrder } from './moves';
import { Told } from './told';
import { Turns } from './turns';
import type { World } from './world';

/** Executions of one device: idle ones cost their memory and little else. */
const MAX_EXECUTIONS = 10_000;
/** Milliseconds for which calls are sent on after a move. */
const FORWARD = 600_000;

export interface AgentOptions {
  readonly name: string;
  readonly world: World;
  readonly files: Files;
  readonly client: Client;
  readonly devices: Devices;
  readonly identity: Identity;
  readonly log: (text: string, execution?: string) => void;
  /** Who must have signed what runs here; undefined: nobody. */
  readonly signers?: Signers;
  /** Runtimes for models. */
  readonly backends?: readonly NnBackend[];
  /** What it gives evidence of; without it, it gives none. */
  readonly measured?: Measured;
  /** The TPM of this device, if it has one. */
  readonly tpm?: Quoter;
  /** Where its guests live; without it, in this thread. */
  readonly house?: (models: Models) => House;
}

export class Agent {
  readonly blobs: Blobs;
  /** Checkpoints kept for neighbours. */
  readonly copies: Copies;
  readonly executions = new Map<string, FleetExecution>();
  /** Base URLs of those who keep copies of its checkpoints, the most trusted first. */
  holders: readonly string[] = [];
  /** Called when an execution has come that needs a lease. */
  onExclusive: (() => void) | undefined;
  /** Called when an execution has come, runs, stands still, fails or goes. */
  onState: ((execution: FleetExecution) => void) | undefined;
  readonly unsealer: Unsealer;
  readonly models: Models;
  /** Snapshots that people have. */
  readonly told: Told;
  private readonly turns: Turns;
  private readonly house: House;
  private readonly locks = new Locks();
  private readonly keeping: Keeping;
  private readonly making: Making;
  /** Those that run, and are not here for good yet. */
  private readonly landing = new Set<FleetExecution>();
  /** How calls stop to be sent on to where an execution has gone, for those that have. */
  private readonly forwards = new Map<string, () => void>();
  readonly arrivals: Arrivals;
  private readonly departures: Departures;
  private tickets: TicketOffice | undefined;

  constructor(readonly options: AgentOptions) {
    this.blobs = new FileBlobs(options.files);
    this.unsealer = new Unsealer(options.identity.unsealing);
    const { backends = [], client, world, identity, files } = options;
    this.models = new Models({ own: backends, client, clock: world });
    this.house =
      options.house?.(this.models) ??
      new LocalHouse({
        clock: world,
        wasiHost: () => world.wasiHost(),
        devices: options.devices,
        models: (log) => this.models.companion(log),
      });
    this.copies = new Copies(options.files, 'copies');
    this.turns = new Turns(options.world);
    this.told = new Told(() => world.turn());
    this.keeping = new Keeping({
      files,
      client,
      holders: () => this.holders,
      log: (text, execution) => this.log(text, execution),
    });
    this.making = new Making({
      house: this.house,
      blobs: this.blobs,
      keeping: this.keeping,
      signers: options.signers,
      clock: world,
      log: (text, execution) => this.log(text, execution),
      rpc: (from, target, data) => this.rpc(from, target, data),
      onState: (execution) => {
        if (this.executions.get(execution.id) === execution) this.onState?.(execution);
      },
    });
    this.departures = new Departures({
      world,
      client,
      identity,
      files,
      blobs: this.blobs,
      locks: this.locks,
      orchestrator: () => this.holders[0],
      log: (text, execution) => this.log(text, execution),
      left: (execution, to) => this.left(execution, to),
    });
    this.arrivals = new Arrivals({
      world: options.world,
      stages: this.keeping.stages,
      prepare: (opening) => this.making.arriving(opening),
    });
  }

  /** Goes on with what the folder has. What cannot go on is told and left where it is. */
  async open(): Promise<void> {
    this.house.rehearse?.();
    await this.copies.open();
    for (const id of await this.keeping.open()) {
      try {
        const execution = await this.making.kept(id);
        if (execution === undefined) continue;
        const goal = await this.departures.goalOf(id);
        const isLeaving = goal !== undefined && goal.epoch > execution.epoch;
        if (isLeaving) execution.standAgain();
        this.adopt(execution);
        if (isLeaving) void this.departures.settle(execution, goal);
      } catch (error) {
        this.log(`cannot go on: ${error instanceof Error ? error.message : error}`, id);
      }
    }
  }

  close(): void {
    this.arrivals.close();
    for (const execution of [...this.executions.values(), ...this.landing]) {
      execution.pause('the agent is closing');
      this.turns.remove(execution);
    }
  }

  /** From now on it takes what the fleet's orchestrator has signed. */
  join(trust: Trust): void {
    this.tickets = new TicketOffice(trust, this.options.name);
  }
  office(): TicketOffice {
    if (this.tickets === undefined) throw new FleetError('unauthorized', 'this device has not been enrolled');
    return this.tickets;
  }

  /** What it runs, for who asks before state comes here. */
  evidence(about: Question): Promise<Answered> {
    const { name, identity, measured, tpm } = this.options;
    return evidenceFor(about, { name, identity, measured, tpm });
  }

  /**
   * Takes an execution: new when its checkpoint has no snapshot. Once it is settled, a placed execution survives this process, and one that comes in a
   * move runs: who asks whether it has arrived waits for its lock, until it survives, too.
   */
  place(bytes: Uint8Array): Promise<FleetExecution> {
    const checkpoint = decodeCheckpoint(bytes);
    const { execution: id, staged } = checkpoint.head;
    if (staged === undefined) return this.locks.with(id, () => this.settle(bytes, checkpoint));
    return new Promise((resolve, reject) => {
      this.locks.with(id, () => this.land(bytes, checkpoint, resolve)).catch(reject);
    });
  }

  private async settle(bytes: Uint8Array, checkpoint: Checkpoint): Promise<FleetExecution> {
    const { execution: id, epoch } = checkpoint.head;
    this.admit(checkpoint.head);
    const execution = await this.making.placed(checkpoint);
    try {
      await this.keeping.raise(id, epoch);
      await this.keeping.whole(bytes, checkpoint);
    } catch (error) {
      execution.remove();
      throw error;
    }
    this.adopt(execution);
    return execution;
  }

  /**
   * The last stage of a move. The execution runs at once; it is not told of, gets no calls and has no effect on others before that stage is on the
   * disk. When it cannot be written, it goes on at its source, from where it stood.
   */
  private async land(
    bytes: Uint8Array,
    checkpoint: Checkpoint,
    runs: (execution: FleetExecution) => void,
  ): Promise<void> {
    const { execution: id } = checkpoint.head;
    this.admit(checkpoint.head);
    const execution = await this.arrivals.complete(checkpoint);
    // The fence has been raised at the opening.
    execution.landed = this.keeping.last(id, bytes);
    this.landing.add(execution);
    runs(execution);
    // What says so leaves before the first slice, which may take some milliseconds.
    void this.options.world.turn().then(() => this.setOff(execution));
    try {
      await execution.landed;
    } catch (error) {
      this.log(`has not arrived: ${error instanceof Error ? error.message : error}`, id);
      this.turns.remove(execution);
      execution.remove();
      throw error;
    } finally {
      this.landing.delete(execution);
    }
    this.adopt(execution);
  }

  /** Throws when it may not come here. */
  private admit({ execution: id, epoch }: CheckpointHead): void {
    const here = this.executions.get(id);
    this.keeping.check(id, epoch);
    if (here !== undefined && here.epoch >= epoch)
      throw new FleetError('older-epoch', `${id} is here already, of epoch ${here.epoch}`);
    if (this.executions.size >= MAX_EXECUTIONS)
      throw new FleetError('unavailable', `this device has ${MAX_EXECUTIONS} executions already`);
  }

  /** The epoch below which an execution may not come back here. */
  epochOf(id: string): number {
    return Math.max(this.keeping.fence(id), this.executions.get(id)?.epoch ?? 0);
  }

  private setOff(execution: FleetExecution): void {
    execution.onWork = () => this.turns.wake(execution);
    this.turns.wake(execution);
  }

  /** It is one of those of this device, in the place of an older one. */
  private adopt(execution: FleetExecution): void {
    const before = this.executions.get(execution.id);
    this.forget(execution.id);
    this.executions.set(execution.id, execution);
    before?.remove();
    this.setOff(execution);
    this.onState?.(execution);
    if (execution.spec.exclusive) this.onExclusive?.();
  }

  /** A guest's call of another execution: `deployment~execution/function`, or `execution/function` of its own deployment. */
  private async rpc(from: FleetExecution, target: string, data: Uint8Array): Promise<void> {
    const { client } = this.options;
    const [orchestrator] = this.holders;
    if (orchestrator === undefined) throw new FleetError('unavailable', 'nobody knows where the others are');
    const [place, func] = target.split('/');
    const id = place.includes('~') ? place : `${from.id.split('~')[0]}~${place}`;
    await client.json(
      'POST',
      `${orchestrator}/liquid/v1/executions/${encodeURIComponent(id)}/calls`,
      { function: func ?? '', args: JSON.parse(new TextDecoder().decode(data) || '[]') },
      { headers: { 'liquid-execution': from.id, 'liquid-epoch': String(from.epoch) } },
    );
  }

  /**
   * A checkpoint of now; the newest there is where the guest cannot be written, since a host function has not answered, and for somebody who
   * has a part of that already: its ETag.
   */
  async snapshotOf(id: string, begun?: string): Promise<Uint8Array> {
    const before = begun === undefined ? undefined : await this.keeping.bytes(id);
    if (before !== undefined && `"${await sha256Hex(before)}"` === begun) return before;
    await this.execution(id).keepNow();
    const bytes = await this.keeping.bytes(id);
    if (bytes === undefined) throw new FleetError('not-found', `there is no snapshot of ${id} yet`);
    return bytes;
  }

  execution(id: string): FleetExecution {
    const found = this.executions.get(id);
    if (found === undefined) throw new FleetError('not-found', `no execution ${id} here`);
    return found;
  }

  call(id: string, call: PendingCall): Promise<Answer> {
    return this.execution(id).call(call);
  }

  remove(id: string): Promise<void> {
    return this.locks.with(id, async () => {
      await this.end(this.execution(id), this.execution(id).epoch + 1);
    });
  }

  /** Somebody newer has the execution: what is here stops, without an answer. */
  supersede(id: string, epoch: number): Promise<void> {
    return this.locks.with(id, async () => {
      const here = this.executions.get(id);
      if (here === undefined || here.epoch >= epoch) return this.keeping.raise(id, epoch);
      this.log(`of epoch ${here.epoch} is superseded by ${epoch}`, id);
      return this.end(here, epoch);
    });
  }

  private async end(execution: FleetExecution, epoch: number): Promise<void> {
    const { id } = execution;
    this.turns.remove(execution);
    this.forget(id);
    execution.remove();
    await this.keeping.drop(id, epoch);
  }

  /** The first stage of a move to here. */
  async expect(arrived: Arrived, ticketJws: string): Promise<void> {
    const { execution: id, epoch, source } = arrived.ticket;
    this.keeping.check(id, epoch);
    // Nothing older comes here from now on; so the last stage need not wait for this.
    await this.keeping.raise(id, epoch);
    await this.arrivals.begin(arrived.bytes, source!, ticketJws);
  }

  /** Moves an execution. */
  async migrate(id: string, to: MoveOrder): Promise<MoveReport> {
    return this.departures.move(this.execution(id), to);
  }

  /** It runs elsewhere: calls are sent on for a while. */
  private async left(execution: FleetExecution, to: Goal): Promise<void> {
    const { id } = execution;
    execution.gone(to.url);
    this.turns.remove(execution);
    this.forwards.set(
      id,
      this.options.world.after(FORWARD, () => this.forget(id)),
    );
    await this.keeping.drop(id, to.epoch);
  }

  /** It is none of those of this device any more. What waits to forget it later would hold it until then. */
  private forget(id: string): void {
    this.forwards.get(id)?.();
    this.forwards.delete(id);
    this.executions.delete(id);
  }

  /** Asked by who does not know how a move has ended: true when the execution has not come and cannot come any more with this epoch. */
  refuse(id: string, epoch: number): Promise<boolean> {
    return this.locks.with(id, async () => {
      const here = this.executions.get(id);
      if (here !== undefined && here.epoch >= epoch) return false;
      this.arrivals.giveUp(id);
      await this.keeping.raise(id, epoch + 1);
      return true;
    });
  }

  private log(text: string, execution?: string): void {
    this.options.log(text, execution);
  }
}
