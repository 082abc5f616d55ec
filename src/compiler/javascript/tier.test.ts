import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { describeTier } from '../testing';
import { JavaScriptTier } from './tier';

describeTier('JavaScript', [new JavaScriptTier(evaluate)], { fuelAfterTraps: true });
