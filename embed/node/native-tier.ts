/** The native tier, where the host has `WebAssembly` (with `--jitless` there is none). */
import { type HostWebAssembly, NativeTier } from '../../src/compiler/native';

export type { KnownCode, NativeTier } from '../../src/compiler/native';

/** Read once, before a program may put something else in its place. */
const { WebAssembly: host } = globalThis as { WebAssembly?: HostWebAssembly };

export const nativeTier = host === undefined ? undefined : new NativeTier(host);
