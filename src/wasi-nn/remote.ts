/**
 * A device without a runtime for models borrows a neighbour's. Messages, little endian as in state.ts:
 *
 *   request = "NNQ" 1 kind:u8 body       kind 0: digest, is the model there? 1: model, load it. 2: digest list(index:u32 tensor), compute
 *   answer  = "NNA" 1 kind:u8 body       kind 0: yes, done. 1: no such model. 2: text, it failed. 3: list(tensor), the outputs
 *
 * A server keeps models by digest and gives up the one that was not used for longest; its clients send it again then. How messages travel, and
 * who may send them, is the host's to say.
 */
import { printable } from '../errors';
import { hex } from '../wasi/digest';
import { Archive } from '../wasi/state/codec';
import type { GraphEncoding, Tensor } from './abi';
import type { LoadedModel, ModelSource, NnBackend } from './backend';
import { DIGEST_SIZE, describeInputs, describeModel, describeTensors, digestOf } from './state';

const REQUEST = [0x4e, 0x4e, 0x51, 0x01];
const ANSWER = [0x4e, 0x4e, 0x41, 0x01];
const ASK = { has: 0, load: 1, compute: 2 } as const;
const TELL = { done: 0, unknown: 1, failed: 2, outputs: 3 } as const;
/** Characters of a failure that travel. */
const MAX_FAILURE = 1000;

function message(magic: readonly number[], kind: number, body: (w: Archive) => void): Uint8Array {
  const w = new Archive();
  for (const byte of [...magic, kind]) w.u8(byte);
  body(w);
  return w.finish();
}

function opened(bytes: Uint8Array, magic: readonly number[], kinds: object): { kind: number; r: Archive } {
  const r = new Archive(bytes);
  for (const byte of magic) if (r.u8() !== byte) throw r.fail('not a message of wasi-nn', 0);
  return { kind: r.below(Object.keys(kinds).length, 'kind of message'), r };
}

/** How a device reaches the one that computes. */
export interface RemoteOptions {
  /** Those that the other device runs. */
  readonly encodings: readonly GraphEncoding[];
  /** Sends a request and gives its answer. What it throws is a runtime error of the guest's call. */
  readonly ask: (request: Uint8Array) => Promise<Uint8Array>;
}

type Reply = { readonly kind: 'done' | 'unknown' } | { readonly kind: 'outputs'; readonly outputs: Tensor[] };

/** Runs models on another device, which answers with an `NnServer`. */
export function remoteBackend({ encodings, ask }: RemoteOptions): NnBackend {
  const asked = async (kind: number, body: (w: Archive) => void) =>
    readReply(await ask(message(REQUEST, kind, body)));
  const send = async (model: ModelSource, digest: Uint8Array) => {
    const { kind } = await asked(ASK.has, (w) => w.raw(DIGEST_SIZE, digest));
    if (kind !== 'done') await asked(ASK.load, (w) => describeModel(w, model));
  };
  return {
    encodings,
    async load(model): Promise<LoadedModel> {
      const digest = digestOf(model);
      await send(model, digest);
      const compute = (inputs: readonly (Tensor | undefined)[]) =>
        asked(ASK.compute, (w) => {
          w.raw(DIGEST_SIZE, digest);
          describeInputs(w, inputs);
        });
      return {
        async compute(inputs) {
          let reply = await compute(inputs);
          // The server has begun anew, or others have used its room.
          if (reply.kind === 'unknown') {
            await send(model, digest);
            reply = await compute(inputs);
          }
          if (reply.kind !== 'outputs') throw new Error('the other device does not keep the model');
          return reply.outputs;
        },
        dispose() {},
      };
    },
  };
}

function readReply(bytes: Uint8Array): Reply {
  const { kind, r } = opened(bytes, ANSWER, TELL);
  if (kind === TELL.failed) throw new Error(`the other device: ${printable(r.text().slice(0, MAX_FAILURE))}`);
  if (kind !== TELL.outputs) return { kind: kind === TELL.done ? 'done' : 'unknown' };
  return { kind: 'outputs', outputs: describeTensors(r) };
}

/** What a server may keep. */
export interface NnServerOptions {
  /** What runs the models. */
  readonly backends: readonly NnBackend[];
  /** Models at a time. Default 16. */
  readonly maxModels?: number;
  /** Bytes of all of them. Default 256 MiB. */
  readonly maxBytes?: number;
}

interface Kept {
  readonly size: number;
  readonly loaded: LoadedModel;
  /** Computations under way: it is given up after them. */
  uses: number;
  isGone: boolean;
}

const DEFAULT_MAX_MODELS = 16;
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** Computes for other devices. */
export class NnServer {
  /** By digest, the one that was used last at the end. */
  private readonly models = new Map<string, Kept>();
  private readonly backends: readonly NnBackend[];
  private readonly maxModels: number;
  private readonly maxBytes: number;

  constructor({ backends, maxModels = DEFAULT_MAX_MODELS, maxBytes = DEFAULT_MAX_BYTES }: NnServerOptions) {
    this.backends = backends;
    this.maxModels = maxModels;
    this.maxBytes = maxBytes;
  }

  /** The answer to a request. It does not throw: what is wrong is the answer. */
  async answer(request: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.act(request);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return message(ANSWER, TELL.failed, (w) => w.text(text.slice(0, MAX_FAILURE)));
    }
  }

  private async act(request: Uint8Array): Promise<Uint8Array> {
    const { kind, r } = opened(request, REQUEST, ASK);
    if (kind === ASK.load) {
      const model = describeModel(r);
      if (!r.atEnd) throw r.fail('the message is too long');
      await this.load(model);
      return message(ANSWER, TELL.done, () => {});
    }
    const model = this.used(hex(r.raw(DIGEST_SIZE)));
    const inputs = kind === ASK.compute ? describeInputs(r) : [];
    if (!r.atEnd) throw r.fail('the message is too long');
    if (model === undefined) return message(ANSWER, TELL.unknown, () => {});
    if (kind === ASK.has) return message(ANSWER, TELL.done, () => {});
    model.uses++;
    try {
      const outputs = await model.loaded.compute(inputs);
      return message(ANSWER, TELL.outputs, (w) => describeTensors(w, outputs));
    } finally {
      model.uses--;
      if (model.isGone && model.uses === 0) model.loaded.dispose();
    }
  }

  private used(digest: string): Kept | undefined {
    const model = this.models.get(digest);
    if (model === undefined) return undefined;
    this.models.delete(digest);
    this.models.set(digest, model);
    return model;
  }

  private async load(model: ModelSource): Promise<void> {
    const digest = hex(digestOf(model));
    if (this.models.has(digest)) return;
    const size = model.parts.reduce((sum, { length }) => sum + length, 0);
    if (size > this.maxBytes) throw new RangeError(`models of more than ${this.maxBytes} bytes are not kept`);
    const backend = this.backends.find(({ encodings }) => encodings.includes(model.encoding));
    if (backend === undefined) throw new RangeError(`no models of the encoding ${model.encoding} run here`);
    const loaded = await backend.load(model);
    if (this.models.has(digest)) loaded.dispose();
    else this.models.set(digest, { size, loaded, uses: 0, isGone: false });
    this.makeRoom();
  }

  private makeRoom(): void {
    let bytes = 0;
    for (const { size } of this.models.values()) bytes += size;
    for (const [digest, model] of this.models) {
      if (this.models.size <= this.maxModels && bytes <= this.maxBytes) return;
      bytes -= model.size;
      this.models.delete(digest);
      model.isGone = true;
      if (model.uses === 0) model.loaded.dispose();
    }
  }
}
