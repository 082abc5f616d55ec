/** The compact set alone, for bundles that would rather be small (scripts/min.ts puts it for `factories.ts`): others are not taken. */
import type { Factories, Factory, FactoryMaker } from './factories';
import { createFactories } from './factories.generated.js';
import { registers, stack, trapAt, words } from './registers';

let shared: Factories | undefined;

export function sharedFactories(): Factories {
  if (shared === undefined) {
    const { ints, floats, doubles, refs, sites, frames, callees } = stack();
    const views = { I: ints, S: floats, F: doubles, R: refs, RS: sites, RF: frames, RC: callees };
    // The compact set imports its helpers.
    shared = createFactories({ ...views, M: registers, W: words, T: trapAt } as Parameters<FactoryMaker>[0]);
  }
  return shared;
}

export function useFactories(): void {}
export function setFreshFactories(): void {}
export function hasFreshFactories(): boolean {
  return false;
}
export function freshFactory(name: string): Factory {
  return sharedFactories()[name];
}
export const freshSet = sharedFactories;
