/** Numbers of `wasi_ephemeral_nn` (the witx file of WebAssembly/wasi-nn), and of `wasi_nn`, the older interface that WAMR's headers import. */

/** Results of the calls. */
export const NN_ERRNO = {
  SUCCESS: 0,
  INVALID_ARGUMENT: 1,
  INVALID_ENCODING: 2,
  MISSING_MEMORY: 3,
  BUSY: 4,
  RUNTIME_ERROR: 5,
  UNSUPPORTED_OPERATION: 6,
  TOO_LARGE: 7,
  NOT_FOUND: 8,
} as const;
/** One of `NN_ERRNO`. */
export type NnErrno = (typeof NN_ERRNO)[keyof typeof NN_ERRNO];

/** How a model is written down, by its number. */
export const GRAPH_ENCODINGS = [
  'openvino',
  'onnx',
  'tensorflow',
  'pytorch',
  'tensorflowlite',
  'autodetect',
] as const;
/** How a model is written down. */
export type GraphEncoding = Exclude<(typeof GRAPH_ENCODINGS)[number], 'autodetect'>;

/** Where a model runs, by its number. */
export const EXECUTION_TARGETS = ['cpu', 'gpu', 'tpu'] as const;
/** Where a model runs. */
export type ExecutionTarget = (typeof EXECUTION_TARGETS)[number];

/** The type of a tensor's elements. */
export type TensorType = 'f16' | 'f32' | 'f64' | 'u8' | 'i32' | 'i64';
/** By their numbers: now, and before 2023. */
export const TENSOR_TYPES: readonly TensorType[] = ['f16', 'f32', 'f64', 'u8', 'i32', 'i64'];
export const OLD_TENSOR_TYPES: readonly TensorType[] = ['f16', 'f32', 'u8', 'i32'];

const ELEMENT_BYTES: Readonly<Record<TensorType, number>> = {
  f16: 2,
  f32: 4,
  f64: 8,
  u8: 1,
  i32: 4,
  i64: 8,
};

/** Numbers with a shape. */
export interface Tensor {
  /** The type of its elements. */
  readonly type: TensorType;
  /** Elements along each axis, the slowest first. */
  readonly dimensions: readonly number[];
  /** The elements, little endian, the last axis fastest. */
  readonly data: Uint8Array;
}

/** Bytes of a tensor of this type and shape: may be beyond what can be exact, and then beyond what there can be. */
export function tensorBytes(type: TensorType, dimensions: readonly number[]): number {
  return dimensions.reduce((product, length) => product * length, ELEMENT_BYTES[type]);
}

/** Axes of a tensor, and parts of a model, that a call takes: more is a mistake. */
export const MAX_DIMENSIONS = 32;
export const MAX_PARTS = 16;
/** Bytes of a model's name. */
export const MAX_NAME = 1024;
