/** What the orchestrator tells operators, on the command line and on the page: the answers to `GET` of `/liquid/v1`. Types alone. */

export interface DeviceStatus {
  readonly name: string;
  readonly alive: boolean;
  readonly draining: boolean;
  readonly blacklisted: boolean;
  readonly url: string;
  readonly engine: string;
  /** From 0 (idle) to 1. */
  readonly load: number;
  readonly freeMemoryBytes: number;
  readonly fuelPerSecond: number;
  /** Ids of those that it has. */
  readonly executions: readonly string[];
}

export interface ExecutionStatus {
  readonly id: string;
  /** Left out while it waits for one. */
  readonly device?: string | undefined;
  readonly epoch: number;
  readonly state: string;
  /** Of its last report. */
  readonly sequence: number;
  readonly fuelUsed: number;
  readonly memoryBytes: number;
  /** Calls that wait. */
  readonly waiting: number;
  readonly modules: readonly { readonly name: string; readonly digest: string }[];
  /** The newest that is kept. */
  readonly checkpoint?: { readonly epoch: number; readonly sequence: number } | undefined;
}

export interface MoveStatus {
  readonly execution: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** Copies of what had changed, before the execution stood still. */
  readonly rounds: number;
  readonly milliseconds: number;
  /** Milliseconds for which it stood still. */
  readonly pause: number;
}

export interface BusStatus {
  /** Of the broker; none: there is no bus. */
  readonly url?: string | undefined;
  readonly connected: boolean;
  /** Messages that were not what they should be. */
  readonly refused: number;
}
