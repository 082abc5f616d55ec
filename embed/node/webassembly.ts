/** `tswasm/webassembly` on Node: the drop-in namespace, with fresh factories for hot code. */
import './fresh-factories';
import './native-memory';
import './tiers';
import './source-positions';

export * from '../../src/webassembly';
export { default } from '../../src/webassembly';
