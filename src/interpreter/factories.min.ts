/** The compact set alone, for bundles that would rather be small (scripts/min.ts puts it for `factories.ts`): others are not taken. */
import type { Factories, FactoryMaker, FactorySource } from './factories';
import { createFactories } from './factories.generated.js';
import { registers, stack, trapAt, words } from './registers';

let source: FactorySource | undefined;

export function factorySource(): FactorySource {
  if (source === undefined) {
    const { ints, floats, doubles, refs, sites, frames, callees } = stack();
    const views = { I: ints, S: floats, F: doubles, R: refs, RS: sites, RF: frames, RC: callees };
    // The compact set imports its helpers.
    const factories: Factories = createFactories({
      ...views,
      M: registers,
      W: words,
      T: trapAt,
    } as Parameters<FactoryMaker>[0]);
    source = { has: (name) => factories[name] !== undefined, make: (name) => factories[name] };
  }
  return source;
}

export function useFactories(): void {}
export function setFreshFactories(): void {}
export function hasFreshFactories(): boolean {
  return false;
}
