/** The executions that the orchestrator knows, and which of them each device has: documents of its database. */
import { FleetError } from '../protocol/errors';
import type { Database } from '../store/database';
import { type ExecutionRecord, executionRecord } from './records';

const NONE: ReadonlySet<string> = new Set();

export class ExecutionTable {
  private readonly records = new Map<string, ExecutionRecord>();
  private readonly onDevice = new Map<string, Set<string>>();
  /** Those that are wanted, and on no device, or on their way to another one. */
  private readonly loose = new Set<string>();

  /** Called with each decision, once it is written down. */
  onSave: ((record: ExecutionRecord) => void) | undefined;

  constructor(private readonly database: Database) {}

  async open(): Promise<void> {
    for (const { key, value } of await this.database.list('execution/'))
      this.set(executionRecord(value, key));
  }

  /** Known at once; once it is settled, it outlasts this process. */
  async save(record: ExecutionRecord): Promise<void> {
    this.set(record);
    await this.database.put(`execution/${record.id}`, record);
    this.onSave?.(record);
  }

  private set(record: ExecutionRecord): void {
    const before = this.records.get(record.id)?.device;
    if (before !== undefined && before !== record.device) this.onDevice.get(before)?.delete(record.id);
    if (record.device !== undefined) {
      const there = this.onDevice.get(record.device) ?? new Set();
      this.onDevice.set(record.device, there.add(record.id));
    }
    const isLoose = record.device === undefined || record.moving !== undefined;
    if (record.wanted === 'running' && isLoose) this.loose.add(record.id);
    else this.loose.delete(record.id);
    this.records.set(record.id, record);
  }

  find(id: string): ExecutionRecord | undefined {
    return this.records.get(id);
  }
  get(id: string): ExecutionRecord {
    const record = this.records.get(id);
    if (record === undefined) throw new FleetError('not-found', `no execution ${id}`);
    return record;
  }
  values(): Iterable<ExecutionRecord> {
    return this.records.values();
  }
  wanted(): ExecutionRecord[] {
    return [...this.records.values()].filter(({ wanted }) => wanted === 'running');
  }
  /** Those that are on no device, or on their way to another one, and those whose place one of these devices is. */
  *without(devices: Iterable<string>): Generator<ExecutionRecord> {
    for (const id of this.loose) yield this.get(id);
    for (const device of devices)
      for (const id of this.on(device))
        if (!this.loose.has(id) && this.get(id).wanted === 'running') yield this.get(id);
  }
  /** Those whose place a device is. */
  on(device: string): ReadonlySet<string> {
    return this.onDevice.get(device) ?? NONE;
  }
}
