/** tswasm for QuickJS, one ES module without dependencies: all there is, with the fast set of factories. */
import { createFactories } from '../../src/factories';
import { useFactories } from '../../src/index';

useFactories(createFactories);

export * from './module';
