/** What the orchestrator keeps of devices, modules and executions: documents of its database. */
import {
  digest,
  flag,
  integer,
  list,
  name,
  oneOf,
  optional,
  shape,
  text,
  withDefault,
} from '../protocol/checked';
import { executionIdOf, executionSpec } from '../protocol/deployment';
import { deviceDescription } from '../protocol/reports';

export const deviceRecord = shape({
  description: deviceDescription,
  /** No new executions. */
  draining: withDefault(flag, false),
  /** Nothing at all. */
  blacklisted: withDefault(flag, false),
});
export type DeviceRecord = ReturnType<typeof deviceRecord>;

export const moduleRecord = shape({
  name,
  version: text(64),
  digest,
  bytes: integer(0),
  imports: list(shape({ module: text(1024), name: text(1024), kind: text(16) })),
  exports: list(shape({ name: text(1024), kind: text(16) })),
});
export type ModuleRecord = ReturnType<typeof moduleRecord>;

export const executionRecord = shape({
  id: executionIdOf,
  deployment: name,
  spec: executionSpec,
  /** The device that has it; none when it waits for one. */
  device: optional(name),
  /** The epoch of that one. */
  epoch: integer(0),
  /** The highest that has ever been given out. */
  lastEpoch: integer(0),
  /** A move under way. */
  moving: optional(shape({ to: name, epoch: integer(1) })),
  wanted: withDefault(oneOf('running', 'removed'), 'running'),
  /** It stands still where it is, because its zone does not allow it and no other device can have it. */
  held: withDefault(flag, false),
});
export type ExecutionRecord = ReturnType<typeof executionRecord>;
