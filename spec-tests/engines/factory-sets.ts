/** Which closure factories tswasm uses: the core's compact set, or what `embed/node` installs. Each set is made once. */
import { fileURLToPath } from 'node:url';
import { factoriesFrom } from '../../embed/node/factory-texts';
import { factorySource } from '../../src/interpreter/factories';
import { createFactories as createCompact } from '../../src/interpreter/factories.generated.js';
import { createFactories as createFull } from '../../src/interpreter/factories-full.generated.js';
import {
  configureStack,
  type FactoryMaker,
  setFreshFactories,
  useFactories,
} from '../../src/interpreter/index';

/** Calls on the host's stack: as it is by itself, and as the entry for Node sets it. */
const PLAIN_NEST = 4;
const NODE_NEST = 12;

function once(make: FactoryMaker): FactoryMaker {
  let made: ReturnType<FactoryMaker> | undefined;
  return (environment) => {
    made ??= make(environment);
    return made;
  };
}
const compact = once(createCompact);
const full = once(createFull);
const fromTexts = factoriesFrom(
  fileURLToPath(new URL('../../src/interpreter/factories-fresh.generated.json', import.meta.url)),
);

export function useCompactFactories(): void {
  useFactories(compact);
  setFreshFactories(undefined);
  configureStack({ nest: PLAIN_NEST });
}

/** All code is made of factories of its own, as code that is hot is on Node: none of it waits to be found. */
export function useFreshFactories(): void {
  useFactories(full);
  setFreshFactories(fromTexts, false);
  factorySource(true);
  configureStack({ nest: NODE_NEST });
}

/** `fresh`: hot functions are lowered again with sets of their own. */
export function useFullFactories(fresh: boolean): void {
  useFactories(full);
  setFreshFactories(fresh ? fromTexts : undefined);
  configureStack({ nest: NODE_NEST });
}
