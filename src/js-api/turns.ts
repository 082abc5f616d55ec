/**
 * Work in parts that looks after the host's event loop: compiling a large module must not keep a page from its other work (the JavaScript
 * Interface compiles "in parallel").
 */

/** Parts between two turns: a millisecond of code that is warm, and a turn takes some ten microseconds. Small modules have fewer. */
const PARTS_PER_TURN = 16;

/** What hosts have for that; none of it is there in every one. */
interface Host {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => Channel;
  readonly setTimeout?: (callback: () => void, ms: number) => unknown;
}
interface Channel {
  readonly port1: { onmessage: (() => void) | null; close(): void };
  readonly port2: { postMessage(message: undefined): void };
}

/** Calls back when the host has done what was waiting. A host without an event loop of its own has nothing else to do. */
function afterTurn(callback: () => void): void {
  // Node loads what is behind `MessageChannel` when somebody first asks for it, which takes 2 ms.
  const host = globalThis as unknown as Host;
  if (host.setImmediate !== undefined) host.setImmediate(callback);
  // Browsers: nested timers wait for four milliseconds each.
  else if (host.MessageChannel !== undefined) {
    const { port1, port2 } = new host.MessageChannel();
    port1.onmessage = () => {
      port1.close();
      callback();
    };
    port2.postMessage(undefined);
  } else if (host.setTimeout !== undefined) host.setTimeout(callback, 0);
  else callback();
}

/** A turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise(afterTurn);
}

/** All parts, with a turn of the event loop now and then. */
export async function inTurns<T>(parts: Generator<undefined, T, undefined>): Promise<T> {
  for (let count = 1; ; count++) {
    const { done, value } = parts.next();
    if (done) return value;
    if (count % PARTS_PER_TURN === 0) await nextTurn();
  }
}
