/**
 * tswasm with its JavaScript tier: every function that the tier takes runs there from its first call on (`javascript`), or begins in one of
 * the two at random and may move at every safepoint (`javascript-mixed`).
 */
import { type Evaluate, JavaScriptTier } from '../../src/compiler/javascript';
import { usePolicy } from '../../src/interpreter/machine';
import type { Func, Value as WasmValue } from '../../src/runtime/index';
import type { Engine } from '../engine';
import { alwaysIn, RandomPolicy } from '../tiers/policy';
import { featuresFor, storeFor, TswasmSession, tswasmEngine } from './tswasm';

export const evaluate: Evaluate = (parameters, body) =>
  new Function(...parameters, body) as ReturnType<Evaluate>;

export const tier = new JavaScriptTier({ evaluate, compilesHot: 'WebAssembly' in globalThis });

const ALWAYS = alwaysIn(tier);

class JavaScriptSession extends TswasmSession {
  constructor(script: string) {
    super(featuresFor(script), storeFor(script));
    usePolicy(this.store, ALWAYS);
  }
}

class JavaScriptMixedSession extends TswasmSession {
  private readonly policy: RandomPolicy;

  constructor(script: string) {
    super(featuresFor(script), storeFor(script));
    this.policy = new RandomPolicy(tier, script.length);
    usePolicy(this.store, this.policy);
  }
  protected override call(func: Func, args: readonly WasmValue[]): WasmValue[] {
    this.policy.begin();
    return super.call(func, args);
  }
}

function report(): string {
  const { offered, entered, continued, refused } = tier.counts;
  const reasons = [...refused].map(([why, count]) => `${count} because ${why}`);
  return [
    `the JavaScript tier: ${offered} functions, entered ${entered} times by calls and ${continued} times at loops;`,
    `refused: ${reasons.join('; ')}`,
  ].join('\n');
}

export const javascriptEngine: Engine = {
  ...tswasmEngine,
  name: 'javascript',
  open: (script) => new JavaScriptSession(script),
  finish: report,
};
export const javascriptMixedEngine: Engine = {
  ...tswasmEngine,
  name: 'javascript-mixed',
  open: (script) => new JavaScriptMixedSession(script),
  finish: report,
};
