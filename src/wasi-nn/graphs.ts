/** The graphs and execution contexts of one guest: what wasi-nn's calls work on, and what travels with its state. */
import { CALLBACK, COUNT, FLAG, OBJECT, OBJECTS, type OptionChecks, readOptions } from '../checks';
import { SnapshotError } from '../errors';
import { hex } from '../wasi/digest';
import { beyondLimit, StateError } from '../wasi/state/codec';
import { type GraphEncoding, NN_ERRNO, type NnErrno, type Tensor, tensorBytes } from './abi';
import { detectEncoding, type LoadedModel, type ModelSource, type NnBackend } from './backend';
import { decodeNnState, digestOf, encodeNnState, MAX_INPUTS, type NnDocument } from './state';

/** What one guest may hold. */
export interface NnLimits {
  /** Graphs: none is ever given up, since the interface has no call for that. */
  readonly graphs: number;
  /** Execution contexts. */
  readonly contexts: number;
  /** Bytes of models that the guest brings, of inputs and of outputs, together. */
  readonly bytes: number;
}
/** Limits of a guest that is given none. */
export const DEFAULT_NN_LIMITS: NnLimits = { graphs: 64, contexts: 256, bytes: 256 * 1024 * 1024 };
const LIMIT_CHECKS: OptionChecks<Partial<NnLimits>> = { graphs: COUNT, contexts: COUNT, bytes: COUNT };

/** What a guest's models run on. */
export interface WasiNnOptions {
  /** The first one that reads a model's encoding runs it. */
  readonly backends: readonly NnBackend[];
  /** Models that the guest can load by name. They belong to the host: a saved state has their digests only. */
  readonly models?: Readonly<Record<string, ModelSource>>;
  /** Those that differ from `DEFAULT_NN_LIMITS`. */
  readonly limits?: Partial<NnLimits>;
  /** Whether the guest numbers types of tensors as before 2023: 2 is u8, 3 is i32. `wasi_nn` always does. */
  readonly oldTensorTypes?: boolean;
  /** Told why a model could not be loaded or computed: the guest has an error number only. */
  readonly onError?: (error: unknown) => void;
}
const OPTION_CHECKS: OptionChecks<WasiNnOptions> = {
  backends: OBJECTS,
  models: OBJECT,
  limits: OBJECT,
  oldTensorTypes: FLAG,
  onError: CALLBACK,
};

interface Graph {
  /** By which it was loaded. */
  readonly name: string | undefined;
  readonly source: ModelSource;
  readonly digest: Uint8Array;
  /** Made when it is loaded, and again after a move when it is first used. */
  loaded: LoadedModel | PromiseLike<LoadedModel> | undefined;
}

interface Context {
  readonly graph: Graph;
  readonly inputs: (Tensor | undefined)[];
  outputs: readonly Tensor[] | undefined;
  /** Whether it is being computed. */
  isBusy: boolean;
}

/** What a call gives: a promise while a backend works. */
export type NnAnswer = NnErrno | PromiseLike<NnErrno>;

/** The graphs and execution contexts of one guest. */
export class Graphs {
  /** Whether types of tensors have the numbers of before 2023. */
  readonly oldTensorTypes: boolean;
  private readonly options: WasiNnOptions;
  private readonly limits: NnLimits;
  private graphs: Graph[] = [];
  private contexts: Context[] = [];
  /** Bytes, as `limits.bytes` counts them. */
  private held = 0;
  private isDisposed = false;

  constructor(options: WasiNnOptions) {
    this.options = readOptions('wasi-nn', options, OPTION_CHECKS);
    if (this.options.backends === undefined) throw new TypeError('wasi-nn: option "backends" is missing');
    this.limits = { ...DEFAULT_NN_LIMITS, ...readOptions('limits', this.options.limits, LIMIT_CHECKS) };
    this.oldTensorTypes = this.options.oldTensorTypes ?? false;
  }

  // Calls

  /** Loads a model whose parts lie in the guest's memory: they are copied. `done` is told of its handle. */
  load(
    given: Omit<ModelSource, 'encoding'>,
    named: GraphEncoding | 'autodetect',
    done: (handle: number) => void,
  ): NnAnswer {
    const encoding = named === 'autodetect' ? detectEncoding(given.parts) : named;
    if (encoding === undefined || this.backendOf(encoding) === undefined) return NN_ERRNO.INVALID_ENCODING;
    const size = given.parts.reduce((sum, { length }) => sum + length, 0);
    if (this.graphs.length >= this.limits.graphs || !this.holds(size)) return NN_ERRNO.TOO_LARGE;
    const source = { encoding, target: given.target, parts: given.parts.map((part) => part.slice()) };
    const graph = { name: undefined, source, digest: digestOf(source), loaded: undefined };
    return this.add(graph, size, done);
  }

  /** Loads one of the host's. */
  loadByName(name: string, done: (handle: number) => void): NnAnswer {
    const source = this.model(name);
    if (source === undefined) return NN_ERRNO.NOT_FOUND;
    if (this.backendOf(source.encoding) === undefined) return NN_ERRNO.INVALID_ENCODING;
    if (this.graphs.length >= this.limits.graphs) return NN_ERRNO.TOO_LARGE;
    return this.add({ name, source, digest: digestOf(source), loaded: undefined }, 0, done);
  }

  private add(graph: Graph, size: number, done: (handle: number) => void): NnAnswer {
    this.held += size;
    const { graphs } = this;
    return this.answer(
      () => this.ready(graph),
      () => {
        done(graphs.push(graph) - 1);
        return NN_ERRNO.SUCCESS;
      },
      () => {
        if (graphs === this.graphs) this.held -= size;
      },
    );
  }

  /** Binds a graph to inputs and outputs. */
  createContext(handle: number, done: (handle: number) => void): NnErrno {
    const graph = this.graphs[handle];
    if (graph === undefined) return NN_ERRNO.INVALID_ARGUMENT;
    if (this.contexts.length >= this.limits.contexts) return NN_ERRNO.TOO_LARGE;
    done(this.contexts.push({ graph, inputs: [], outputs: undefined, isBusy: false }) - 1);
    return NN_ERRNO.SUCCESS;
  }

  /** The data lies in the guest's memory: it is copied. */
  setInput(handle: number, index: number, tensor: Tensor): NnErrno {
    const context = this.contexts[handle];
    if (context === undefined || index >= MAX_INPUTS) return NN_ERRNO.INVALID_ARGUMENT;
    if (tensor.data.length !== tensorBytes(tensor.type, tensor.dimensions)) return NN_ERRNO.INVALID_ARGUMENT;
    if (context.isBusy) return NN_ERRNO.BUSY;
    const more = tensor.data.length - (context.inputs[index]?.data.length ?? 0);
    if (!this.holds(more)) return NN_ERRNO.TOO_LARGE;
    this.held += more;
    context.inputs[index] = { ...tensor, data: tensor.data.slice() };
    return NN_ERRNO.SUCCESS;
  }

  /** Computes the outputs of a context; one that is being computed is busy. */
  compute(handle: number): NnAnswer {
    const context = this.contexts[handle];
    if (context === undefined) return NN_ERRNO.INVALID_ARGUMENT;
    if (context.isBusy) return NN_ERRNO.BUSY;
    context.isBusy = true;
    const inputs = Array.from(context.inputs);
    return this.answer(
      () => after(this.ready(context.graph), (model) => model.compute(inputs)),
      (outputs) => {
        context.isBusy = false;
        return this.keep(context, outputs);
      },
      () => {
        context.isBusy = false;
      },
    );
  }

  /** What a backend gave is checked as well. */
  private keep(context: Context, outputs: readonly Tensor[]): NnErrno {
    for (const { type, dimensions, data } of outputs) {
      if (data.length !== tensorBytes(type, dimensions))
        throw new TypeError(`an output of ${data.length} bytes, but ${dimensions.join(' x ')} ${type}`);
    }
    // A guest that has moved on to another state does not have this context.
    if (!this.contexts.includes(context)) return NN_ERRNO.SUCCESS;
    const more = tensorsBytes(outputs) - tensorsBytes(context.outputs ?? []);
    if (!this.holds(more)) return NN_ERRNO.TOO_LARGE;
    this.held += more;
    context.outputs = outputs;
    return NN_ERRNO.SUCCESS;
  }

  /** An output of the last computation. */
  output(handle: number, index: number): Tensor | NnErrno {
    const context = this.contexts[handle];
    if (context === undefined) return NN_ERRNO.INVALID_ARGUMENT;
    if (context.outputs === undefined) return NN_ERRNO.RUNTIME_ERROR;
    return context.outputs[index] ?? NN_ERRNO.INVALID_ARGUMENT;
  }

  private answer<T>(
    work: () => T | PromiseLike<T>,
    done: (value: T) => NnErrno,
    failed: () => void,
  ): NnAnswer {
    const fail = (error: unknown) => {
      failed();
      this.options.onError?.(error);
      return NN_ERRNO.RUNTIME_ERROR;
    };
    try {
      const value = work();
      return isPromise(value) ? value.then(done).then(undefined, fail) : done(value);
    } catch (error) {
      return fail(error);
    }
  }

  private holds(more: number): boolean {
    return this.held + more <= this.limits.bytes;
  }

  private model(name: string): ModelSource | undefined {
    const { models = {} } = this.options;
    return Object.hasOwn(models, name) ? models[name] : undefined;
  }

  private backendOf(encoding: GraphEncoding): NnBackend | undefined {
    return this.options.backends.find(({ encodings }) => encodings.includes(encoding));
  }

  private ready(graph: Graph): LoadedModel | PromiseLike<LoadedModel> {
    if (graph.loaded !== undefined) return graph.loaded;
    const loading = this.backendOf(graph.source.encoding)!.load(graph.source);
    graph.loaded = loading;
    if (!isPromise(loading)) return loading;
    return loading.then(
      (model) => {
        graph.loaded = model;
        if (this.isDisposed) model.dispose();
        return model;
      },
      (error) => {
        graph.loaded = undefined;
        throw error;
      },
    );
  }

  // State

  saveState(): Uint8Array | undefined {
    if (this.graphs.length === 0) return undefined;
    return encodeNnState({
      graphs: this.graphs.map(({ name, digest, source }) => ({
        name,
        digest,
        model: name === undefined ? source : undefined,
      })),
      contexts: this.contexts.map(({ graph, inputs, outputs }) => ({
        graph: this.graphs.indexOf(graph),
        inputs,
        outputs,
      })),
    });
  }

  checkState(bytes: Uint8Array | undefined): () => void {
    const { graphs, contexts } = bytes === undefined ? { graphs: [], contexts: [] } : decodeNnState(bytes);
    const { limits } = this;
    if (graphs.length > limits.graphs) throw beyondLimit('more graphs');
    if (contexts.length > limits.contexts) throw beyondLimit('more execution contexts');
    const made = graphs.map((graph) => this.graphFrom(graph));
    const bound = contexts.map(({ graph, inputs, outputs }): Context => {
      return { graph: made[graph], inputs: [...inputs], outputs, isBusy: false };
    });
    const held =
      made.reduce((sum, { name, source }) => sum + (name === undefined ? modelBytes(source) : 0), 0) +
      bound.reduce((sum, { inputs, outputs }) => sum + tensorsBytes(inputs) + tensorsBytes(outputs ?? []), 0);
    if (held > limits.bytes) throw beyondLimit('more bytes of models and tensors');
    return () => {
      this.giveUp();
      this.graphs = made;
      this.contexts = bound;
      this.held = held;
    };
  }

  private graphFrom({ name, digest, model }: NnDocument['graphs'][number]): Graph {
    const source = model ?? this.model(name!);
    if (source === undefined) throw new StateError(`this host has no model "${name}"`);
    if (hex(digestOf(source)) !== hex(digest)) {
      if (model === undefined) throw new StateError(`the model "${name}" of this host is another one`);
      throw new SnapshotError('a model in the state of wasi-nn is damaged', 'malformed');
    }
    if (this.backendOf(source.encoding) === undefined)
      throw new StateError(`this host runs no models of the encoding ${source.encoding}`);
    return { name, source, digest, loaded: undefined };
  }

  private giveUp(): void {
    for (const { loaded } of this.graphs) if (loaded !== undefined && !isPromise(loaded)) loaded.dispose();
    this.graphs = [];
    this.contexts = [];
    this.held = 0;
  }

  dispose(): void {
    this.isDisposed = true;
    this.giveUp();
  }
}

function modelBytes({ parts }: ModelSource): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
function tensorsBytes(tensors: readonly (Tensor | undefined)[]): number {
  return tensors.reduce((sum, tensor) => sum + (tensor?.data.length ?? 0), 0);
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { readonly then?: unknown } | null)?.then === 'function';
}

/** Goes on with a value, at once when it is there. */
function after<T, R>(value: T | PromiseLike<T>, goOn: (value: T) => R | PromiseLike<R>): R | PromiseLike<R> {
  return isPromise(value) ? value.then(goOn) : goOn(value);
}
