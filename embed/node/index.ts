/** `tswasm` on Node: the core, with fresh factories for hot code. */
import './fresh-factories';
import './native-memory';
import './tiers';
import './source-positions';

export * from '../../src/index';
