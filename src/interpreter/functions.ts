/** What the texts of factories call. */
import * as numerics from '../runtime/numerics';
import { vectorFunctions } from './factories-simd.generated.js';

export const FUNCTIONS = {
  /** Functions for instructions that JavaScript has no operator for. */
  N: numerics,
  /** The same for vectors. */
  V: vectorFunctions as object,
};
