import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { describeTier } from '../testing';
import { JavaScriptTier } from './tier';

const tier = (compilesHot: boolean): JavaScriptTier => new JavaScriptTier({ evaluate, compilesHot });

describeTier('JavaScript', [tier(true)], { fuelAfterTraps: true });
describeTier('JavaScript without a JIT', [tier(false)], { fuelAfterTraps: true });
