/** What devices say of themselves, and what they hear. */
import { flag, integer, list, name, number, oneOf, optional, shape, text, withDefault } from './checked';
import { ENCODINGS, executionIdOf, PERMISSIONS } from './deployment';

/** Milliseconds between two reports of a device, in a fleet that is not too large for it. */
export const HEARTBEAT = 500;
/** Reports a second that leave an orchestrator most of its time: each takes it about half a millisecond, with the signature. */
const REPORTS = 800;
/** Reports that a device may leave out before it is asked, and without an answer taken to be dead. */
const LEFT_OUT = 2.8;

/** Milliseconds between two reports of a device, in a fleet of so many. */
export function intervalFor(devices: number): number {
  return Math.max(HEARTBEAT, Math.ceil((devices * 1000) / REPORTS));
}
/** Milliseconds without a report after which a device is asked. */
export function silenceFor(devices: number): number {
  return intervalFor(devices) * LEFT_OUT;
}

/** Of what members of this build say. */
export const VERSION = '0.1.0';

/** What a device is: sent when it registers. */
export const deviceDescription = shape({
  name,
  url: text(1024),
  version: text(32),
  /** Families of host functions that it has. */
  permissions: list(oneOf(...PERMISSIONS), PERMISSIONS.length),
  memoryBytes: integer(0),
  cores: withDefault(integer(1, 4096), 1),
  /** Units of fuel that it runs in a second, measured at its start. */
  fuelPerSecond: withDefault(number(0, 1e15), 1e6),
  engine: withDefault(text(64), 'unknown'),
  /** Models that its own runtimes read. */
  models: withDefault(list(oneOf(...ENCODINGS), ENCODINGS.length), []),
});
export type DeviceDescription = ReturnType<typeof deviceDescription>;

export const executionReport = shape({
  id: executionIdOf,
  epoch: integer(1),
  sequence: integer(0),
  state: oneOf('running', 'paused', 'leaving', 'gone', 'failed'),
  reason: optional(text(4096)),
  fuelUsed: integer(0),
  memoryBytes: integer(0),
  waiting: integer(0),
});
export type ExecutionReport = ReturnType<typeof executionReport>;

/** What a device says every half second, or as often as it is told to. */
export const heartbeat = shape({
  name,
  /** Only until the orchestrator knows it. */
  description: optional(deviceDescription),
  executions: list(executionReport),
  /** From 0 (idle) to 1. */
  load: withDefault(number(0, 1), 0),
  freeMemoryBytes: withDefault(integer(0), 0),
  /** From 0 to 1; without one, there is mains power. */
  battery: optional(number(0, 1)),
  throttled: withDefault(flag, false),
});
export type Heartbeat = ReturnType<typeof heartbeat>;

/** A device that computes models for others. */
const lender = shape({ url: text(1024), encodings: list(oneOf(...ENCODINGS), ENCODINGS.length) });
export type Lender = ReturnType<typeof lender>;

/** What it hears. */
export const orders = shape({
  /** The orchestrator wants the description. */
  describe: flag,
  /** Executions that are elsewhere, by the epoch that they have there. */
  superseded: list(shape({ id: executionIdOf, epoch: integer(1) })),
  /** Who keeps copies for this device. */
  holders: list(text(1024), 16),
  /** Fingerprints of keys that do not count any more. */
  revoked: list(text(64)),
  /** Its exclusive executions that may run on, from when the report was sent. */
  leases: withDefault(list(executionIdOf), []),
  /** Others that compute models for it. */
  lenders: withDefault(list(lender, 16), []),
  /** Milliseconds between two reports. */
  interval: withDefault(integer(1, 3_600_000), HEARTBEAT),
});
export type Orders = ReturnType<typeof orders>;

/** Rounds of copying before an execution stands still: what is written in the third is what will be written in any other. */
export const MAX_ROUNDS = 3;

/** How a move went: rounds of copying, and the milliseconds in which it ran nowhere. */
export const moveReport = shape({
  bytes: integer(0),
  rounds: integer(1),
  milliseconds: number(0, 1e9),
  pause: number(0, 1e9),
});
export type MoveReport = ReturnType<typeof moveReport>;

/** What the orchestrator knows of the end of a move. Neither: it is still being found out. */
export const settlement = shape({
  arrived: optional(flag),
  /** Nobody can say: the execution goes on elsewhere, with an epoch above that of source and target. */
  lost: optional(flag),
});
export type Settlement = ReturnType<typeof settlement>;

/** Milliseconds for which an exclusive execution may run without hearing from the orchestrator: four reports. */
export const LEASE = 2_000;
