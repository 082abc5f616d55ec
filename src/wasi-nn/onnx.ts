/** Models in ONNX, run by `onnxruntime-node`, which the host brings: `onnxBackend(await import('onnxruntime-node'))`. */
import type { ExecutionTarget, Tensor, TensorType } from './abi';
import type { LoadedModel, ModelSource, NnBackend } from './backend';

/** A tensor of onnxruntime: the part that is used here. */
export interface OnnxTensor {
  /** Its name for the type of the elements. */
  readonly type: string;
  /** Elements along each axis. */
  readonly dims: readonly number[];
  /** The elements; strings are no tensor of wasi-nn. */
  readonly data: unknown;
}
/** A model of onnxruntime. */
export interface OnnxSession {
  /** In their order. */
  readonly inputNames: readonly string[];
  /** In their order. */
  readonly outputNames: readonly string[];
  /** Computes outputs by name. */
  run(feeds: Record<string, OnnxTensor>): Promise<Readonly<Record<string, OnnxTensor>>>;
  /** Gives the model up. */
  release(): Promise<void>;
}
/** The part of onnxruntime's interface that is used here. */
export interface OnnxRuntime {
  /** Makes models ready. */
  readonly InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<OnnxSession>;
  };
  /** Makes tensors. */
  readonly Tensor: new (
    type: never,
    data: never,
    dims: readonly number[],
  ) => OnnxTensor;
}

/** What an ONNX backend may use. */
export interface OnnxOptions {
  /** Execution providers by target, the best first; a target without any runs on the processor. */
  readonly providers?: Partial<Readonly<Record<ExecutionTarget, readonly string[]>>>;
}

type Elements = new (buffer: ArrayBuffer) => ArrayBufferView;
/** Names and arrays of onnxruntime. */
const TYPES: Readonly<Record<TensorType, { readonly name: string; readonly Elements: Elements }>> = {
  f16: { name: 'float16', Elements: Uint16Array },
  f32: { name: 'float32', Elements: Float32Array },
  f64: { name: 'float64', Elements: Float64Array },
  u8: { name: 'uint8', Elements: Uint8Array },
  i32: { name: 'int32', Elements: Int32Array },
  i64: { name: 'int64', Elements: BigInt64Array },
};
const TYPE_BY_NAME = new Map(
  Object.entries(TYPES).map(([type, { name }]) => [name, type as TensorType] as const),
);
TYPE_BY_NAME.set('bool', 'u8');

/** Runs ONNX models with onnxruntime. */
export function onnxBackend(ort: OnnxRuntime, { providers = {} }: OnnxOptions = {}): NnBackend {
  return {
    encodings: ['onnx'],
    async load({ parts, target }: ModelSource): Promise<LoadedModel> {
      if (parts.length !== 1) throw new RangeError(`an ONNX model is one part, not ${parts.length}`);
      const executionProviders = [...(providers[target] ?? ['cpu'])];
      const session = await ort.InferenceSession.create(parts[0], { executionProviders });
      return {
        compute: (inputs) => compute(ort, session, inputs),
        dispose: () => void session.release(),
      };
    },
  };
}

async function compute(ort: OnnxRuntime, session: OnnxSession, inputs: readonly (Tensor | undefined)[]) {
  const { inputNames, outputNames } = session;
  if (inputs.length > inputNames.length)
    throw new RangeError(`input ${inputs.length - 1} was set, and the model has ${inputNames.length}`);
  const feeds: Record<string, OnnxTensor> = {};
  inputs.forEach((tensor, k) => {
    if (tensor !== undefined) feeds[inputNames[k]] = toOnnx(ort, tensor);
  });
  const results = await session.run(feeds);
  return outputNames.map((name) => fromOnnx(name, results[name]));
}

function toOnnx(ort: OnnxRuntime, { type, dimensions, data }: Tensor): OnnxTensor {
  const { name, Elements } = TYPES[type];
  // A copy, which begins where the elements may.
  const elements = new Elements(new Uint8Array(data).buffer);
  return new ort.Tensor(name as never, elements as never, dimensions);
}

function fromOnnx(name: string, { type: given, dims, data }: OnnxTensor): Tensor {
  const type = TYPE_BY_NAME.get(given);
  if (type === undefined || !ArrayBuffer.isView(data))
    throw new TypeError(
      `the output "${name}" has elements of the type ${given}, which wasi-nn does not have`,
    );
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { type, dimensions: [...dims], data: bytes.slice() };
}
