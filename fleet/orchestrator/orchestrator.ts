/**
 * The orchestrator: it knows the devices, decides which of them has an execution, and brings it there; when a device dies, the newest
 * checkpoint goes on elsewhere. What it decides is in the database before anybody acts on it.
 *
 * An execution has one owner at a time: the device that was given the highest epoch. Each placement and each move takes a new epoch, written
 * down first, so that no epoch is given out twice whatever dies in between. Copies of an epoch below the record's are refused (`Copies`).
 */
import type { World } from '../agent/world';
import { flag, integer, optional, shape } from '../protocol/checked';
import {
  type Answer,
  decodeCheckpoint,
  encodeCheckpoint,
  isNewer,
  type PendingCall,
} from '../protocol/checkpoint';
import type { Client } from '../protocol/client';
import { type Deployment, deployment, type ExecutionSpec, executionId } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { DeviceDescription, ExecutionReport, Heartbeat, Orders } from '../protocol/reports';
import { intervalFor, LEASE, MAX_ROUNDS, moveReport, type Settlement, silenceFor } from '../protocol/reports';
import type { MoveStatus } from '../protocol/status';
import { sha256Hex } from '../security/digest';
import type { Registrar } from '../security/enrolment';
import type { Identity } from '../security/keys';
import type { Signers } from '../security/module-signatures';
import { issueTicket, specDigest } from '../security/tickets';
import { type Destination, placement } from '../security/transfer';
import { type Blobs, FileBlobs } from '../store/blobs';
import { Copies } from '../store/copies';
import type { Database } from '../store/database';
import type { Files } from '../store/files';
import { Locks } from '../store/locks';
import { Calls } from './calls';
import type { Card } from './cards';
import { DeviceTable } from './devices';
import { Enforcement } from './enforcement';
import { ExecutionTable } from './executions';
import { Modules } from './modules';
import { type ExecutionRecord, executionRecord } from './records';
import { resolveDeployment } from './resolve';
import { type Candidate, type Decision, schedule } from './scheduler';
import { Zones } from './zones';

const refusal = shape({ refused: flag });
const copyHead = shape({ epoch: optional(integer(1)), sequence: optional(integer(0)) });

/** Milliseconds between two looks at who is silent. */
const LOOK = 200;
/** Milliseconds that a silent device has to answer. */
const PROBE_TIMEOUT = 400;
/** Moves that are remembered. */
const MAX_MOVES = 100;
/** Milliseconds after a lease in which its holder notices that it is over: a slice, and clocks that differ by a tenth. */
const LEASE_MARGIN = 400;
/** Milliseconds of an order that carries a checkpoint. */
const PLACE_TIMEOUT = 60_000;

export interface OrchestratorOptions {
  readonly world: World;
  readonly files: Files;
  readonly database: Database;
  readonly client: Client;
  readonly identity: Identity;
  readonly registrar: Registrar;
  /** Its own base URL, as devices reach it. */
  readonly url: () => string;
  readonly log: (text: string, about?: { execution?: string; device?: string }) => void;
  /** Who must have signed the fleet's modules; undefined: nobody. */
  readonly signers?: Signers;
}

export class Orchestrator {
  readonly devices: DeviceTable;
  readonly modules: Modules;
  readonly blobs: Blobs;
  readonly copies: Copies;
  readonly calls: Calls;
  readonly zones: Zones;
  private readonly enforcement: Enforcement;
  private readonly executions = new ExecutionTable();
  /** The newest moves, for people. */
  readonly moves: MoveStatus[] = [];
  private readonly locks = new Locks();
  /** Until when, on our clock, somebody may run an exclusive execution. */
  private readonly leased = new Map<string, number>();
  private readonly probes = new Map<string, Promise<void>>();
  private callOff: (() => void) | undefined;
  private stopped = false;

  constructor(readonly options: OrchestratorOptions) {
    this.devices = new DeviceTable(options.database, options.world);
    this.blobs = new FileBlobs(options.files);
    this.copies = new Copies(options.files, 'copies');
    this.modules = new Modules(options.database, this.blobs, options.signers);
    this.calls = new Calls(this);
    this.zones = new Zones(options.database, options.identity);
    this.enforcement = new Enforcement(this, this.zones);
  }

  async open(): Promise<void> {
    await this.copies.open();
    await this.devices.open();
    await this.modules.open();
    await this.zones.open();
    for (const { key, value } of await this.options.database.list('execution/')) {
      const record = executionRecord(value, key);
      this.executions.set(record);
      // Who has it may have heard from us until a moment ago.
      if (record.epoch > 0) this.noteLease(record.id);
    }
    this.look();
  }

  close(): void {
    this.stopped = true;
    this.callOff?.();
  }

  private look(): void {
    if (this.stopped) return;
    this.callOff = this.options.world.after(LOOK, () => {
      void this.watch()
        .catch((error) => this.noteFailure(error))
        .finally(() => this.look());
    });
  }

  /** Asks the silent devices, and heals what has no living owner. */
  private async watch(): Promise<void> {
    const { world } = this.options;
    const silence = silenceFor(this.devices.names().length);
    const silent = this.devices
      .names()
      .filter(
        (name) =>
          this.devices.presence(name).alive && world.now() - this.devices.presence(name).seen > silence,
      );
    await Promise.all(silent.map((name) => this.probe(name)));
    const homeless = [...this.executions.values()].filter(
      (record) => record.wanted === 'running' && this.isHomeless(record),
    );
    await Promise.all(
      homeless.map(({ id, epoch }) => this.heal(id, epoch === 0 ? 'it is new' : 'its device is away')),
    );
  }

  private isHomeless({ id, device, moving }: ExecutionRecord): boolean {
    if (this.locks.isHeld(id)) return false;
    if (moving !== undefined)
      return !this.isAlive(moving.to) || device === undefined || !this.isAlive(device);
    return device === undefined || !this.isAlive(device);
  }

  isAlive(name: string): boolean {
    return this.devices.isAlive(name);
  }

  /** A device that does not answer either is dead. Who asks meanwhile hears the same. */
  probe(name: string): Promise<void> {
    const known = this.probes.get(name);
    if (known !== undefined) return known;
    const mine = this.ask(name).finally(() => this.probes.delete(name));
    this.probes.set(name, mine);
    return mine;
  }

  private async ask(name: string): Promise<void> {
    const presence = this.devices.presence(name);
    const { seen } = presence;
    try {
      const url = `${this.devices.url(name)}/liquid/v1/executions`;
      await this.options.client.send({ method: 'GET', url, timeout: PROBE_TIMEOUT });
      presence.seen = this.options.world.now();
    } catch {
      if (presence.seen !== seen) return;
      presence.alive = false;
      this.log('is away', { device: name });
    }
  }

  /** A report of a device: gives what it is to do. */
  async heartbeat(beat: Heartbeat): Promise<Orders> {
    if (beat.description !== undefined) await this.devices.register(beat.description);
    const interval = intervalFor(this.devices.names().length);
    if (!this.devices.has(beat.name))
      return { describe: true, superseded: [], holders: [], revoked: [], leases: [], interval };
    if (this.devices.heard(beat)) this.log('is back', { device: beat.name });
    const superseded: { id: string; epoch: number }[] = [];
    for (const report of beat.executions) {
      const newer = await this.reconcile(beat.name, report);
      if (newer !== undefined) superseded.push({ id: report.id, epoch: newer });
    }
    await this.findLost(beat);
    const revoked = [...this.options.registrar.trust.revocations];
    const leases = beat.executions.filter((one) => this.grants(beat.name, one)).map(({ id }) => id);
    return { describe: false, superseded, holders: this.holdersFor(beat.name), revoked, leases, interval };
  }

  /** Whether a device may let its exclusive execution run on. Until that runs out, nobody else gets it. */
  private grants(device: string, { id, epoch }: ExecutionReport): boolean {
    const record = this.executions.get(id);
    if (record === undefined || !record.spec.exclusive || record.wanted !== 'running') return false;
    const { moving } = record;
    const has = record.device === device && record.epoch === epoch;
    const gets = moving?.to === device && moving.epoch === epoch;
    if (has || gets) this.noteLease(id);
    return has || gets;
  }
  private noteLease(id: string): void {
    this.leased.set(id, this.options.world.now() + LEASE + LEASE_MARGIN);
  }
  private isLeased({ id, spec }: ExecutionRecord): boolean {
    return spec.exclusive && (this.leased.get(id) ?? Number.NEGATIVE_INFINITY) > this.options.world.now();
  }

  /** Refuses a call of an execution that is elsewhere by now. */
  checkCaller(device: string, id: string, epoch: number): void {
    const record = this.record(id);
    const { moving } = record;
    if (record.device === device && record.epoch === epoch) return;
    if (moving?.to === device && moving.epoch === epoch) return;
    throw new FleetError(
      'older-epoch',
      `${id} of epoch ${epoch} on ${device} is not the one that has effect`,
    );
  }

  /** Compares what a device has with what it should have; gives the epoch that has taken its place. */
  private async reconcile(device: string, report: ExecutionReport): Promise<number | undefined> {
    const record = this.executions.get(report.id);
    if (report.state === 'gone' || report.state === 'failed') return undefined;
    if (record === undefined) return undefined;
    if (record.wanted === 'removed') return record.lastEpoch + 1;
    if (this.locks.isHeld(record.id)) return report.epoch < record.epoch ? record.epoch : undefined;
    if (record.moving?.to === device && record.moving.epoch === report.epoch) {
      await this.arrived(record, device, report.epoch);
      return undefined;
    }
    if (report.epoch < record.epoch) return record.epoch;
    if (record.device === device && (record.held || this.zones.judge(record.spec, device).reasons.length > 0))
      void this.enforcement.applyTo(record.id);
    return undefined;
  }

  /** Lets an execution stand still where it is, or go on. */
  async hold(id: string, held: boolean): Promise<void> {
    const record = this.record(id);
    if (record.held !== held) await this.save({ ...record, held });
    if (record.device !== undefined)
      await this.order(
        record.device,
        'POST',
        `executions/${encodeURIComponent(id)}/${held ? 'pause' : 'resume'}`,
      );
  }

  /** Takes a document with cards, and brings everything to where it may be by them. */
  async addCards(document: unknown): Promise<readonly Card[]> {
    const added = await this.zones.add(document);
    await this.enforcement.apply();
    return added;
  }

  async removeCard(kind: string, name: string): Promise<void> {
    await this.zones.remove(kind, name);
    await this.enforcement.apply();
  }

  private async arrived(record: ExecutionRecord, device: string, epoch: number): Promise<void> {
    await this.save({ ...record, device, epoch, moving: undefined });
    await this.copies.raise(record.id, epoch);
    this.noteArrival(record.id, device, epoch);
    this.log(`runs on ${device} (epoch ${epoch})`, { execution: record.id, device });
  }

  /** A device that has come back without what it had has lost it, and what has failed there goes on from its checkpoint. */
  private async findLost(beat: Heartbeat): Promise<void> {
    const reported = new Map(beat.executions.map((one) => [one.id, one]));
    const { placed } = this.devices.presence(beat.name);
    const now = this.options.world.now();
    const silence = silenceFor(this.devices.names().length);
    for (const id of this.executions.on(beat.name)) {
      const record = this.record(id);
      if (record.wanted !== 'running' || record.moving !== undefined) continue;
      if (now - (placed.get(record.id) ?? Number.NEGATIVE_INFINITY) < silence) continue;
      const report = reported.get(record.id);
      const lost = report === undefined || report.epoch < record.epoch || report.state === 'failed';
      if (lost && !this.locks.isHeld(record.id)) this.healSoon(record.id, `${beat.name} does not have it`);
    }
  }

  /** The orchestrator first, then two neighbours. */
  private holdersFor(device: string): string[] {
    return [this.options.url(), ...this.devices.neighbours(device, 2).map((name) => this.devices.url(name))];
  }

  async deploy(document: unknown): Promise<Deployment> {
    const read = deployment(resolveDeployment(document, this.modules), 'deployment');
    for (const spec of read.executions)
      for (const { name, digest } of [
        ...spec.modules,
        ...spec.files.map((f) => ({ name: f.path, digest: f.digest })),
      ])
        if (!(await this.blobs.has(digest)))
          throw new FleetError('module-unknown', `${name} (sha256:${digest}) has not been pushed`);
    for (const { modules } of read.executions) await this.modules.checkSigners(modules);
    await this.options.database.put(`deployment/${read.id}`, read);
    for (const spec of read.executions) {
      const id = executionId(read.id, spec.name);
      await this.locks.with(id, () => this.want(id, read.id, spec));
      await this.heal(id, 'it is new');
    }
    return read;
  }

  /** The record of an execution that is new, or gets another specification. Not while it is being moved or placed. */
  private async want(id: string, deploymentId: string, spec: ExecutionSpec): Promise<void> {
    const before = this.executions.get(id);
    const isKept = before?.wanted === 'running';
    await this.save({
      id,
      deployment: deploymentId,
      spec,
      device: isKept ? before.device : undefined,
      epoch: before?.epoch ?? 0,
      lastEpoch: before?.lastEpoch ?? 0,
      moving: isKept ? before.moving : undefined,
      wanted: 'running',
      held: false,
    });
    if (!isKept) await this.copies.remove(id);
  }

  async undeploy(id: string): Promise<void> {
    const mine = [...this.executions.values()].filter((record) => record.deployment === id);
    if (mine.length === 0) throw new FleetError('not-found', `no deployment ${id}`);
    for (const record of mine) await this.removeExecution(record.id);
    await this.options.database.remove(`deployment/${id}`);
  }

  /** The record stays, with its epochs: an agent that comes back with it hears that it is gone. */
  private removeExecution(id: string): Promise<void> {
    return this.locks.with(id, async () => {
      const record = this.record(id);
      await this.save({ ...record, wanted: 'removed', device: undefined, moving: undefined });
      await this.copies.raise(id, record.lastEpoch + 1);
      await this.copies.remove(id);
      if (record.device === undefined || !this.isAlive(record.device)) return;
      await this.order(record.device, 'DELETE', `executions/${encodeURIComponent(id)}`).catch(
        () => undefined,
      );
    });
  }

  /** Gives an execution to a device, from its newest checkpoint, unless it has a living one. */
  heal(id: string, reason: string): Promise<void> {
    return this.locks.with(id, async () => {
      if (this.record(id).wanted !== 'running' || this.stopped) return;
      const known = await this.settleMove(id);
      const record = this.record(id);
      const { device } = record;
      const has = device !== undefined && this.isAlive(device) && this.hasIt(device, record);
      if (has && known) return;
      const decision = this.decide(record, device !== undefined && this.isAlive(device) ? [] : [device]);
      if (decision.device === undefined) return this.enforcement.noteRefusal(record, decision.refused);
      if (this.isLeased(record)) return;
      this.log(`goes to ${decision.device}: ${reason}`, { execution: id, device: decision.device });
      try {
        await this.placeOn(record, decision.device);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.log(`cannot be placed on ${decision.device}: ${text}`, {
          execution: id,
          device: decision.device,
        });
      }
    });
  }

  /** Nobody waits for it. */
  private healSoon(id: string, reason: string): void {
    this.heal(id, reason).catch((error) => this.noteFailure(error, id));
  }
  /** Such as a full disk: it is tried again with the next look. */
  private noteFailure(error: unknown, execution?: string): void {
    this.log(`is not healed: ${error instanceof Error ? error.message : error}`, { execution });
  }

  private hasIt(device: string, { id, epoch }: ExecutionRecord): boolean {
    const report = this.devices.presence(device).executions.get(id);
    return report !== undefined && report.epoch === epoch && report.state !== 'failed';
  }

  /**
   * A move whose end nobody has told: the target is asked whether it has the execution. When it does not say so, nobody knows, and false is given: the
   * copy there, if there is one, has an epoch above that of the source, so the execution goes on only with one above both.
   */
  private async settleMove(id: string): Promise<boolean> {
    const record = this.record(id);
    const { moving } = record;
    if (moving === undefined) return true;
    if (!this.isAlive(moving.to)) return false;
    try {
      const path = `executions/${encodeURIComponent(id)}/refuse`;
      const { refused } = refusal(
        await this.order(moving.to, 'POST', path, { epoch: moving.epoch }),
        'answer',
      );
      if (refused) await this.save({ ...record, moving: undefined });
      else await this.arrived(record, moving.to, moving.epoch);
      return true;
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.log(`does not say whether it has arrived: ${error.message}`, { execution: id, device: moving.to });
      return false;
    }
  }

  private async placeOn(record: ExecutionRecord, device: string): Promise<void> {
    const { id, spec } = record;
    const epoch = record.lastEpoch + 1;
    // Taken before anybody acts on it: no epoch is given out twice, and nothing older is acknowledged from now on.
    await this.save({ ...record, lastEpoch: epoch, epoch, device: undefined, moving: undefined });
    await this.copies.raise(id, epoch);
    // One that has never been anywhere has left no copies.
    const newest = record.lastEpoch === 0 ? undefined : await this.newestCopy(id, epoch);
    const born = { execution: id, deployment: record.deployment, begun: 0, answered: [] };
    const head = { ...(newest?.head ?? born), spec, epoch, sequence: 0 };
    const bytes = encodeCheckpoint({ head, snapshot: newest?.snapshot ?? new Uint8Array(0) });
    const checkpoint = await sha256Hex(bytes);
    const to = await this.ticketFor({ id, spec: head.spec }, device, epoch, { checkpoint });
    await this.send(device, bytes, to, [...spec.modules, ...spec.files]);
    this.noteArrival(id, device, epoch);
    await this.save({ ...this.record(id), device });
  }

  /** What the device will report of it, until it does. */
  private noteArrival(id: string, device: string, epoch: number): void {
    const presence = this.devices.presence(device);
    const report = {
      id,
      epoch,
      sequence: 0,
      state: 'running',
      fuelUsed: 0,
      memoryBytes: 0,
      waiting: 0,
    } as const;
    presence.executions = new Map([...presence.executions, [id, report]]);
    presence.placed.set(id, this.options.world.now());
  }

  /** Lets an execution onto a device: for these bytes, or for what that source sends. */
  private async ticketFor(
    { id, spec }: Pick<ExecutionRecord, 'id' | 'spec'>,
    device: string,
    epoch: number,
    contents: { readonly checkpoint: string } | { readonly source: string },
  ): Promise<Destination> {
    const { identity, registrar } = this.options;
    await this.enforcement.admit({ id, spec }, device, epoch);
    const { nonce } = (await this.order(device, 'GET', 'nonce')) as { nonce: string };
    const told = { execution: id, epoch, target: device, nonce, spec: await specDigest(spec), ...contents };
    const { sealing } = registrar.member(device);
    return { url: this.devices.url(device), ticket: await issueTicket(identity, told), epoch, sealing };
  }

  /** Sends a checkpoint, and what the device says it lacks for it. */
  private async send(
    device: string,
    bytes: Uint8Array,
    to: Destination,
    needed: readonly { digest: string }[],
  ): Promise<void> {
    const { client, identity } = this.options;
    const place = { ...(await placement(identity, bytes, to)), timeout: PLACE_TIMEOUT };
    try {
      await client.send(place);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'module-unknown') throw error;
      for (const { digest } of needed) {
        const body = await this.blobs.get(digest);
        if (body === undefined || !error.message.includes(digest)) continue;
        const url = `${to.url}/liquid/v1/blobs/sha256/${digest}`;
        await client.send({ method: 'PUT', url, body, timeout: PLACE_TIMEOUT });
      }
      await client.send(place);
    }
    for (const { digest } of needed) this.devices.presence(device).blobs.add(digest);
  }

  /**
   * The newest checkpoint that anybody has: ours, or a neighbour's that could not reach us. Whoever is asked takes none of an older epoch from then
   * on: what a device that is cut off still answers is not kept anywhere, so it is not given out.
   */
  private async newestCopy(id: string, epoch: number) {
    let best = await this.copies.get(id);
    const alive = this.devices.names().filter((name) => this.isAlive(name));
    const { client } = this.options;
    await Promise.all(
      alive.map(async (name) => {
        try {
          const url = `${this.devices.url(name)}/liquid/v1/checkpoints/${encodeURIComponent(id)}`;
          const found = copyHead(
            await client.json('POST', `${url}/fence`, { epoch }, { timeout: PROBE_TIMEOUT }),
            'checkpoint',
          );
          if (found.epoch === undefined || found.sequence === undefined) return;
          const { epoch: of, sequence } = found;
          if (best !== undefined && !isNewer({ epoch: of, sequence }, best.head)) return;
          const { body } = await client.send({ method: 'GET', url, timeout: PLACE_TIMEOUT });
          const other = decodeCheckpoint(body);
          if (other.head.execution === id && (best === undefined || isNewer(other.head, best.head)))
            best = other;
        } catch (error) {
          this.log(`is not asked for copies: ${error instanceof Error ? error.message : error}`, {
            device: name,
          });
        }
      }),
    );
    return best;
  }

  decide(record: ExecutionRecord, without: readonly (string | undefined)[]): Decision {
    const { device } = record.spec;
    const named = device !== undefined && this.devices.has(device) ? [device] : undefined;
    return schedule(record.spec, this.candidates(record.spec, named ?? this.devices.inTurn(), without));
  }

  private *candidates(
    spec: ExecutionSpec,
    names: Iterable<string>,
    without: readonly (string | undefined)[],
  ): Generator<Candidate> {
    for (const name of names) {
      const { description, draining, blacklisted } = this.devices.record(name);
      const { alive, report, blobs } = this.devices.presence(name);
      const there = spec.modules.filter(({ digest }) => blobs.has(digest)).length;
      yield {
        description,
        alive: alive && !without.includes(name),
        draining,
        blacklisted,
        report,
        executions: this.executions.on(name).size,
        forbidden: this.zones.judge(spec, name).reasons[0],
        blobsThere: there / spec.modules.length,
      };
    }
  }

  /** Moves a running execution with its state, after so many rounds of copying while it runs on. */
  move(id: string, device: string, rounds = MAX_ROUNDS): Promise<void> {
    return this.locks.with(id, async () => {
      if (!(await this.settleMove(id)))
        throw new FleetError('unavailable', `nobody knows how the last move of ${id} has ended`);
      const record = this.record(id);
      const from = record.device;
      if (from === undefined) throw new FleetError('unavailable', `${id} is on no device now`);
      if (from === device) return;
      await this.enforcement.admit(record, device, record.lastEpoch + 1);
      const decision = this.decide({ ...record, spec: { ...record.spec, device } }, []);
      if (decision.device !== device)
        throw new FleetError(
          'forbidden',
          `${id} cannot go to ${device}: ${decision.refused[device] ?? 'no such device'}`,
        );
      const epoch = record.lastEpoch + 1;
      await this.save({ ...record, lastEpoch: epoch, moving: { to: device, epoch } });
      const to = await this.ticketFor(record, device, epoch, { source: from });
      try {
        const path = `executions/${encodeURIComponent(id)}/migrate`;
        const order = { ...to, rounds, spec: record.spec };
        const told = moveReport(await this.order(from, 'POST', path, order, PLACE_TIMEOUT), 'move');
        this.moves.push({ execution: id, from, to: device, ...told });
        if (this.moves.length > MAX_MOVES) this.moves.shift();
      } catch (error) {
        await this.settleMove(id);
        if (this.record(id).device !== device) throw error;
        return;
      }
      await this.arrived(this.record(id), device, epoch);
    });
  }

  /** How a move has ended, for its source, which cannot reach the target. */
  settled(id: string, epoch: number): Settlement {
    const { moving, epoch: current } = this.record(id);
    if (current >= epoch) return { arrived: true };
    if (moving === undefined) return { arrived: false };
    if (this.isAlive(moving.to)) {
      // Nobody else waits for this one: the order to move it was given before our last start.
      if (!this.locks.isHeld(id)) this.healSoon(id, 'its move has not ended');
      return {};
    }
    return { lost: true };
  }

  /** Moves everything off a device, and gives nothing new to it. */
  async drain(device: string): Promise<{ readonly moved: string[]; readonly kept: Record<string, string> }> {
    await this.devices.change(device, { draining: true });
    const moved: string[] = [];
    const kept: Record<string, string> = {};
    for (const record of [...this.executions.values()].filter((one) => one.device === device)) {
      const { device: to, refused } = this.decide(record, [device]);
      try {
        if (to === undefined) throw new FleetError('unavailable', JSON.stringify(refused));
        await this.move(record.id, to);
        moved.push(record.id);
      } catch (error) {
        kept[record.id] = error instanceof Error ? error.message : String(error);
      }
    }
    return { moved, kept };
  }

  async order(
    device: string,
    method: 'POST' | 'DELETE' | 'GET',
    path: string,
    document?: unknown,
    timeout?: number,
  ) {
    const url = `${this.devices.url(device)}/liquid/v1/${path}`;
    return this.options.client.json(method, url, document, timeout === undefined ? {} : { timeout });
  }

  call(id: string, call: PendingCall): Promise<Answer> {
    return this.calls.call(id, call);
  }

  record(id: string): ExecutionRecord {
    const record = this.executions.get(id);
    if (record === undefined) throw new FleetError('not-found', `no execution ${id}`);
    return record;
  }
  list(): ExecutionRecord[] {
    return [...this.executions.values()].filter(({ wanted }) => wanted === 'running');
  }
  /** Registers a device that has been found, and does not report by itself yet. */
  async introduce(description: DeviceDescription): Promise<void> {
    await this.devices.register(description);
  }

  private async save(record: ExecutionRecord): Promise<void> {
    this.executions.set(record);
    await this.options.database.put(`execution/${record.id}`, record);
  }
  private log(text: string, about?: { execution?: string; device?: string }): void {
    this.options.log(text, about);
  }
}
