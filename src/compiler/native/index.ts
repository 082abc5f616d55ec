/** The native tier: instrumented code that the host's own WebAssembly runs. */
export type { HostWebAssembly } from './host';
export type { KnownCode } from './kept';
export { NativeTier } from './tier';
