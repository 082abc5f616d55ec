/** What the tests say to an engine, one JSON line each way: the same for Node, jitless Node and every QuickJS. Bytes are hexadecimal. */

/**
 * Type name, low word, high word; for a reference its name, 0 when it is null. Funcrefs only say whether they are null. A v128 has its
 * bytes, in hexadecimal.
 */
export type WireValue = readonly [type: string, lo: number, hi: number, bytes?: string];

/** Go on from a snapshot, or start, and stop again. */
export interface LegRequest {
  readonly kind: 'leg';
  /** Bytes, or the name of one that has been defined. */
  readonly module: string;
  /** Names of the modules of a store; the snapshot is one of a store then. */
  readonly linked?: readonly string[];
  readonly entry: string;
  readonly args: readonly WireValue[];
  readonly snapshot?: string;
  /** Safepoints until the stop; left out: to the end. */
  readonly fuel?: number;
  /** Stop in the next call of the host that has to be waited for, if one comes before the fuel is used up. */
  readonly stopInWait?: boolean;
  /** The functions that the module imports are not here: who calls one stops, waiting for it. */
  readonly host?: 'elsewhere';
  /** At the end, also tell the state of the store. */
  readonly wantState?: boolean;
}
export type LegReply =
  | {
      readonly kind: 'stopped';
      readonly state: 'paused' | 'waiting';
      readonly snapshot: string;
      readonly fuelUsed: number;
    }
  | {
      readonly kind: 'done';
      readonly results: readonly WireValue[];
      readonly fuelUsed: number;
      readonly state?: string;
    }
  | {
      readonly kind: 'trapped';
      readonly message: string;
      readonly backtrace: readonly string[];
      readonly state?: string;
    };

/** Keep a module under a name that begins with #. */
export interface DefineRequest {
  readonly kind: 'define';
  readonly name: string;
  readonly module: string;
  /** Proposals that are not as by default. */
  readonly features: Readonly<Record<string, boolean>>;
}
/** Forget all modules. */
export interface ForgetRequest {
  readonly kind: 'forget';
}
export interface DefinedReply {
  readonly kind: 'defined';
}

/** Instantiate and call exports one after the other. */
export interface CallsRequest {
  readonly kind: 'calls';
  readonly module: string;
  readonly calls: readonly { readonly entry: string; readonly args: readonly WireValue[] }[];
}
export interface CallsReply {
  readonly kind: 'called';
  readonly replies: readonly LegReply[];
  readonly milliseconds: readonly number[];
}

/** Run a WASI command on files in memory, or go on with a stopped one. */
export interface WasiRequest {
  readonly kind: 'wasi';
  readonly module: string;
  readonly snapshot?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What is in the root directory; left out: no directory. */
  readonly files?: readonly WireFile[];
  readonly stdin?: string;
  /** A deterministic run with this seed; the answer then has the state hash. */
  readonly seed?: number;
}
export interface WireFile {
  readonly path: string;
  /** Contents of a file, target of a link; a directory has neither. */
  readonly bytes?: string;
  readonly target?: string;
}
export interface WasiReply {
  readonly kind: 'exited';
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stateHash?: string;
}

/** The engine's own defect, or the tests'. */
export interface FailedReply {
  readonly kind: 'failed';
  readonly message: string;
}

export type Request = LegRequest | DefineRequest | ForgetRequest | CallsRequest | WasiRequest;
export type Reply = LegReply | DefinedReply | CallsReply | WasiReply;
export type ReplyTo<R extends Request> = R extends LegRequest
  ? LegReply
  : R extends DefineRequest | ForgetRequest
    ? DefinedReply
    : R extends CallsRequest
      ? CallsReply
      : WasiReply;

export function toHex(bytes: Uint8Array): string {
  const digits: string[] = [];
  for (const byte of bytes) digits.push(HEX[byte]);
  return digits.join('');
}
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let k = 0; k < bytes.length; k++) bytes[k] = digit(text, 2 * k) * 16 + digit(text, 2 * k + 1);
  return bytes;
}
function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return (code & 15) + (code >> 6) * 9;
}
