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

export class Ledger {
  private readonly limit: number;
  private readonly registry: FinalizationRegistry<Charge> | undefined;
  private sum = 0;
  private lent = 0;
  /** Gives up each loan that is not nothing, the oldest first. */
  private readonly loans = new Map<LedgerLoan, () => void>();

  /** `reclaim`: whether what is garbage is given back. When that happens is the host's choice, so a deterministic store does without. */
  constructor(limit: number, reclaim: boolean) {
    this.limit = limit;
    if (reclaim && typeof FinalizationRegistry === 'function') {
      this.registry = new FinalizationRegistry((charge) => charge.release());
    }
  }

  /** Without what is lent. */
  get used(): number {
    return this.sum;
  }

  /** A charge of so much, or undefined when the limit does not allow it. */
  reserve(amount: number): Charge | undefined {
    const charge = new LedgerCharge(this, (holder) => this.registry?.register(holder, charge));
    return charge.add(amount) ? charge : undefined;
  }

  /** A loan of nothing yet. `giveUp` is called when the room is needed, and must release it. */
  lend(giveUp: () => void): Charge {
    const loan: LedgerLoan = new LedgerLoan(this, (holder) => this.registry?.register(holder, loan), giveUp);
    return loan;
  }

  /** @internal */
  change(amount: number): boolean {
    if (amount > 0 && this.sum + amount > this.limit) return false;
    this.sum += amount;
    for (const [loan, giveUp] of this.loans) {
      if (this.sum + this.lent <= this.limit) break;
      giveUp();
      loan.release();
    }
    return true;
  }

  /** @internal `amount` is what the loan comes to with it. */
  changeLoan(loan: LedgerLoan, by: number, amount: number, giveUp: () => void): boolean {
    if (by > 0 && this.sum + this.lent + by > this.limit) return false;
    this.lent += by;
    if (amount > 0) this.loans.set(loan, giveUp);
    else this.loans.delete(loan);
    return true;
  }
}

class LedgerCharge implements Charge {
  private readonly ledger: Ledger;
  private amount = 0;
  readonly holdFor: (holder: object) => void;

  constructor(ledger: Ledger, holdFor: (holder: object) => void) {
    this.ledger = ledger;
    this.holdFor = holdFor;
  }

  add(amount: number): boolean {
    if (!this.ledger.change(amount)) return false;
    this.amount += amount;
    return true;
  }
  release(): void {
    this.ledger.change(-this.amount);
    this.amount = 0;
  }
}

class LedgerLoan implements Charge {
  private readonly ledger: Ledger;
  private readonly giveUp: () => void;
  private amount = 0;
  readonly holdFor: (holder: object) => void;

  constructor(ledger: Ledger, holdFor: (holder: object) => void, giveUp: () => void) {
    this.ledger = ledger;
    this.holdFor = holdFor;
    this.giveUp = giveUp;
  }

  add(amount: number): boolean {
    if (!this.ledger.changeLoan(this, amount, this.amount + amount, this.giveUp)) return false;
    this.amount += amount;
    return true;
  }
  release(): void {
    this.ledger.changeLoan(this, -this.amount, 0, this.giveUp);
    this.amount = 0;
  }
}
