/**
 * What an agent and an engine beside it say to each other. Each message is a head with a `kind`, and bytes.
 *
 * | the agent asks | with | and hears |
 * |---|---|---|
 * | open | the devices that it has | the engine's name and speed |
 * | learn | a digest; the module | |
 * | make | guest, `how`, specification; files one after the other, a snapshot, or an opening | the guest's status, as with all that follow |
 * | begin | a prelude's number, or a call | |
 * | run | fuel, milliseconds | the turn |
 * | snapshot, depart, opening, left, next, last, take, arrive, file, put | as in agent/guest.ts | |
 * | dispose | | (no status) |
 *
 * | the engine | with | |
 * |---|---|---|
 * | tells woken | guest, the number of the wait | it can go on |
 * | tells write, print, log | guest | |
 * | asks rpc | guest, target; data | |
 * | asks nn | encoding; a request of wasi-nn | the answer |
 * | asks device | the function's name, its arguments; bytes | a value, or bytes |
 */
import {
  flag,
  integer,
  list,
  number,
  oneOf,
  optional,
  type Reader,
  shape,
  text,
  withDefault,
} from '../protocol/checked';
import { answerOutcome, pendingCall } from '../protocol/checkpoint';
import { ENCODINGS } from '../protocol/deployment';

const anything: Reader<unknown> = (value) => value;
const guestNumber = integer(1);

export const openOf = shape({ devices: list(oneOf('camera', 'dht', 'network', 'gpio', 'i2c'), 5) });
export const openedOf = shape({ engine: text(64), fuelPerSecond: number(0, 1e15) });
export const learnOf = shape({ digest: text(64) });
export const makeOf = shape({
  guest: guestNumber,
  how: oneOf('fresh', 'revived', 'arriving'),
  spec: anything,
  files: withDefault(list(shape({ path: text(256), length: integer(0) }), 256), []),
});
export const placeOf = shape({ guest: guestNumber });
export const beginOf = shape({ prelude: optional(integer(0)), call: optional(pendingCall) });
/** Without milliseconds, there is time. */
export const runOf = shape({ fuel: integer(1), milliseconds: optional(number(0, 3_600_000)) });
export const nextOf = shape({ bytes: integer(1) });
export const pathOf = shape({ path: text(256) });

export const statusOf = shape({
  preludes: integer(0),
  isBusy: flag,
  canBeWritten: flag,
  memoryBytes: integer(0),
  fuelUsed: integer(0),
});
export type GuestStatus = ReturnType<typeof statusOf>;
export const turnOf = shape({
  kind: oneOf('ended', 'waiting', 'paused'),
  outcome: optional(answerOutcome),
  wait: withDefault(integer(0), 0),
});
export type ToldTurn = ReturnType<typeof turnOf>;
export const leftOf = shape({ left: integer(0) });
export const thereOf = shape({ there: flag });

export const wokenOf = shape({ guest: guestNumber, wait: integer(1) });
export const textOf = shape({ guest: guestNumber, text: text(2 ** 22) });
export const rpcOf = shape({ guest: guestNumber, target: text(1024) });
export const nnOf = shape({ encoding: oneOf(...ENCODINGS) });
export const deviceOf = shape({ name: text(64), args: list(anything, 4) });
