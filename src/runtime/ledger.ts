/**
 * What a store has given to its instances of one kind (bytes of memories, elements of tables), against a limit. Who gets something holds a
 * charge; it is given back at once when an instantiation fails, and, where the host can tell, when its holder is garbage.
 *
 * Room that nobody has is lent to caches. Whoever is charged comes first: loans are given up for it, so they never make a limit fail.
 */

/** What one memory or table has been charged, or a cache has on loan. */
export interface Charge {
  /** More, or less. False when the limit does not allow it. */
  add(amount: number): boolean;
  /** Gives all of it back; again, nothing. */
  release(): void;
  /** Gives it back when the holder has been collected. */
  holdFor(holder: object): void;
}

/** One for all stores, and for ever: exposures.ts says why. A charge leads to no holder, or that would never be garbage. */
const registry =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<Charge>((charge) => charge.release())
    : undefined;

export class Ledger {
  private readonly limit: number;
  private readonly registry: FinalizationRegistry<Charge> | undefined;
  private sum = 0;
  private lent = 0;
  /** Those that are not nothing, the oldest first. */
  private readonly loans = new Set<LedgerCharge>();

  /** `reclaim`: whether what is garbage is given back. When that happens is the host's choice, so a deterministic store does without. */
  constructor(limit: number, reclaim: boolean) {
    this.limit = limit;
    if (reclaim) this.registry = registry;
  }

  /** Without what is lent. */
  get used(): number {
    return this.sum;
  }

  /** A charge of so much, or undefined when the limit does not allow it. */
  reserve(amount: number): Charge | undefined {
    const charge = new LedgerCharge(this, undefined);
    return charge.add(amount) ? charge : undefined;
  }

  /** A loan of nothing yet. `giveUp` is called when the room is needed; then it is released. */
  lend(giveUp: () => void): Charge {
    return new LedgerCharge(this, giveUp);
  }

  /** @internal */
  charge(amount: number): boolean {
    if (amount > 0 && this.sum + amount > this.limit) return false;
    this.sum += amount;
    for (const loan of this.loans) {
      if (this.sum + this.lent <= this.limit) break;
      loan.giveUp!();
      loan.release();
    }
    return true;
  }

  /** @internal A loan comes to so much with what is added. */
  changeLoan(loan: LedgerCharge, added: number, amount: number): boolean {
    if (added > 0 && this.sum + this.lent + added > this.limit) return false;
    this.lent += added;
    if (amount > 0) this.loans.add(loan);
    else this.loans.delete(loan);
    return true;
  }

  /** @internal */
  holdFor(holder: object, charge: Charge): void {
    this.registry?.register(holder, charge);
  }
}

class LedgerCharge implements Charge {
  private readonly ledger: Ledger;
  /** Of a loan. */
  readonly giveUp: (() => void) | undefined;
  private amount = 0;

  constructor(ledger: Ledger, giveUp: (() => void) | undefined) {
    this.ledger = ledger;
    this.giveUp = giveUp;
  }

  add(added: number): boolean {
    const amount = this.amount + added;
    const { ledger } = this;
    if (!(this.giveUp === undefined ? ledger.charge(added) : ledger.changeLoan(this, added, amount)))
      return false;
    this.amount = amount;
    return true;
  }
  release(): void {
    this.add(-this.amount);
  }
  holdFor(holder: object): void {
    this.ledger.holdFor(holder, this);
  }
}
