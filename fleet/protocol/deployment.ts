/** What is to run: a deployment is a set of executions, each of one module or of several that are linked. */
import type { GraphEncoding } from 'tswasm/wasi-nn';
import { calledFunction, callValues } from './call';
import {
  digest,
  flag,
  integer,
  list,
  name,
  number,
  oneOf,
  optional,
  type Reader,
  shape,
  text,
  withDefault,
  wrong,
} from './checked';

/** What a deployment may permit beside WASI in memory: each is a family of host functions (agent/host). */
export const PERMISSIONS = ['sys', 'communication', 'camera', 'dht', 'network', 'gpio', 'i2c', 'nn'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** How models are written down, for which devices may have runtimes (permission `nn`). */
export const ENCODINGS = [
  'openvino',
  'onnx',
  'tensorflow',
  'pytorch',
  'tensorflowlite',
] as const satisfies readonly GraphEncoding[];

/** When a checkpoint is written: after each call before it is answered, every so many seconds, both, or never. */
export interface CheckpointPolicy {
  readonly afterCall: boolean;
  readonly everySeconds: number | undefined;
}

const EVERY = /^every (\d{1,6}(?:\.\d{1,3})?) ?s$/;

/** `after-call`, `every 5 s`, `after-call, every 5 s`, `never`. */
const checkpoint: Reader<string> = (value, place) => {
  if (typeof value === 'string' && parsePolicy(value) !== undefined) return value;
  return wrong(place, '"after-call", "every 5 s", "after-call, every 5 s" or "never"', value);
};

function parsePolicy(source: string): CheckpointPolicy | undefined {
  const words = source.split(',').map((word) => word.trim());
  if (words.length === 1 && words[0] === 'never') return { afterCall: false, everySeconds: undefined };
  const every = words.map((word) => EVERY.exec(word)).find((match) => match !== null);
  if (!words.every((word) => word === 'after-call' || EVERY.test(word))) return undefined;
  const everySeconds = every === undefined ? undefined : Number(every[1]);
  return { afterCall: words.includes('after-call'), everySeconds };
}

export function checkpointPolicy({ checkpoint: source }: ExecutionSpec): CheckpointPolicy {
  return parsePolicy(source)!;
}

/** Limits of an execution, and what each is for. */
export const limits = shape({
  /** Units of fuel a second, so that one guest leaves time for the others. */
  fuelPerSecond: withDefault(integer(1), 1e12),
  /** Bytes of linear memory, over all its modules. */
  memoryBytes: withDefault(integer(65_536, 2 ** 32), 256 * 1024 * 1024),
  /** Bytes that it may print in a second. */
  outputBytesPerSecond: withDefault(integer(1), 1024 * 1024),
  /** Calls of host functions in a second. */
  hostCallsPerSecond: withDefault(integer(1), 1e6),
});
export type GuestLimits = ReturnType<typeof limits>;

/** What a device has to say of itself: evidence of a runtime that is known; and, for the second, with a quote of its TPM. */
export const ATTESTATIONS = ['required', 'tpm'] as const;
export type AttestationKind = (typeof ATTESTATIONS)[number];
export const attestation: Reader<AttestationKind> = oneOf(...ATTESTATIONS);

/** What satisfies both. */
export function stronger(a?: AttestationKind, b?: AttestationKind): AttestationKind | undefined {
  return ATTESTATIONS.filter((kind) => kind === a || kind === b).pop();
}

const moduleReference = shape({ name, digest });
const mountedFile = shape({ path: text(256), digest });

export const executionSpec = shape({
  name,
  /** In the order of their instantiation; imports are looked for in those before by module name. Calls go to the last one. */
  modules: list(moduleReference, 64),
  /** Files that it finds in its directory when it begins. */
  files: withDefault(list(mountedFile, 256), []),
  permissions: withDefault(list(oneOf(...PERMISSIONS), PERMISSIONS.length), []),
  limits: withDefault(limits, limits({}, 'limits')),
  checkpoint: withDefault(checkpoint, 'after-call, every 5 s'),
  /** How many other places must have a checkpoint before an answer is given, as long as there are any. */
  copies: withDefault(integer(0, 8), 1),
  /** It holds a lease, and pauses without it. */
  exclusive: withDefault(flag, false),
  /** Where it should be; the scheduler chooses when nothing is said. */
  device: optional(name),
  /** It goes only to devices that give evidence of a runtime that the orchestrator knows; `tpm`: with a quote of a TPM whose key it knows. */
  attest: optional(attestation),
  /** The risk level that its zone has to allow, beside those of its modules' cards. */
  risk: optional(text(200)),
});
export type ExecutionSpec = ReturnType<typeof executionSpec>;

/** A call that is made again and again, as long as the deployment is there. */
const recurringCall = shape({
  execution: name,
  function: calledFunction,
  args: withDefault(callValues, []),
  /** Seconds between two of them: eleven days at most, which timers still count. */
  every: number(1, 1_000_000),
});
export type RecurringCall = ReturnType<typeof recurringCall>;

const document = shape({
  id: name,
  executions: list(executionSpec, 1000),
  recurring: optional(list(recurringCall, 100)),
});

export const deployment: Reader<Deployment> = (value, place) => {
  const read = document(value, place);
  const names = new Set(read.executions.map((one) => one.name));
  if (names.size !== read.executions.length) wrong(`${place}.executions`, 'names that differ', [...names]);
  for (const [k, one] of read.executions.entries())
    if (one.modules.length === 0) wrong(`${place}.executions[${k}].modules`, 'at least one module', []);
  for (const [k, { execution }] of (read.recurring ?? []).entries())
    if (!names.has(execution))
      wrong(`${place}.recurring[${k}].execution`, 'an execution of the deployment', execution);
  return read;
};
export type Deployment = ReturnType<typeof document>;

/** The id of an execution: unique in the fleet, and safe in a path, a topic and a file name. */
export function executionId(deploymentId: string, execution: string): string {
  return `${deploymentId}~${execution}`;
}

export const executionIdOf: Reader<string> = (value, place) => {
  const parts = typeof value === 'string' ? value.split('~') : [];
  if (parts.length !== 2) return wrong(place, 'an execution id such as "deployment~execution"', value);
  return executionId(name(parts[0], place), name(parts[1], place));
};
