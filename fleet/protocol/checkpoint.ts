/**
 * A checkpoint: all that an execution is, in one file, wherever it goes on. The head says which execution, of which epoch, with which calls
 * answered; behind it stand its WASI world and the snapshot of its store.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | `\0tsf`, version 1 as four bytes, little endian |
 * | u32 | length of the head, little endian |
 * | head | JSON |
 * | the rest | the WASI world and a snapshot of the store (agent/store-guest.ts); empty before the guest has been made. In the first stage of a move: |
 * | | the opening of the store's departure; in the last one: the WASI world and what is left of the store (tswasm/snapshot) |
 */
import { calledFunction, callValues } from './call';
import { digest, integer, list, optional, readJson, shape, text } from './checked';
import { type ExecutionSpec, executionIdOf, executionSpec } from './deployment';
import { FleetError } from './errors';

/** What a call gave: values as JSON, or why there is none. */
export interface Answer {
  readonly key: string;
  readonly results?: readonly (number | string)[];
  /** The exit code of a command. */
  readonly exitCode?: number;
  readonly failure?: string;
  readonly output?: string;
}

export interface PendingCall {
  readonly key: string;
  readonly function: string;
  readonly args: readonly (number | string)[];
}

export interface CheckpointHead {
  readonly execution: string;
  readonly deployment: string;
  readonly spec: ExecutionSpec;
  /** Counts the places it has been at; whoever has an older one has no effect. */
  readonly epoch: number;
  /** Counts the checkpoints of an epoch. */
  readonly sequence: number;
  /** How many of its modules' start functions have run. */
  readonly begun: number;
  /** The call that is running or begins next. */
  readonly current?: PendingCall;
  /** The newest answers, so that a call that is made again gets the same one. */
  readonly answered: readonly Answer[];
  /** The last stage of a move: the snapshot says what the stages before it, which have this digest, do not. */
  readonly staged?: string;
}

export interface Checkpoint {
  readonly head: CheckpointHead;
  readonly snapshot: Uint8Array;
}

/** Answers that are kept: who has not heard one by then has waited through so many others. */
export const MAX_ANSWERS = 256;
/** Beside an answer: the sequence of a checkpoint that is kept and has it; 0: there is none of this epoch. */
export const KEPT_HEADER = 'liquid-kept';
/** Bytes of a head: a quarter of a megabyte of answers and as much of call arguments. */
const MAX_HEAD_BYTES = 1024 * 1024;
/** An idempotency key or request id. */
export const callKey = text(128);

const MAGIC = Uint8Array.from([0x00, 0x74, 0x73, 0x66, 1, 0, 0, 0]);
const PREFIX = MAGIC.length + 4;

export const pendingCall = shape({
  key: callKey,
  function: calledFunction,
  args: callValues,
});
const outcome = {
  results: optional(callValues),
  exitCode: optional(integer(0, 0xffffffff)),
  failure: optional(text(4096)),
  output: optional(text(65_536)),
};
/** An answer without its key. */
export const answerOutcome = shape(outcome);
const answer = shape({ key: callKey, ...outcome });
const head = shape({
  execution: executionIdOf,
  deployment: text(100),
  spec: executionSpec,
  epoch: integer(1),
  sequence: integer(0),
  begun: integer(0, 1000),
  current: optional(pendingCall),
  answered: list(answer, MAX_ANSWERS),
  staged: optional(digest),
});

export function encodeCheckpoint({ head: told, snapshot }: Checkpoint): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(told));
  if (json.length > MAX_HEAD_BYTES)
    throw new FleetError('too-large', 'the head of the checkpoint is too large');
  const bytes = new Uint8Array(PREFIX + json.length + snapshot.length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true);
  bytes.set(json, PREFIX);
  bytes.set(snapshot, PREFIX + json.length);
  return bytes;
}

export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  if (bytes.length < PREFIX || !MAGIC.every((byte, k) => bytes[k] === byte))
    throw new FleetError('bad-request', 'not a checkpoint of version 1');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  if (length > MAX_HEAD_BYTES || length > bytes.length - PREFIX)
    throw new FleetError('bad-request', 'the head of the checkpoint is longer than the checkpoint');
  const source = new TextDecoder().decode(bytes.subarray(PREFIX, PREFIX + length));
  return { head: readJson(source, head, 'checkpoint'), snapshot: bytes.subarray(PREFIX + length) };
}

/** Whether `a` is of a later state than `b`. */
export function isNewer(
  a: Pick<CheckpointHead, 'epoch' | 'sequence'>,
  b: Pick<CheckpointHead, 'epoch' | 'sequence'>,
): boolean {
  return a.epoch !== b.epoch ? a.epoch > b.epoch : a.sequence > b.sequence;
}
