/** An agent: the executions on one device, what they need, and how they come, are kept, and go. */
import { CompileError, Module } from 'tswasm';
import {
  type Answer,
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type PendingCall,
} from '../protocol/checkpoint';
import type { Client } from '../protocol/client';
import type { ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { MoveReport } from '../protocol/reports';
import type { Trust } from '../security/certificates';
import type { Identity } from '../security/keys';
import { TicketOffice } from '../security/tickets';
import { type Destination, placement } from '../security/transfer';
import { type Blobs, FileBlobs } from '../store/blobs';
import { Copies } from '../store/copies';
import type { Files } from '../store/files';
import { Locks } from '../store/locks';
import { FleetExecution, type Keeper } from './execution';
import { Guest } from './guest';
import type { Devices } from './host/devices';
import { permittedFunctions } from './host/functions';
import { Turns } from './turns';
import type { World } from './world';

/** Executions of one device: idle ones cost their memory and little else. */
const MAX_EXECUTIONS = 10_000;
/** Milliseconds that a holder may take to keep a copy before an answer is given without it. */
const COPY_TIMEOUT = 2_000;
/** Milliseconds of a move's transfer. */
const TRANSFER_TIMEOUT = 120_000;
/** Milliseconds between two questions of whether a move has arrived. */
const ASK_AGAIN = 500;

export interface AgentOptions {
  readonly name: string;
  readonly world: World;
  readonly files: Files;
  readonly client: Client;
  readonly devices: Devices;
  readonly identity: Identity;
  readonly log: (text: string, execution?: string) => void;
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
  private readonly turns: Turns;
  private readonly modules = new Map<string, Module>();
  private readonly locks = new Locks();
  private tickets: TicketOffice | undefined;

  constructor(readonly options: AgentOptions) {
    this.blobs = new FileBlobs(options.files);
    this.copies = new Copies(options.files, 'copies');
    this.own = new Copies(options.files, 'executions');
    this.turns = new Turns(options.world);
  }

  /** Goes on with what the folder has. What cannot go on is told and left where it is. */
  async open(): Promise<void> {
    await this.copies.open();
    await this.own.open();
    for (const { execution } of this.own.list()) {
      try {
        const checkpoint = await this.own.get(execution);
        if (checkpoint !== undefined) await this.begin(checkpoint);
      } catch (error) {
        this.log(`cannot go on: ${error instanceof Error ? error.message : error}`, execution);
      }
    }
  }

  close(): void {
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

  /** Takes an execution: new when its checkpoint has no snapshot. Once it is settled, the execution survives this process. */
  place(bytes: Uint8Array): Promise<FleetExecution> {
    const checkpoint = decodeCheckpoint(bytes);
    return this.locks.with(checkpoint.head.execution, () => this.placeAlone(bytes, checkpoint));
  }

  private async placeAlone(bytes: Uint8Array, checkpoint: Checkpoint): Promise<FleetExecution> {
    const { execution: id, epoch } = checkpoint.head;
    const here = this.executions.get(id);
    this.own.check(id, epoch);
    if (here !== undefined && here.epoch >= epoch)
      throw new FleetError('older-epoch', `${id} is here already, of epoch ${here.epoch}`);
    if (this.executions.size >= MAX_EXECUTIONS)
      throw new FleetError('unavailable', `this device has ${MAX_EXECUTIONS} executions already`);
    const execution = await this.prepared(checkpoint);
    try {
      await this.own.raise(id, epoch);
      await this.own.put(bytes, checkpoint.head);
    } catch (error) {
      execution.remove();
      throw error;
    }
    here?.remove();
    this.adopt(execution);
    return execution;
  }

  /** The epoch below which an execution may not come back here. */
  epochOf(id: string): number {
    return Math.max(this.own.fence(id), this.executions.get(id)?.epoch ?? 0);
  }

  private async begin(checkpoint: Checkpoint): Promise<void> {
    this.adopt(await this.prepared(checkpoint));
  }

  private async prepared(checkpoint: Checkpoint): Promise<FleetExecution> {
    const { execution: id, deployment, spec } = checkpoint.head;
    const modules = await this.modulesOf(spec);
    const files = await this.filesOf(spec);
    const log = (text: string) => this.log(text, id);
    const execution: FleetExecution = new FleetExecution({
      id,
      deployment,
      spec,
      clock: this.options.world,
      keeper: this.keeper(),
      log,
      makeGuest: (self, snapshot) => {
        const setting = this.settingOf(self, modules);
        return snapshot === undefined ? Guest.fresh(setting, files) : Guest.revived(setting, snapshot);
      },
    });
    execution.start(checkpoint);
    return execution;
  }

  private adopt(execution: FleetExecution): void {
    execution.onWork = () => this.turns.wake(execution);
    this.executions.set(execution.id, execution);
    this.turns.wake(execution);
  }

  private settingOf(execution: FleetExecution, modules: readonly Module[]) {
    const { world, devices } = this.options;
    const { spec, hostCalls } = execution;
    return {
      spec,
      modules,
      wasiHost: world.wasiHost(),
      output: execution.output.stream,
      functions: permittedFunctions(spec.permissions, {
        clock: world,
        devices,
        print: (text) => execution.output.print(text),
        rpc: (target, data) => this.rpc(execution, target, data),
      }),
      admit: () => {
        const wait = hostCalls.wait(1);
        hostCalls.take(1);
        if (wait === 0) return undefined;
        return new Promise<void>((resolve) => {
          world.after(wait, resolve);
        });
      },
    };
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

  private async modulesOf(spec: ExecutionSpec): Promise<Module[]> {
    const digests = [...spec.modules, ...spec.files].map((one) => one.digest);
    const missing: string[] = [];
    for (const digest of digests) if (!(await this.blobs.has(digest))) missing.push(digest);
    if (missing.length > 0)
      throw new FleetError('module-unknown', `not here: ${[...new Set(missing)].join(' ')}`);
    return Promise.all(spec.modules.map((one) => this.module(one.digest)));
  }

  /** One module serves all its instances. */
  private async module(digest: string): Promise<Module> {
    const known = this.modules.get(digest);
    if (known !== undefined) return known;
    try {
      const module = Module.decode((await this.blobs.get(digest))!);
      this.modules.set(digest, module);
      return module;
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      throw new FleetError('bad-request', `module ${digest}: ${error.message}`);
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
        await this.own.put(bytes, checkpoint.head);
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

  execution(id: string): FleetExecution {
    const found = this.executions.get(id);
    if (found === undefined) throw new FleetError('not-found', `no execution ${id} here`);
    return found;
  }

  call(id: string, call: PendingCall): Promise<Answer> {
    return this.execution(id).call(call);
  }

  async remove(id: string): Promise<void> {
    const execution = this.execution(id);
    this.turns.remove(execution);
    execution.remove();
    this.executions.delete(id);
    await this.own.raise(id, execution.epoch + 1);
    await this.own.remove(id);
  }

  /** Somebody newer has the execution: what is here stops, without an answer. */
  async supersede(id: string, epoch: number): Promise<void> {
    await this.own.raise(id, epoch);
    const here = this.executions.get(id);
    if (here === undefined || here.epoch >= epoch) return;
    this.log(`of epoch ${here.epoch} is superseded by ${epoch}`, id);
    this.turns.remove(here);
    here.remove();
    this.executions.delete(id);
    await this.own.remove(id);
  }

  /** Moves an execution. While nobody knows whether it has arrived, it stands still here. */
  async migrate(id: string, to: Destination): Promise<MoveReport> {
    const execution = this.execution(id);
    const { now } = this.options.world;
    const start = now();
    const checkpoint = await execution.leave();
    const bytes = encodeCheckpoint({
      ...checkpoint,
      head: { ...checkpoint.head, epoch: to.epoch, sequence: 0 },
    });
    try {
      await this.transfer(bytes, execution.spec, to);
    } catch (error) {
      if (await this.isThere(id, to)) this.log(`has arrived at ${to.url}, which did not say so at once`, id);
      else {
        execution.resume();
        throw error;
      }
    }
    const end = now();
    execution.gone(to.url);
    this.turns.remove(execution);
    await this.own.raise(id, to.epoch);
    await this.own.remove(id);
    return { bytes: bytes.length, rounds: 1, milliseconds: end - start, pause: end - start };
  }

  private async transfer(bytes: Uint8Array, spec: ExecutionSpec, to: Destination): Promise<void> {
    const { client, identity } = this.options;
    const request = { ...(await placement(identity, bytes, to)), timeout: TRANSFER_TIMEOUT };
    try {
      await client.send(request);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'module-unknown') throw error;
      for (const { digest } of [...spec.modules, ...spec.files]) {
        if (!error.message.includes(digest)) continue;
        const body = (await this.blobs.get(digest))!;
        const url = `${to.url}/liquid/v1/blobs/sha256/${digest}`;
        await client.send({ method: 'PUT', url, body, timeout: TRANSFER_TIMEOUT });
      }
      await client.send(request);
    }
  }

  /** Asks the target until it answers: either it has the execution, or from now on it refuses that epoch. */
  private async isThere(id: string, { url, epoch }: Destination): Promise<boolean> {
    for (;;) {
      try {
        const refused = (await this.options.client.json(
          'POST',
          `${url}/liquid/v1/executions/${encodeURIComponent(id)}/refuse`,
          { epoch },
        )) as { refused: boolean };
        return !refused.refused;
      } catch (error) {
        const { state } = this.execution(id);
        if (state.kind !== 'leaving') throw error;
        if (error instanceof FleetError && error.code !== 'unavailable') return false;
        await new Promise<void>((resolve) => this.options.world.after(ASK_AGAIN, resolve));
      }
    }
  }

  /** The answer to `isThere`: true when the execution has not come and cannot come any more with this epoch. */
  async refuse(id: string, epoch: number): Promise<boolean> {
    const here = this.executions.get(id);
    if (here !== undefined && here.epoch >= epoch) return false;
    await this.own.raise(id, epoch + 1);
    return true;
  }

  private log(text: string, execution?: string): void {
    this.options.log(text, execution);
  }
}
