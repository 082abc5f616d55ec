/** Exclusive executions run only while their device hears from us. Until the last word is over, nobody else gets them. */
import { type ExecutionReport, LEASE } from '../protocol/reports';
import type { Office } from './office';
import type { ExecutionRecord } from './records';

/** Milliseconds after a lease in which its holder notices that it is over: a slice, and clocks that differ by a tenth. */
const LEASE_MARGIN = 400;

export class Leases {
  /** Until when, on our clock, somebody may run an exclusive execution. */
  private readonly leased = new Map<string, number>();

  constructor(private readonly office: Office) {}

  open(): void {
    // Who has it may have heard from us until a moment ago.
    for (const { id, epoch } of this.office.executions.values()) if (epoch > 0) this.note(id);
  }

  /** Whether a device may let its exclusive execution run on. */
  grants(device: string, { id, epoch }: ExecutionReport): boolean {
    const record = this.office.executions.find(id);
    if (record === undefined || !record.spec.exclusive || record.wanted !== 'running') return false;
    const granted = isEntitled(record, device, epoch);
    if (granted) this.note(id);
    return granted;
  }

  isLeased({ id, spec }: ExecutionRecord): boolean {
    const until = this.leased.get(id) ?? Number.NEGATIVE_INFINITY;
    return spec.exclusive && until > this.office.options.world.now();
  }

  private note(id: string): void {
    this.leased.set(id, this.office.options.world.now() + LEASE + LEASE_MARGIN);
  }
}

/** Whether what a device has of an execution is what has effect: it is its place, or the place to which it is being moved. */
export function isEntitled({ device, epoch, moving }: ExecutionRecord, who: string, of: number): boolean {
  return (device === who && epoch === of) || (moving?.to === who && moving.epoch === of);
}
