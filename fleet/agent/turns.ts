/** Many executions on one device: each that can run gets a slice in its turn, and the host gets one after each round. */
import type { Soon } from './guest';
import type { Clock } from './world';

/** What a slice left: more to do now, something to do later (milliseconds), or nothing until somebody wakes it. */
export type Rest =
  | { readonly kind: 'more' }
  | { readonly kind: 'later'; readonly wait: number }
  | { readonly kind: 'idle' };

export interface Runner {
  /** Runs for at most so many milliseconds. */
  slice(milliseconds: number): Soon<Rest>;
}

/** Milliseconds of a slice, when many wait: short enough that a request is answered between two. */
const SLICE = 4;

export class Turns {
  private readonly ready = new Set<Runner>();
  private readonly alarms = new Map<Runner, () => void>();
  private running = false;

  constructor(private readonly clock: Clock) {}

  /** There may be something to do for it. */
  wake(runner: Runner): void {
    this.alarms.get(runner)?.();
    this.alarms.delete(runner);
    this.ready.add(runner);
    if (!this.running) void this.run();
  }

  remove(runner: Runner): void {
    this.alarms.get(runner)?.();
    this.alarms.delete(runner);
    this.ready.delete(runner);
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.ready.size > 0) {
      for (const runner of [...this.ready]) {
        // An earlier one's slice may have taken it away.
        if (!this.ready.delete(runner)) continue;
        const rest = await runner.slice(SLICE);
        if (rest.kind === 'more') this.ready.add(runner);
        // Somebody may have woken it in the meantime.
        else if (rest.kind === 'later' && !this.ready.has(runner)) this.alarm(runner, rest.wait);
      }
      await this.clock.turn();
    }
    this.running = false;
  }

  private alarm(runner: Runner, wait: number): void {
    this.alarms.get(runner)?.();
    this.alarms.set(
      runner,
      this.clock.after(wait, () => this.wake(runner)),
    );
  }
}
