/** The executions that the orchestrator knows, and which of them each device has. */
import type { ExecutionRecord } from './records';

const NONE: ReadonlySet<string> = new Set();

export class ExecutionTable {
  private readonly records = new Map<string, ExecutionRecord>();
  private readonly onDevice = new Map<string, Set<string>>();

  set(record: ExecutionRecord): void {
    const before = this.records.get(record.id)?.device;
    if (before !== undefined && before !== record.device) this.onDevice.get(before)?.delete(record.id);
    if (record.device !== undefined) {
      const there = this.onDevice.get(record.device) ?? new Set();
      this.onDevice.set(record.device, there.add(record.id));
    }
    this.records.set(record.id, record);
  }

  get(id: string): ExecutionRecord | undefined {
    return this.records.get(id);
  }
  values(): Iterable<ExecutionRecord> {
    return this.records.values();
  }
  /** Those whose place a device is. */
  on(device: string): ReadonlySet<string> {
    return this.onDevice.get(device) ?? NONE;
  }
}
