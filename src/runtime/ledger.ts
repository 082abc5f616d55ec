/**
 * What a store has given to its instances of one kind (bytes of memories, elements of tables), against a limit. Who gets something holds a
 * charge; it is given back at once when an instantiation fails, and, where the host can tell, when its holder is garbage.
 */

/** What one memory or table has been charged. */
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

  /** `reclaim`: whether what is garbage is given back. When that happens is the host's choice, so a deterministic store does without. */
  constructor(limit: number, reclaim: boolean) {
    this.limit = limit;
    if (reclaim && typeof FinalizationRegistry === 'function') {
      this.registry = new FinalizationRegistry((charge) => charge.release());
    }
  }

  get used(): number {
    return this.sum;
  }

  /** A charge of so much, or undefined when the limit does not allow it. */
  reserve(amount: number): Charge | undefined {
    const charge = new LedgerCharge(this, (holder) => this.registry?.register(holder, charge));
    return charge.add(amount) ? charge : undefined;
  }

  /** @internal */
  change(amount: number): boolean {
    if (amount > 0 && this.sum + amount > this.limit) return false;
    this.sum += amount;
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
