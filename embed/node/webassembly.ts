/** `tswasm/webassembly` on Node: the drop-in namespace, with fresh factories for hot code and the tiers that Node has. */
import './fresh-factories';
import './native-memory';
import './tiers';
import './source-positions';
import { createWebAssembly } from '../../src/js-api';

export * from '../../src/js-api';
/**
 * A namespace with a store of its own and the default limits. It is made here: a bundle evaluates what several entries share first, and a
 * store has the tiers that are installed when it is made.
 */
export const WebAssembly = createWebAssembly();
export default WebAssembly;
