/** Policies of tests: in a tier from first calls on, as soon as that can be, and at random. */
import type { Tier, TierPolicy } from '../../src/interpreter/tiers';
import type { Func } from '../../src/runtime/index';

/** Functions begin in the tier, and stay. */
export function alwaysIn(tier: Tier): TierPolicy {
  return {
    tiers: [tier],
    every: Number.POSITIVE_INFINITY,
    atFirstCall: () => [tier],
    atSafepoint: () => [tier],
  };
}
/** The same, and what runs elsewhere comes to the tier at the next safepoint. */
export function soonIn(tier: Tier): TierPolicy {
  return { ...alwaysIn(tier), every: 1 };
}

/** Questions in a row that are asked at every safepoint; then they get rarer, so that long runs end. */
const DENSE = 2000;

/** Moves functions between the interpreter and another tier at random: at first calls, and at every safepoint. */
export class RandomPolicy implements TierPolicy {
  readonly tiers: readonly Tier[];
  private state: number;
  private asked = 0;

  constructor(tier: Tier, seed: number) {
    this.tiers = [tier];
    this.state = seed | 0;
  }

  get every(): number {
    return 2 ** Math.floor(this.asked / DENSE);
  }
  atFirstCall(): readonly Tier[] {
    return this.either();
  }
  atSafepoint(_func: Func, _now: Tier | undefined, _isHot: boolean): readonly Tier[] {
    this.asked++;
    return this.either();
  }

  /** What is asked from here on is asked at every safepoint again. */
  begin(): void {
    this.asked = 0;
  }

  private either(): readonly Tier[] {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) | 0;
    return (this.state >>> 16) % 2 === 0 ? this.tiers : [];
  }
}
