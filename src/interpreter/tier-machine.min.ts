/** For bundles without tiers: scripts/small-parts.mjs puts it for `tier-machine.ts`. No store's policy names one. */
import { InternalError } from '../errors';

export class MachineOfTier {
  constructor() {
    throw new InternalError('a tier in a bundle without them');
  }
}
