/**
 * What an execution asks of its guest, and an agent of where guests live. A guest lives in this thread (store-guest.ts) or in an engine beside it,
 * which is reached over a wire (bridge/); so whatever touches the guest may take its time, and one thing is asked of it at a time.
 */
import type { Answer, PendingCall } from '../protocol/checkpoint';
import type { ExecutionSpec } from '../protocol/deployment';

/** At once, or after a while. */
export type Soon<T> = T | Promise<T>;

/** How the running of a guest has come to a stand. */
export type Turn =
  /** What ran has ended: a start function, or a call, which has this answer. */
  | { readonly kind: 'ended'; readonly outcome: Omit<Answer, 'key'> }
  | { readonly kind: 'waiting'; readonly until: PromiseLike<void> }
  /** Its fuel or its time is used up. */
  | { readonly kind: 'paused' };

export interface Guest {
  /** Start functions and `_initialize`, which run before the first call. */
  readonly preludes: number;
  /** Whether something runs or stands in it. */
  readonly isBusy: boolean;
  /** Whether a snapshot can be taken where it stands. */
  readonly canBeWritten: boolean;
  /** It can go on when this settles. */
  readonly waitsFor: PromiseLike<void> | undefined;
  /** Bytes of its linear memories. */
  readonly memoryBytes: number;
  readonly fuelUsed: number;

  /** Begins a prelude, by its number, or a call. A call that cannot be made is a FleetError `call-failed` or `bad-request`. */
  begin(what: number | PendingCall): Soon<void>;
  run(fuel: number, milliseconds: number): Soon<Turn>;
  snapshot(): Soon<Uint8Array>;
  /** Begins to note which parts of its memories are written, so that they can be sent while it runs. */
  depart(): Soon<Leaving>;
  /** A stage in the middle of its arrival, and the last one. */
  take(piece: Uint8Array): Soon<void>;
  arrive(last: Uint8Array): Soon<void>;
  file(path: string): Soon<Uint8Array | undefined>;
  writeFile(path: string, bytes: Uint8Array): Soon<void>;
  dispose(): void;
}

/** A guest that goes elsewhere in stages. */
export interface Leaving {
  opening(): Soon<Uint8Array>;
  /** Bytes that the stages before have not told. */
  left(): Soon<number>;
  /** So many of them at most. */
  next(bytes: number): Soon<Uint8Array | undefined>;
  /** All that is left, with the WASI world. */
  last(): Soon<Uint8Array>;
}

/** What a guest does to the one whose it is. */
export interface Owner {
  readonly spec: ExecutionSpec;
  /** Bytes of its output, at the rate that its limits let through. */
  write(bytes: Uint8Array): void;
  print(text: string): void;
  log(text: string): void;
  /** A call of another execution; the answer is not waited for. */
  rpc(target: string, data: Uint8Array): Promise<void>;
  /** The guest is no more: the engine that it lived in has ended. */
  lost(reason: string): void;
}

/** Where guests live. */
export interface House {
  /** What a first guest, and its move, would find to be done. Before there is one: nobody's pause has it. */
  rehearse?(): void;
  /** Whether it has the module with this digest. */
  knows(digest: string): boolean;
  /** Decodes and keeps a module; one that is not valid is a `bad-request`. */
  learn(digest: string, bytes: Uint8Array): Soon<void>;
  /** A guest that has not begun. */
  fresh(owner: Owner, files: ReadonlyMap<string, Uint8Array>): Soon<Guest>;
  /** The guest that a snapshot of ours tells of. */
  revived(owner: Owner, snapshot: Uint8Array): Soon<Guest>;
  /** A guest that comes in stages: this is the first one. `take` takes those in the middle, `arrive` the last. */
  arriving(owner: Owner, opening: Uint8Array): Soon<Guest>;
}
