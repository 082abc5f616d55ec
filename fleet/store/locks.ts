/** One thing at a time for each key, in the order in which it was asked for. */
export class Locks {
  private readonly tails = new Map<string, Promise<unknown>>();

  isHeld(key: string): boolean {
    return this.tails.has(key);
  }

  async with<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.tails.get(key) === mine) this.tails.delete(key);
    }
  }
}
