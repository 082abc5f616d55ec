/** `tswasm` on Node: the core, with fresh factories for hot code. */
import './fresh-factories';

export * from '../../src/index';
