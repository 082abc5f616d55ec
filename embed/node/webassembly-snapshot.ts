/** `tswasm/webassembly-snapshot` on Node: the drop-in namespace with snapshots, and fresh factories for hot code. */
import './fresh-factories';
import './native-memory';
import './tiers';
import './source-positions';

export * from '../../src/webassembly-snapshot';
export { default } from '../../src/webassembly-snapshot';
