/** What the orchestrator knows of executions and does with them, for those that route calls to them and enforce zones. */

import type { World } from '../agent/world';
import type { Client } from '../protocol/client';
import type { Copies } from '../store/copies';
import type { DeviceTable } from './devices';
import type { ExecutionRecord } from './records';
import type { Decision } from './scheduler';

export interface Placements {
  readonly options: {
    readonly world: World;
    readonly client: Client;
    readonly log: (text: string, about?: { execution?: string; device?: string }) => void;
  };
  readonly devices: DeviceTable;
  /** Checkpoints that are kept here. */
  readonly copies: Copies;
  /** Throws a FleetError when there is no such execution. */
  record(id: string): ExecutionRecord;
  /** Those that are wanted. */
  list(): ExecutionRecord[];
  isAlive(device: string): boolean;
  /** A device that does not answer either is dead from then on. */
  probe(device: string): Promise<void>;
  /** Where an execution should be, and not. */
  decide(record: ExecutionRecord, without: readonly (string | undefined)[]): Decision;
  move(id: string, device: string): Promise<void>;
  /** It stands still, or goes on. */
  hold(id: string, held: boolean): Promise<void>;
}
