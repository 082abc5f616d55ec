/**
 * Where an execution goes: devices that cannot have it are left out, each with the reason; the others get points, and the best one wins.
 * Equal points are settled by name, so that the same fleet decides the same. In a large fleet, the best of enough devices is as good as the best of all.
 */
import type { ExecutionSpec, Permission } from '../protocol/deployment';
import type { DeviceDescription, Heartbeat } from '../protocol/reports';

export interface Candidate {
  readonly description: DeviceDescription;
  readonly alive: boolean;
  readonly draining: boolean;
  readonly blacklisted: boolean;
  readonly report: Pick<Heartbeat, 'load' | 'freeMemoryBytes' | 'battery' | 'throttled'>;
  readonly executions: number;
  /** Why its zone does not allow the execution. */
  readonly forbidden?: string;
  /** Bytes of what the execution needs that are there already, from 0 to 1. */
  readonly blobsThere: number;
  /** Whether another device computes models for it. */
  readonly borrows: boolean;
  /** Milliseconds to it and back, if they are known. */
  readonly distance?: number;
}

export interface Decision {
  readonly device: string | undefined;
  readonly refused: Readonly<Record<string, string>>;
  readonly points: Readonly<Record<string, number>>;
}

/** What each virtue weighs. The sum of the weights is what an ideal device gets; models count for who computes with them. */
const WEIGHTS = { idle: 30, speed: 20, room: 15, few: 15, blobs: 10, near: 5, power: 5, models: 15 } as const;
/** Fuel a second of a device that gets full points for its speed: a laptop's. */
const FAST = 5e7;
/** Executions at which the points for few of them are halved. */
const FEW = 10;

/** Devices that could have it, after which no more are looked at. */
const ENOUGH = 200;

export function schedule(spec: ExecutionSpec, candidates: Iterable<Candidate>): Decision {
  const refused: Record<string, string> = {};
  const points: Record<string, number> = {};
  let found = 0;
  for (const candidate of candidates) {
    const { name } = candidate.description;
    const reason = obstacle(spec, candidate);
    if (reason !== undefined) refused[name] = reason;
    else {
      points[name] = score(spec, candidate);
      if (++found === ENOUGH) break;
    }
  }
  const [best] = Object.entries(points).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return { device: best?.[0], refused, points };
}

/** Why it cannot be there. */
function obstacle(spec: ExecutionSpec, candidate: Candidate): string | undefined {
  const { description, report } = candidate;
  if (spec.device !== undefined && spec.device !== description.name) return `it is to be on ${spec.device}`;
  if (!candidate.alive) return 'the device is away';
  if (candidate.blacklisted) return 'the device is blacklisted';
  if (candidate.draining) return 'the device is being drained';
  const borrowed = (one: Permission): boolean => one === 'nn' && candidate.borrows;
  const lacking = spec.permissions.filter((one) => !description.permissions.includes(one) && !borrowed(one));
  if (lacking.length > 0) return `the device has no ${lacking.join(', ')}`;
  if (candidate.forbidden !== undefined) return candidate.forbidden;
  if (report.freeMemoryBytes < spec.limits.memoryBytes && description.memoryBytes < spec.limits.memoryBytes)
    return `it may take ${spec.limits.memoryBytes} bytes of memory, and the device has ${description.memoryBytes}`;
  return undefined;
}

function score(spec: ExecutionSpec, candidate: Candidate): number {
  const { description, report, executions, blobsThere, distance = 5 } = candidate;
  const sum =
    WEIGHTS.idle * (1 - report.load) +
    WEIGHTS.speed * Math.min(1, description.fuelPerSecond / FAST) +
    WEIGHTS.room * Math.min(1, report.freeMemoryBytes / (4 * spec.limits.memoryBytes)) +
    WEIGHTS.few * (FEW / (FEW + executions)) +
    WEIGHTS.blobs * blobsThere +
    WEIGHTS.near * (5 / (5 + distance)) +
    WEIGHTS.power * (report.battery ?? 1) +
    WEIGHTS.models * (spec.permissions.includes('nn') && description.models.length > 0 ? 1 : 0);
  return Math.round((report.throttled ? sum / 4 : sum) * 1000) / 1000;
}
