/**
 * Entry `tswasm/factories`: the full set of closure factories, for hosts that would rather have speed than 30 KB less. The entries for
 * Node and QuickJS install it themselves; elsewhere:
 *
 *     import { useFactories } from 'tswasm';
 *     import { createFactories } from 'tswasm/factories';
 *     useFactories(createFactories);
 */
export { createFactories } from './interpreter/factories-full.generated.js';
