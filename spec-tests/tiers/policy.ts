/** Moves functions between the interpreter and another tier at random: at first calls, and at every safepoint. */
import type { Tier, TierPolicy } from '../../src/interpreter/tiers';
import type { Func } from '../../src/runtime/index';

/** Questions in a row that are asked at every safepoint; then they get rarer, so that long runs end. */
const DENSE = 2000;

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
