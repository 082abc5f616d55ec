/** wasi-nn, the interface for models, beside WASI preview 1: the entry `tswasm/wasi-nn`. */
export {
  type ExecutionTarget,
  type GraphEncoding,
  NN_ERRNO,
  type NnErrno,
  type Tensor,
  type TensorType,
} from './abi';
export type { LoadedModel, ModelSource, NnBackend } from './backend';
export { DEFAULT_NN_LIMITS, type NnLimits, type WasiNnOptions } from './graphs';
export { WasiNn } from './nn';
export {
  type OnnxOptions,
  type OnnxRuntime,
  type OnnxSession,
  type OnnxTensor,
  onnxBackend,
} from './onnx';
export { NnServer, type NnServerOptions, type RemoteOptions, remoteBackend } from './remote';
