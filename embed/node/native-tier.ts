/** Installs the native tier where Node has `WebAssembly`: stores that ask for it run there. With `--jitless` there is none. */
import { type HostWebAssembly, NativeTier } from '../../src/compiler/native';
import { installTiers } from '../../src/index';

/** Read once, before a program may put another `WebAssembly` in its place. */
const { WebAssembly: host } = globalThis as { WebAssembly?: HostWebAssembly };

if (host !== undefined) installTiers([new NativeTier(host)]);
