/** What runs models: a library of the host, or another device. */
import type { ExecutionTarget, GraphEncoding, Tensor } from './abi';

/** A model as the guest hands it over. */
export interface ModelSource {
  /** How it is written down. */
  readonly encoding: GraphEncoding;
  /** Where it shall run. */
  readonly target: ExecutionTarget;
  /** Its parts: one, but for formats that keep weights apart. */
  readonly parts: readonly Uint8Array[];
}

/** A model that is ready to compute. */
export interface LoadedModel {
  /**
   * Computes the outputs, in their order. `inputs` has a tensor at each index that the guest has set. What is thrown is a runtime error of
   * the guest's call.
   */
  compute(inputs: readonly (Tensor | undefined)[]): readonly Tensor[] | PromiseLike<readonly Tensor[]>;
  /** Gives the model up. */
  dispose(): void;
}

/** Runs models of some encodings. */
export interface NnBackend {
  /** Those that it reads. */
  readonly encodings: readonly GraphEncoding[];
  /** Makes a model ready. What is thrown is a runtime error of the guest's call. */
  load(model: ModelSource): LoadedModel | PromiseLike<LoadedModel>;
}

const FIRST_BYTES: readonly {
  readonly encoding: GraphEncoding;
  readonly at: number;
  readonly bytes: string;
}[] = [
  { encoding: 'tensorflowlite', at: 4, bytes: 'TFL3' },
  { encoding: 'pytorch', at: 0, bytes: 'PK\x03\x04' },
  { encoding: 'openvino', at: 0, bytes: '<?xml' },
  // The first field of an ONNX model, its version, as protocol buffers write it.
  { encoding: 'onnx', at: 0, bytes: '\x08' },
];

/** How a model is written down, by its first bytes. */
export function detectEncoding([model]: readonly Uint8Array[]): GraphEncoding | undefined {
  if (model === undefined) return undefined;
  const found = FIRST_BYTES.find(({ at, bytes }) =>
    Array.from(bytes).every((character, k) => model[at + k] === character.charCodeAt(0)),
  );
  return found?.encoding;
}
