/** What factories are made with: they are texts that may be evaluated anywhere. */
import { trap } from '../errors';
import * as numerics from '../runtime/numerics';
import type { FactoryEnvironment } from './factories';
import { vectorFunctions } from './factories-simd.generated.js';
import { registers, stack } from './registers';

let environment: FactoryEnvironment | undefined;

export function theEnvironment(): FactoryEnvironment {
  if (environment === undefined) {
    const { ints, floats, doubles, refs, sites, frames, callees } = stack();
    environment = {
      I: ints,
      S: floats,
      F: doubles,
      B: new Uint8Array(ints.buffer),
      R: refs,
      RS: sites,
      RF: frames,
      RC: callees,
      M: registers,
      W: numerics.words,
      N: numerics,
      V: vectorFunctions,
      T: trap,
    };
  }
  return environment;
}
