/** The carrier in Hermes, as a script. */
import { quickjsHost } from '../../quickjs/host';
import { type Ground, serve } from '../../quickjs/tests/carrier';

declare const print: (line: string) => void;

const ground: Ground = {
  turn: () => Promise.resolve(),
  now: () => Date.now(),
  wasiHost: () =>
    quickjsHost(undefined, {
      setTimeout: (callback) => void Promise.resolve().then(callback),
      random: (bytes) => bytes.fill(7),
    }),
};

/** Prints the replies to all requests but the first ones, whose replies are known. */
export async function answer(requests: readonly string[], known: number): Promise<void> {
  for (const [k, request] of requests.entries()) {
    const reply = await serve(request, ground);
    if (k >= known) print(reply);
  }
}
