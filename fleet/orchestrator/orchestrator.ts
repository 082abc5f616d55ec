/**
 * The orchestrator: it knows the devices, decides which of them has an execution, and brings it there; when a device dies, the newest
 * checkpoint goes on elsewhere. What it decides is in the database before anybody acts on it.
 *
 * An execution has one owner at a time: the device that was given the highest epoch. Each placement and each move takes a new epoch, written
 * down first, so that no epoch is given out twice whatever dies in between. Copies of an epoch below the record's are refused (`Copies`).
 */
import { type Answer, type Checkpoint, encodeCheckpoint, type PendingCall } from '../protocol/checkpoint';
import { type Deployment, deployment, type ExecutionSpec, executionId } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { DeviceDescription, ExecutionReport, Heartbeat, Orders, Settlement } from '../protocol/reports';
import type { MoveStatus } from '../protocol/status';
import { Calls } from './calls';
import type { Card } from './cards';
import { Enforcement } from './enforcement';
import { Healing } from './healing';
import { Health } from './health';
import { isEntitled, Leases } from './leases';
import { Modules } from './modules';
import { Moving } from './moving';
import { Office, type OrchestratorOptions, pathOf } from './office';
import type { Placements } from './placements';
import { Placing } from './placing';
import { Reconciling } from './reconciling';
import type { ExecutionRecord } from './records';
import { Recurring } from './recurring';
import { resolveDeployment } from './resolve';
import type { Decision } from './scheduler';

export class Orchestrator implements Placements {
  readonly modules: Modules;
  readonly calls: Calls;
  private readonly office: Office;
  private readonly enforcement: Enforcement;
  private readonly leases: Leases;
  private readonly health: Health;
  private readonly placing: Placing;
  private readonly moving: Moving;
  private readonly healing: Healing;
  private readonly reconciling: Reconciling;
  private readonly recurring: Recurring;

  constructor(readonly options: OrchestratorOptions) {
    const office = new Office(options);
    this.office = office;
    this.modules = new Modules(options.database, office.blobs, options.signers);
    this.calls = new Calls(this);
    this.enforcement = new Enforcement(this, office.zones);
    this.leases = new Leases(office);
    this.health = new Health(office);
    this.placing = new Placing(office, this.enforcement);
    this.moving = new Moving(office, this.placing, this.enforcement);
    const { enforcement, leases, health, placing, moving } = this;
    this.healing = new Healing(office, { enforcement, leases, health, placing, moving });
    this.reconciling = new Reconciling(office, { enforcement, leases, moving, healing: this.healing });
    this.recurring = new Recurring(this);
  }

  get devices() {
    return this.office.devices;
  }
  get executions() {
    return this.office.executions;
  }
  get blobs() {
    return this.office.blobs;
  }
  get copies() {
    return this.office.copies;
  }
  get counts() {
    return this.office.counts;
  }
  get zones() {
    return this.office.zones;
  }
  /** The newest moves, for people. */
  get moves(): readonly MoveStatus[] {
    return this.moving.moves;
  }

  async open(): Promise<void> {
    await this.office.open();
    await this.modules.open();
    this.leases.open();
    this.healing.open();
    await this.recurring.open();
  }

  close(): void {
    this.recurring.close();
    this.healing.close();
  }

  /** A report of a device: gives what it is to do. */
  heartbeat(beat: Heartbeat): Promise<Orders> {
    return this.reconciling.hear(beat);
  }

  /** One execution of a device, as that tells on the bus. */
  hearOne(device: string, report: ExecutionReport): Promise<void> {
    return this.reconciling.hearOne(device, report);
  }

  /** Somebody says that a device may be away: it is asked. */
  suspect(device: string): Promise<void> {
    return this.health.suspect(device);
  }

  /** Registers a device that has been found, and does not report by itself yet. */
  async introduce(description: DeviceDescription): Promise<void> {
    await this.devices.register(description);
  }

  isAlive(name: string): boolean {
    return this.devices.isAlive(name);
  }
  probe(name: string): Promise<void> {
    return this.health.probe(name);
  }

  /** Refuses a call of an execution that is elsewhere by now. */
  checkCaller(device: string, id: string, epoch: number): void {
    if (isEntitled(this.record(id), device, epoch)) return;
    throw new FleetError(
      'older-epoch',
      `${id} of epoch ${epoch} on ${device} is not the one that has effect`,
    );
  }

  /** Lets an execution stand still where it is, or go on. */
  async hold(id: string, held: boolean): Promise<void> {
    const record = this.record(id);
    if (record.held !== held) await this.executions.save({ ...record, held });
    if (record.device !== undefined)
      await this.office.order(record.device, 'POST', `${pathOf(id)}/${held ? 'pause' : 'resume'}`);
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

  async deploy(document: unknown): Promise<Deployment> {
    const read = deployment(resolveDeployment(document, this.modules), 'deployment');
    await this.accept(read);
    for (const spec of read.executions) await this.begin(read.id, spec);
    this.recurring.take(read);
    return read;
  }

  /**
   * An execution that goes on from a checkpoint, beside what else there is of its deployment. Nothing may run under its name. Whoever has
   * heard an answer that is not in the checkpoint has heard something that never was.
   */
  async restore(id: string, { head, snapshot }: Checkpoint): Promise<Deployment> {
    if (head.staged !== undefined)
      throw new FleetError('bad-request', 'that is the last stage of a move, not a whole checkpoint');
    if (this.executions.find(id)?.wanted === 'running')
      throw new FleetError(
        'already-exists',
        `${id} runs; remove its deployment, or restore under another name`,
      );
    const [deploymentId, name] = id.split('~');
    const spec = { ...head.spec, name };
    const before = await this.options.database.get(`deployment/${deploymentId}`);
    const { executions, recurring } =
      before === undefined ? { executions: [], recurring: undefined } : deployment(before.value, id);
    const others = executions.filter((one) => one.name !== name);
    const read = deployment({ id: deploymentId, executions: [...others, spec], recurring }, 'deployment');
    await this.accept(read);
    await this.begin(deploymentId, spec, { head, snapshot });
    return read;
  }

  /** What it names is here, and signed by whom it must be. */
  private async accept(read: Deployment): Promise<void> {
    for (const spec of read.executions)
      for (const { name, digest } of [
        ...spec.modules,
        ...spec.files.map((f) => ({ name: f.path, digest: f.digest })),
      ])
        if (!(await this.blobs.has(digest)))
          throw new FleetError('module-unknown', `${name} (sha256:${digest}) has not been pushed`);
    for (const { modules } of read.executions) await this.modules.checkSigners(modules);
    await this.options.database.put(`deployment/${read.id}`, read);
  }

  private async begin(deploymentId: string, spec: ExecutionSpec, from?: Checkpoint): Promise<void> {
    const id = executionId(deploymentId, spec.name);
    await this.office.locks.with(id, () => this.want(id, deploymentId, spec, from));
    await this.heal(id, from === undefined ? 'it is new' : 'it is restored');
  }

  /** The record of an execution that is new, gets another specification, or goes on from a checkpoint. Not while it is being moved or placed. */
  private async want(
    id: string,
    deploymentId: string,
    spec: ExecutionSpec,
    from: Checkpoint | undefined,
  ): Promise<void> {
    const before = this.executions.find(id);
    const isKept = before?.wanted === 'running';
    const lastEpoch = (before?.lastEpoch ?? 0) + (from === undefined ? 0 : 1);
    if (!isKept) await this.copies.remove(id);
    if (from !== undefined) {
      // As if the place before the next one had had it. It is here before anybody looks for it.
      const head = {
        ...from.head,
        execution: id,
        deployment: deploymentId,
        spec,
        epoch: lastEpoch,
        sequence: 0,
      };
      await this.copies.put(encodeCheckpoint({ head, snapshot: from.snapshot }), head);
    }
    await this.executions.save({
      id,
      deployment: deploymentId,
      spec,
      device: isKept ? before.device : undefined,
      epoch: before?.epoch ?? 0,
      lastEpoch,
      moving: isKept ? before.moving : undefined,
      wanted: 'running',
      held: false,
    });
  }

  async undeploy(id: string): Promise<void> {
    const mine = [...this.executions.values()].filter((record) => record.deployment === id);
    if (mine.length === 0) throw new FleetError('not-found', `no deployment ${id}`);
    await this.recurring.forget(id);
    for (const record of mine) await this.removeExecution(record.id);
    await this.options.database.remove(`deployment/${id}`);
  }

  /** The record stays, with its epochs: an agent that comes back with it hears that it is gone. */
  private removeExecution(id: string): Promise<void> {
    return this.office.locks.with(id, async () => {
      const record = this.record(id);
      await this.executions.save({
        ...record,
        wanted: 'removed',
        device: undefined,
        moving: undefined,
      });
      await this.copies.raise(id, record.lastEpoch + 1);
      await this.copies.remove(id);
      if (record.device === undefined || !this.isAlive(record.device)) return;
      await this.office.order(record.device, 'DELETE', pathOf(id)).catch(() => undefined);
    });
  }

  heal(id: string, reason: string): Promise<void> {
    return this.healing.heal(id, reason);
  }
  decide(record: ExecutionRecord, without: readonly (string | undefined)[]): Decision {
    return this.placing.decide(record, without);
  }
  move(id: string, device: string, rounds?: number): Promise<void> {
    return this.moving.move(id, device, rounds);
  }
  drain(device: string) {
    return this.moving.drain(device);
  }

  /** How a move has ended, for its source, which cannot reach the target. */
  settled(id: string, epoch: number): Settlement {
    const told = this.moving.settled(id, epoch);
    const isOpen = told.arrived === undefined && told.lost === undefined;
    // Nobody else waits for this one: the order to move it was given before our last start.
    if (isOpen && !this.office.locks.isHeld(id)) this.healing.soon(id, 'its move has not ended');
    return told;
  }

  call(id: string, call: PendingCall): Promise<Answer> {
    this.counts.calls++;
    return this.calls.call(id, call);
  }

  record(id: string): ExecutionRecord {
    return this.executions.get(id);
  }
  list(): ExecutionRecord[] {
    return this.executions.wanted();
  }
}
