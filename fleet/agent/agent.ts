/** An agent: the executions on one device, what they need, and how they come, are kept, and go. */
import type { NnBackend } from 'tswasm/wasi-nn';
import {
  type Answer,
  type Checkpoint,
  type CheckpointHead,
  decodeCheckpoint,
  encodeCheckpoint,
  isNewer,
  type PendingCall,
} from '../protocol/checkpoint';
import type { Client } from '../protocol/client';
import type { ExecutionSpec } from '../protocol/deployment';
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
import { sha256 } from '../security/digest';
import type { Identity } from '../security/keys';
import type { Signers } from '../security/module-signatures';
import { Unsealer } from '../security/seal';
import { TicketOffice } from '../security/tickets';
import { type Arrived, StageDigest } from '../security/transfer';
import { type Blobs, FileBlobs } from '../store/blobs';
import { Copies } from '../store/copies';
import type { Files } from '../store/files';
import { Locks } from '../store/locks';
import { Stages } from '../store/stages';
import { Arrivals, type Awaited } from './arrivals';
import { Departures } from './departures';
import { type ExecutionParts, FleetExecution, type Keeper } from './execution';
import type { House } from './guest';
import type { Devices } from './host/devices';
import { LocalHouse } from './house';
import { Models } from './models';
import type { Goal, MoveOrder } from './moves';
import { Turns } from './turns';
import type { World } from './world';

/** Executions of one device: idle ones cost their memory and little else. */
const MAX_EXECUTIONS = 10_000;
/** Milliseconds that a holder may take to keep a copy before an answer is given without it. */
const COPY_TIMEOUT = 2_000;
/** Milliseconds for which calls are sent on after a move. */
const FORWARD = 600_000;

/** What a stage says, if it is a checkpoint. */
function headOf(stage: Uint8Array): CheckpointHead | undefined {
  try {
    return decodeCheckpoint(stage).head;
  } catch {
    return undefined;
  }
}

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
  /** Those of its own executions. */
  private readonly own: Copies;
  readonly executions = new Map<string, FleetExecution>();
  /** Base URLs of those who keep copies of its checkpoints, the most trusted first. */
  holders: readonly string[] = [];
  /** Called when an execution has come that needs a lease. */
  onExclusive: (() => void) | undefined;
  /** Called when an execution has come, runs, stands still, fails or goes. */
  onState: ((execution: FleetExecution) => void) | undefined;
  readonly unsealer: Unsealer;
  readonly models: Models;
  private readonly turns: Turns;
  private readonly house: House;
  private readonly locks = new Locks();
  /** Executions that have come in stages, and those that are coming. */
  private readonly stages: Stages;
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
    this.own = new Copies(options.files, 'executions');
    this.turns = new Turns(options.world);
    this.stages = new Stages(options.files, 'stages');
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
      clock: options.world,
      stages: this.stages,
      prepare: (opening) => this.awaited(opening),
    });
  }

  /** Goes on with what the folder has. What cannot go on is told and left where it is. */
  async open(): Promise<void> {
    await this.copies.open();
    await this.own.open();
    await this.stages.open();
    const ids = new Set([...this.own.list().map(({ execution }) => execution), ...this.stages.list()]);
    for (const id of ids) {
      try {
        const execution = await this.kept(id);
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

  /** The newer of its checkpoint and the stages in which it has come. */
  private async kept(id: string): Promise<FleetExecution | undefined> {
    const checkpoint = await this.own.get(id);
    const staged = await this.fromStages(id);
    if (checkpoint === undefined) return staged;
    if (staged === undefined || isNewer(checkpoint.head, staged)) {
      staged?.remove();
      return this.prepared(checkpoint);
    }
    return staged;
  }

  close(): void {
    this.arrivals.close();
    for (const execution of this.executions.values()) {
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

  /** Takes an execution: new when its checkpoint has no snapshot. Once it is settled, the execution survives this process. */
  place(bytes: Uint8Array): Promise<FleetExecution> {
    const checkpoint = decodeCheckpoint(bytes);
    return this.locks.with(checkpoint.head.execution, () => this.placeAlone(bytes, checkpoint));
  }

  private async placeAlone(bytes: Uint8Array, checkpoint: Checkpoint): Promise<FleetExecution> {
    const { execution: id, epoch, staged } = checkpoint.head;
    const here = this.executions.get(id);
    this.own.check(id, epoch);
    if (here !== undefined && here.epoch >= epoch)
      throw new FleetError('older-epoch', `${id} is here already, of epoch ${here.epoch}`);
    if (this.executions.size >= MAX_EXECUTIONS)
      throw new FleetError('unavailable', `this device has ${MAX_EXECUTIONS} executions already`);
    const execution =
      staged === undefined ? await this.prepared(checkpoint) : await this.arrivals.complete(checkpoint);
    try {
      await this.own.raise(id, epoch);
      if (staged === undefined) await this.keepWhole(bytes, checkpoint);
      else await this.stages.add(id, bytes, await sha256(bytes));
    } catch (error) {
      execution.remove();
      throw error;
    }
    this.adopt(execution);
    here?.remove();
    return execution;
  }

  /** A checkpoint takes the place of the stages in which the execution has come. */
  private async keepWhole(bytes: Uint8Array, { head }: Checkpoint): Promise<void> {
    await this.own.put(bytes, head);
    await this.stages.remove(head.execution);
  }

  /** The epoch below which an execution may not come back here. */
  epochOf(id: string): number {
    return Math.max(this.own.fence(id), this.executions.get(id)?.epoch ?? 0);
  }

  private async prepared(checkpoint: Checkpoint): Promise<FleetExecution> {
    const { head } = checkpoint;
    await this.learn(head.spec);
    const files = await this.filesOf(head.spec);
    const { house } = this;
    const execution = this.made(head, (owner, snapshot) =>
      snapshot === undefined ? house.fresh(owner, files) : house.revived(owner, snapshot),
    );
    await execution.start(checkpoint);
    return execution;
  }

  /** An execution that comes in stages, at the first one. */
  private async awaited({ head, snapshot }: Checkpoint): Promise<Awaited> {
    await this.learn(head.spec);
    const execution: FleetExecution = this.made(head, () => guest);
    const guest = await this.house.arriving(execution, snapshot);
    return { execution, guest };
  }

  /** One that has come in stages before this process began: undefined when its last stage is not there. */
  private async fromStages(id: string): Promise<FleetExecution | undefined> {
    const [opening, ...rest] = await this.stages.read(id);
    const last = rest.pop();
    if (opening === undefined || last === undefined) return undefined;
    const digest = new StageDigest();
    for (const stage of [opening, ...rest]) await digest.add(await sha256(stage));
    const head = headOf(last);
    if (head?.execution !== id || head.staged !== digest.value) return undefined;
    const { execution, guest } = await this.awaited(decodeCheckpoint(opening));
    for (const piece of rest) await guest.take(piece);
    const checkpoint = decodeCheckpoint(last);
    await guest.arrive(checkpoint.snapshot);
    await execution.start(checkpoint);
    return execution;
  }

  private made(head: CheckpointHead, makeGuest: ExecutionParts['makeGuest']): FleetExecution {
    const { execution: id, deployment, spec } = head;
    const log = (text: string) => this.log(text, id);
    const clock = this.options.world;
    const execution: FleetExecution = new FleetExecution({
      id,
      deployment,
      spec,
      clock,
      keeper: this.keeper(),
      log,
      makeGuest,
      rpc: (from, target, data) => this.rpc(from, target, data),
      onState: () => {
        if (this.executions.get(id) === execution) this.onState?.(execution);
      },
    });
    return execution;
  }

  private adopt(execution: FleetExecution): void {
    execution.onWork = () => this.turns.wake(execution);
    this.executions.set(execution.id, execution);
    this.turns.wake(execution);
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

  /** The house gets the modules that it lacks. */
  private async learn(spec: ExecutionSpec): Promise<void> {
    const digests = [...spec.modules, ...spec.files].map((one) => one.digest);
    const missing: string[] = [];
    for (const digest of digests) if (!(await this.blobs.has(digest))) missing.push(digest);
    if (missing.length > 0)
      throw new FleetError('module-unknown', `not here: ${[...new Set(missing)].join(' ')}`);
    for (const { name, digest } of spec.modules) {
      if (this.house.knows(digest)) continue;
      const bytes = (await this.blobs.get(digest))!;
      await this.options.signers?.check(bytes, name);
      await this.house.learn(digest, bytes);
    }
  }

  private async filesOf(spec: ExecutionSpec): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    for (const { path, digest } of spec.files) files.set(path, (await this.blobs.get(digest))!);
    return files;
  }

  private keeper(): Keeper {
    return {
      keep: async (checkpoint) => {
        const bytes = encodeCheckpoint(checkpoint);
        await this.keepWhole(bytes, checkpoint);
        await this.spread(bytes, checkpoint);
      },
    };
  }

  /** Gives copies to as many holders as the deployment asks for. One that knows a later epoch stops the execution. */
  private async spread(bytes: Uint8Array, { head }: Checkpoint): Promise<void> {
    let wanted = head.spec.copies;
    for (const holder of this.holders) {
      if (wanted === 0) return;
      try {
        await this.options.client.send({
          method: 'PUT',
          url: `${holder}/liquid/v1/checkpoints/${encodeURIComponent(head.execution)}`,
          body: bytes,
          timeout: COPY_TIMEOUT,
        });
        wanted--;
      } catch (error) {
        if (error instanceof FleetError && error.code === 'older-epoch') throw error;
        this.log(`no copy at ${holder}: ${error instanceof Error ? error.message : error}`, head.execution);
      }
    }
  }

  /** The newest checkpoint on the disk, for who could not be given it. */
  async checkpointOf(id: string): Promise<Uint8Array> {
    await this.execution(id).keepFirst();
    const bytes = await this.own.bytes(id);
    if (bytes === undefined) throw new FleetError('not-found', `no checkpoint of ${id} here`);
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
      if (here === undefined || here.epoch >= epoch) return this.own.raise(id, epoch);
      this.log(`of epoch ${here.epoch} is superseded by ${epoch}`, id);
      return this.end(here, epoch);
    });
  }

  private async end(execution: FleetExecution, epoch: number): Promise<void> {
    const { id } = execution;
    this.turns.remove(execution);
    this.executions.delete(id);
    execution.remove();
    await this.own.raise(id, epoch);
    await this.own.remove(id);
    await this.stages.remove(id);
  }

  /** The first stage of a move to here. */
  async expect(arrived: Arrived, ticketJws: string): Promise<void> {
    const { execution: id, epoch, source } = arrived.ticket;
    this.own.check(id, epoch);
    // Nothing older comes here from now on; so the last stage need not wait for this.
    await this.own.raise(id, epoch);
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
    this.options.world.after(FORWARD, () => {
      if (this.executions.get(id) === execution) this.executions.delete(id);
    });
    await this.own.raise(id, to.epoch);
    await this.own.remove(id);
    await this.stages.remove(id);
  }

  /** Asked by who does not know how a move has ended: true when the execution has not come and cannot come any more with this epoch. */
  refuse(id: string, epoch: number): Promise<boolean> {
    return this.locks.with(id, async () => {
      const here = this.executions.get(id);
      if (here !== undefined && here.epoch >= epoch) return false;
      this.arrivals.giveUp(id);
      await this.own.raise(id, epoch + 1);
      return true;
    });
  }

  private log(text: string, execution?: string): void {
    this.options.log(text, execution);
  }
}
