/** How an execution is, in one word, for people. */
import type { DeviceTable } from './devices';
import type { ExecutionRecord } from './records';

export function reportOf({ devices }: { readonly devices: DeviceTable }, { id, device }: ExecutionRecord) {
  // A device that has been forgotten may still be its place, until it is healed.
  const isKnown = device !== undefined && devices.has(device);
  return isKnown ? devices.presence(device).executions.get(id) : undefined;
}

export function stateOf(orchestrator: { readonly devices: DeviceTable }, record: ExecutionRecord): string {
  if (record.device === undefined) return 'waiting';
  if (record.moving !== undefined) return 'moving';
  if (record.held) return 'held';
  return reportOf(orchestrator, record)?.state ?? 'unknown';
}
