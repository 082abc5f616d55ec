/**
 * tswasm with its native tier: every function that the tier takes runs there from its first call on (`native`); or begins in one of the two at
 * random, may move at every safepoint, and is emitted by itself (`native-mixed`).
 */
import '../../embed/node/native-memory';
import type { PartSizes } from '../../src/compiler/native/groups';
import type { HostWebAssembly } from '../../src/compiler/native/host';
import { isDirect } from '../../src/compiler/native/layout';
import { NativeTier } from '../../src/compiler/native/tier';
import type { StoreOptions } from '../../src/interpreter/index';
import { usePolicy } from '../../src/interpreter/machine';
import { type Func, fromJs, toJs, type Value as WasmValue } from '../../src/runtime/index';
import type { Engine } from '../engine';
import { alwaysIn, RandomPolicy } from '../tiers/policy';
import { DIFFERENTIAL, featuresFor, storeFor, TswasmSession, tswasmEngine } from './tswasm';

export const host = (globalThis as unknown as { WebAssembly: HostWebAssembly }).WebAssembly;
export const tier = new NativeTier(host);
/** Every function is a group of its own, as far as that can be. */
export const PARTS: PartSizes = { whole: 0, group: 0 };
export const inParts = new NativeTier(host, PARTS);

const ALWAYS = alwaysIn(tier);

/** Programs that are made at random run with the host's NaNs as well. To the last bit they are compared by `exact` (tiers.ts). */
const withHostNans = (script: string): StoreOptions =>
  script === DIFFERENTIAL ? { canonicalNans: false } : storeFor(script);

/** Functions of integers are called as JavaScript calls them, so that calls begin outside of executions (src/interpreter/brief.ts). */
class CallingSession extends TswasmSession {
  protected override call(func: Func, args: readonly WasmValue[]): WasmValue[] {
    if (!isDirect(func.type)) return super.call(func, args);
    const result: unknown = func.call(...args.map(toJs));
    return func.type.results.map((type) => fromJs(type, result));
  }
}

class NativeSession extends CallingSession {
  constructor(script: string) {
    super(featuresFor(script), withHostNans(script));
    usePolicy(this.store, ALWAYS);
  }
}

export class NativeMixedSession extends CallingSession {
  private readonly policy: RandomPolicy;

  constructor(script: string, tier = inParts) {
    super(featuresFor(script), withHostNans(script));
    this.policy = new RandomPolicy(tier, script.length);
    usePolicy(this.store, this.policy);
  }
  protected override call(func: Func, args: readonly WasmValue[]): WasmValue[] {
    this.policy.begin();
    return super.call(func, args);
  }
}

export function report({ counts }: NativeTier): string {
  const { offered, entered, continued, refused } = counts;
  const reasons = [...refused].map(([why, count]) => `${count} because ${why}`);
  return [
    `the native tier: ${offered} functions, entered ${entered} times by calls and ${continued} times at loops;`,
    `refused: ${reasons.join('; ')}`,
  ].join('\n');
}

export const nativeTierEngine: Engine = {
  ...tswasmEngine,
  name: 'native',
  open: (script) => new NativeSession(script),
  finish: () => report(tier),
};
export const nativeMixedEngine: Engine = {
  ...tswasmEngine,
  name: 'native-mixed',
  open: (script) => new NativeMixedSession(script),
  finish: () => report(inParts),
};
