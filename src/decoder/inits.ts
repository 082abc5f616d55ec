/**
 * Locals whose type has no default value must be set before they are read, and what a block sets is unset again behind it (spec
 * "valid/instructions", the types of locals). This keeps which have been set at the instruction at hand.
 */
export class InitializedLocals {
  private readonly locals = new Set<number>();
  private readonly order: number[] = [];
  /** How many had been set at the entry of each open block. */
  private readonly entries: number[] = [];

  clear(): void {
    this.locals.clear();
    this.order.length = 0;
    this.entries.length = 0;
  }
  has(localidx: number): boolean {
    return this.locals.has(localidx);
  }
  set(localidx: number): void {
    if (this.locals.has(localidx)) return;
    this.locals.add(localidx);
    this.order.push(localidx);
  }
  enter(): void {
    this.entries.push(this.order.length);
  }
  /** What the innermost open block has set is unset: at its `end`, and where another part of it begins. */
  forget(): void {
    const { entries, order } = this;
    const kept = entries[entries.length - 1];
    while (order.length > kept) this.locals.delete(order.pop()!);
  }
  leave(): void {
    this.forget();
    this.entries.pop();
  }
}
