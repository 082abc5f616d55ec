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

/** Prints the reply to the last of the requests. */
export async function answer(requests: readonly string[]): Promise<void> {
  let reply = '';
  for (const request of requests) reply = await serve(request, ground);
  print(reply);
}
