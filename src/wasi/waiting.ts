/** What the hosts' `wait` have in common. */
import type { Waiting } from './host';

/**
 * A wait that ends with the first of several events. `subscribe` is called once with what each event calls, and returns what undoes each
 * subscription; all are undone when the wait ends or is cancelled.
 */
export function firstOf(subscribe: (done: () => void) => (() => void)[]): Waiting {
  let subscriptions: (() => void)[] = [];
  const cancel = () => {
    for (const undo of subscriptions.splice(0)) undo();
  };
  const promise = new Promise<void>((resolve) => {
    subscriptions = subscribe(() => {
      cancel();
      resolve();
    });
  });
  return { promise, cancel };
}
