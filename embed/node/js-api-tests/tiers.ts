/** Engines for the JS API tests whose code runs in a compiled tier from the first call on. */
import { type Evaluate, JavaScriptTier } from '../../../src/compiler/javascript';
import { type HostWebAssembly, NativeTier } from '../../../src/compiler/native';
import { installTiers } from '../../../src/index';
import { createWebAssembly } from '../../../src/js-api';

const { WebAssembly: host } = globalThis as unknown as { WebAssembly: HostWebAssembly };
const evaluate: Evaluate = (parameters, body) => new Function(...parameters, body) as ReturnType<Evaluate>;
installTiers([new NativeTier(host), new JavaScriptTier({ evaluate, compilesHot: true })]);

export const native = createWebAssembly({ tier: 'native' });
export const javascript = createWebAssembly({ tier: 'javascript' });
