/** For `environment.ts` in bundles with the compact set of factories alone, which imports what it computes with. */
import { trap } from '../errors';
import { words } from '../runtime/numerics';
import type { FactoryEnvironment } from './environment';
import { registers, stack } from './registers';

let environment: Omit<FactoryEnvironment, 'B' | 'N' | 'V'> | undefined;

export function theEnvironment(): Omit<FactoryEnvironment, 'B' | 'N' | 'V'> {
  if (environment === undefined) {
    const { ints, floats, doubles, refs, sites, frames, callees } = stack();
    environment = {
      I: ints,
      S: floats,
      F: doubles,
      R: refs,
      RS: sites,
      RF: frames,
      RC: callees,
      M: registers,
      W: words,
      T: trap,
    };
  }
  return environment;
}
