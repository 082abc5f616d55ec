/**
 * tswasm with a second tier (spec-tests/tiers/walker.ts): each function begins in one of the two at random, and may move to the other one at
 * every safepoint. What the script sees must not depend on that.
 */
import { usePolicy } from '../../src/interpreter/machine';
import type { Func, Value as WasmValue } from '../../src/runtime/index';
import type { Engine } from '../engine';
import { RandomPolicy } from '../tiers/policy';
import { Walker } from '../tiers/walker';
import { featuresFor, TswasmSession, tswasmEngine } from './tswasm';

class MixedSession extends TswasmSession {
  private readonly policy: RandomPolicy;

  constructor(script: string, walker: Walker) {
    super(featuresFor(script));
    this.policy = new RandomPolicy(walker, script.length);
    usePolicy(this.store, this.policy);
  }

  protected override call(func: Func, args: readonly WasmValue[]): WasmValue[] {
    this.policy.begin();
    return super.call(func, args);
  }
}

export function mixedEngine(walker = new Walker()): Engine {
  return {
    ...tswasmEngine,
    name: 'mixed',
    open: (script) => new MixedSession(script, walker),
    finish: () => {
      const { entered, continued, left, called, refused } = walker.counts;
      return [
        `the second tier: entered ${entered} times by calls and ${continued} times at safepoints,`,
        `left ${left} times at safepoints; ${called} calls out of it; ${[...refused.values()].reduce((sum, count) => sum + count, 0)} functions refused`,
      ].join(' ');
    },
  };
}
