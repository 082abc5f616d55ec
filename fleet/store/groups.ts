/**
 * What comes while a write is under way waits for the next one, which takes all of it: one flush to the disk serves many. When a write fails, what waits
 * fails with it: it may build on what is not there now.
 */
interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Groups<T> {
  private waiting: Waiting<T>[] = [];
  /** Whether something is being written. */
  isBusy = false;

  constructor(
    private readonly write: (items: readonly T[]) => Promise<void>,
    /** Takes back what was not written, in the order in which it came. */
    private readonly undo: (items: readonly T[]) => void = () => undefined,
  ) {}

  /** Settles when the item has been written. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.isBusy) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.isBusy = true;
    while (this.waiting.length > 0) {
      const group = this.waiting.splice(0);
      try {
        await this.write(group.map(({ item }) => item));
        for (const { resolve } of group) resolve();
      } catch (error) {
        const failed = [...group, ...this.waiting.splice(0)];
        this.undo(failed.map(({ item }) => item));
        for (const { reject } of failed) reject(error);
      }
    }
    this.isBusy = false;
  }
}
