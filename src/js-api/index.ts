/** The drop-in namespace without one made already: each entry makes its own, on what its host has. */
export {
  type CallLimits,
  CallStoppedError,
  type CallStopReason,
  type MeteringOptions,
} from './metering';
export { coreOf, createWebAssembly, type NamespaceOptions } from './namespace';
export type * from './types';
