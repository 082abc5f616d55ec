/** The carrier inside QuickJS without `std` and `os`, as an embedder has it: `embedder` is all that it is given. */
import { configureStack, quickjsHost } from '../index';
import { type Ground, serve } from './carrier';

// As many slots as on Node, so that endless recursion ends at the same frame.
configureStack({ slots: 2 ** 20 });

interface Embedder {
  setTimeout(callback: () => void, milliseconds: number): void;
  random(length: number): ArrayBuffer;
}
const { embedder } = globalThis as unknown as { embedder: Embedder };

const ground: Ground = {
  turn: () => new Promise((resolve) => embedder.setTimeout(resolve, 0)),
  now: () => Date.now(),
  wasiHost: () =>
    quickjsHost(undefined, {
      setTimeout: (callback, milliseconds) => embedder.setTimeout(callback, milliseconds),
      random: (bytes) => bytes.set(new Uint8Array(embedder.random(bytes.length))),
    }),
};

export function answer(line: string): Promise<string> {
  return serve(line, ground);
}
