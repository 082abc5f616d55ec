/** `tswasm` on Node: the core, with fresh factories for hot code. */
import './fresh-factories';
import './native-memory';

export * from '../../src/index';
