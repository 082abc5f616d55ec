/** `WebAssembly.Snapshot` (draft, "Snapshot Construction and Inspection"). */
import { Module as CoreModule } from '../decoder/index';
import { CompileError, SnapshotError } from '../errors';
import type { U64 } from '../snapshot/document';
import {
  decode,
  embedSnapshot,
  extractSnapshot,
  listSnapshots,
  moduleHash,
  type SnapshotDocument,
  u64,
} from '../snapshot/index';
import type { Agent } from './agent';
import { bytesOf, defineInterface } from './webidl';

const HEADER = [0x00, 0x64, 0x6d, 0x70, 1, 0, 0, 0];

export function toBigInt({ lo, hi }: U64): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
export function fromBigInt(value: bigint): U64 {
  return u64(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
}

/** A refusal of the snapshot room as an error of the namespace. */
export function asError(
  error: unknown,
  type: new (message: string, options: ErrorOptions) => Error,
): unknown {
  return error instanceof SnapshotError ? new type(error.message, { cause: error }) : error;
}

function attempt<T>(action: () => T, type: new (message: string, options: ErrorOptions) => Error): T {
  try {
    return action();
  } catch (error) {
    throw asError(error, type);
  }
}

/** An ArrayBuffer of its own. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}

interface Content {
  /** A standalone container. */
  readonly bytes: Uint8Array;
  readonly document: SnapshotDocument;
  hostState?: ArrayBuffer | null;
}

export function createSnapshot(agent: Agent) {
  const contents = new WeakMap<object, Content>();
  const contentOf = (snapshot: unknown): Content => {
    const content = contents.get(snapshot as object);
    if (content === undefined) throw new TypeError('not a WebAssembly.Snapshot');
    return content;
  };
  const moduleOf = (module: unknown) => agent.slot(module, CoreModule, 'Module');
  const nameOf = (name: unknown) => (name === undefined ? '' : `${name as string}`);

  class Snapshot {
    /** A standalone container, or the contents of a custom section. All of it is checked, not the Meta section alone. */
    constructor(source: unknown) {
      const given = bytesOf(source).slice();
      const document = attempt(() => decode(given), CompileError);
      const bare = given[1] !== HEADER[1] || given[0] !== HEADER[0];
      const bytes = bare ? Uint8Array.from([...HEADER, ...given]) : given;
      contents.set(this, { bytes, document });
    }

    get resumable(): boolean {
      return !contentOf(this).document.postmortem;
    }
    get wasmHash(): bigint {
      return toBigInt(contentOf(this).document.wasmHash);
    }
    get timestamp(): bigint {
      return toBigInt(contentOf(this).document.timestampMs);
    }
    get continuationsCount(): number {
      return contentOf(this).document.continuations.length;
    }
    get exceptionsCount(): number {
      return contentOf(this).document.exceptions.length;
    }
    get hostState(): ArrayBuffer | null {
      const content = contentOf(this);
      const { hostState } = content.document;
      content.hostState ??= hostState.length === 0 ? null : bufferOf(hostState);
      return content.hostState;
    }
    toArrayBuffer(): ArrayBuffer {
      return bufferOf(contentOf(this).bytes);
    }

    static getNames(module: unknown): string[] {
      const { bytes } = moduleOf(module);
      return attempt(() => listSnapshots(bytes).map(({ name }) => name), TypeError);
    }
    /** Null when the module carries none of that name. */
    static fromModule(module: unknown, name?: unknown): Snapshot | null {
      const bytes = embedded(moduleOf(module).bytes, nameOf(name));
      return bytes === undefined ? null : new Snapshot(bytes);
    }
    static embed(wasmBytes: unknown, snapshot: unknown, name?: unknown): ArrayBuffer {
      const { bytes, document } = contentOf(snapshot);
      const wasm = bytesOf(wasmBytes);
      if (document.postmortem) throw new TypeError('a postmortem cannot be embedded');
      const { lo, hi } = attempt(() => moduleHash(wasm), TypeError);
      const wanted = document.wasmHash;
      if (lo !== wanted.lo || hi !== wanted.hi) {
        throw new TypeError('the snapshot belongs to another module');
      }
      return bufferOf(attempt(() => embedSnapshot(wasm, bytes, nameOf(name)), TypeError));
    }
    static extract(wasmBytes: unknown, name?: unknown): ArrayBuffer {
      return bufferOf(attempt(() => extractSnapshot(bytesOf(wasmBytes), nameOf(name)), TypeError));
    }
  }

  defineInterface(Snapshot, 'Snapshot', 1, ['getNames', 'fromModule', 'embed', 'extract']);
  return { Snapshot, documentOf: (value: unknown) => contents.get(value as object)?.document };
}

/** The named snapshot in a module; undefined when there is none. One that may not stand there is a LinkError of whoever uses it. */
export function embedded(wasm: Uint8Array, name: string): Uint8Array | undefined {
  try {
    return extractSnapshot(wasm, name);
  } catch (error) {
    if (error instanceof SnapshotError && error.kind === 'missing') return undefined;
    throw asError(error, CompileError);
  }
}
