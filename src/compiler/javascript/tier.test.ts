import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { describeTier } from '../testing';
import type { SplitRules } from './split';
import { JavaScriptTier } from './tier';

const tier = (compilesHot: boolean, splits?: SplitRules): JavaScriptTier =>
  new JavaScriptTier({ evaluate, compilesHot, ...(splits && { splits }) });
/** As small as parts can be, and of a few statements. */
const SPLITS = [0, 150].map((most) => ({ whole: 0, most, least: 0 }));

describeTier('JavaScript', [tier(true)], { fuelAfterTraps: true });
describeTier('JavaScript without a JIT', [tier(false)], { fuelAfterTraps: true });
describeTier(
  'JavaScript in parts',
  SPLITS.map((splits) => tier(true, splits)),
  { fuelAfterTraps: true },
);
