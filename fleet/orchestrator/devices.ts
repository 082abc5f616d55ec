/** The devices that the orchestrator knows, and which of them are there. */
import type { Clock } from '../agent/world';
import { FleetError } from '../protocol/errors';
import type { DeviceDescription, ExecutionReport, Heartbeat } from '../protocol/reports';
import type { Database } from '../store/database';
import { type DeviceRecord, deviceRecord } from './records';

export interface Presence {
  /** On the clock that counts what we could hear (`Hearing`). */
  seen: number;
  alive: boolean;
  report: Pick<Heartbeat, 'load' | 'freeMemoryBytes' | 'battery' | 'throttled'>;
  executions: ReadonlyMap<string, ExecutionReport>;
  /** When an execution was brought there, on the same clock: reports that were under way then do not know of it. */
  readonly placed: Map<string, number>;
  /** Digests of modules that it has had from us. */
  readonly blobs: Set<string>;
}

const NOTHING_KNOWN = { load: 0, freeMemoryBytes: 0, battery: undefined, throttled: false };

export class DeviceTable {
  private readonly records = new Map<string, DeviceRecord>();
  private readonly presences = new Map<string, Presence>();
  /** Names in their order, as long as no device comes or goes. */
  private sorted: readonly string[] | undefined;
  private turn = 0;
  /** Those with runtimes for models. */
  private readonly lending = new Set<string>();
  private sortedLenders: readonly string[] | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** All are taken to be there at first: none is healed away because the orchestrator was. */
  async open(): Promise<void> {
    for (const { value, key } of await this.database.list('device/')) {
      const record = deviceRecord(value, key);
      this.remember(record, true);
    }
  }

  private remember(record: DeviceRecord, alive: boolean): void {
    const { name } = record.description;
    if (!this.records.has(name)) this.sorted = undefined;
    this.records.set(name, record);
    this.noteLender(name, record.description.models.length > 0);
    if (!this.presences.has(name))
      this.presences.set(name, {
        seen: this.clock.now(),
        alive,
        report: NOTHING_KNOWN,
        executions: new Map(),
        placed: new Map(),
        blobs: new Set(),
      });
  }

  private noteLender(name: string, lends: boolean): void {
    if (this.lending.has(name) === lends) return;
    if (lends) this.lending.add(name);
    else this.lending.delete(name);
    this.sortedLenders = undefined;
  }

  async register(description: DeviceDescription): Promise<void> {
    const before = this.records.get(description.name);
    const record: DeviceRecord = { draining: false, blacklisted: false, ...before, description };
    if (JSON.stringify(before) !== JSON.stringify(record))
      await this.database.put(`device/${description.name}`, record);
    this.remember(record, true);
  }

  /** Takes a report. Gives whether the device is one that was not there before. */
  heard(beat: Heartbeat): boolean {
    const presence = this.presences.get(beat.name);
    if (presence === undefined) throw new FleetError('not-found', `no device ${beat.name}`);
    const returned = !presence.alive;
    presence.seen = this.clock.now();
    presence.alive = true;
    presence.report = beat;
    presence.executions = new Map(beat.executions.map((one) => [one.id, one]));
    return returned;
  }

  async change(name: string, change: Partial<Pick<DeviceRecord, 'draining' | 'blacklisted'>>): Promise<void> {
    const record = { ...this.record(name), ...change };
    this.records.set(name, record);
    await this.database.put(`device/${name}`, record);
  }

  async forget(name: string): Promise<void> {
    this.records.delete(name);
    this.noteLender(name, false);
    this.sorted = undefined;
    this.presences.delete(name);
    await this.database.remove(`device/${name}`);
  }

  has(name: string): boolean {
    return this.records.has(name);
  }
  record(name: string): DeviceRecord {
    const record = this.records.get(name);
    if (record === undefined) throw new FleetError('not-found', `no device ${name}`);
    return record;
  }
  presence(name: string): Presence {
    const presence = this.presences.get(name);
    if (presence === undefined) throw new FleetError('not-found', `no device ${name}`);
    return presence;
  }
  url(name: string): string {
    return this.record(name).description.url;
  }
  names(): readonly string[] {
    this.sorted ??= [...this.records.keys()].sort();
    return this.sorted;
  }
  /** All names, from where the last one who asked so has stopped. */
  *inTurn(): Generator<string> {
    const names = this.names();
    const start = this.turn;
    for (let k = 0; k < names.length; k++) {
      this.turn = (start + k + 1) % names.length;
      yield names[(start + k) % names.length];
    }
  }
  isAlive(name: string): boolean {
    return this.presences.get(name)?.alive === true;
  }

  /** Living ones that compute models for it, the next ones first. */
  lendersFor(name: string, count: number): string[] {
    this.sortedLenders ??= [...this.lending].sort();
    return this.following(name, this.sortedLenders, count);
  }

  /** The next living ones after it, in the order of their names, which is a ring. */
  neighbours(name: string, count: number): string[] {
    return this.following(name, this.names(), count);
  }
  private following(name: string, names: readonly string[], count: number): string[] {
    const found: string[] = [];
    const start = placeOf(name, names);
    for (let k = 0; k < names.length && found.length < count; k++) {
      const one = names[(start + k) % names.length];
      if (one !== name && this.isAlive(one)) found.push(one);
    }
    return found;
  }
}

/** Where a name stands among sorted ones, or would. */
function placeOf(name: string, names: readonly string[]): number {
  let [from, to] = [0, names.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (names[middle] < name) from = middle + 1;
    else to = middle;
  }
  return from;
}
