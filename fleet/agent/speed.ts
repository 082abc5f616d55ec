/** How fast a device runs guests. */
import { Execution, instantiate, Module, Store } from 'tswasm';

/** A loop that counts: 60 bytes of wasm. */
const COUNTER = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 7, 9, 1, 5, 99, 111, 117, 110, 116, 0,
  0, 10, 23, 1, 21, 1, 1, 127, 3, 64, 32, 1, 65, 1, 106, 34, 1, 32, 0, 72, 13, 0, 11, 32, 1, 11,
]);
/** Milliseconds of the measurement: long enough for hot code, too short to be noticed at the start. */
const MEASURED = 40;
/** Fuel before it: the function is hot then. */
const WARM_UP = 200_000;

/** Units of fuel a second. */
export function measuredSpeed(now: () => number = () => performance.now()): number {
  const instance = instantiate(new Store({ tier: 'interpret' }), Module.decode(COUNTER), []);
  const execution = new Execution(instance.func('count'), [0x7fffffff]);
  // What is compiled and lowered at first is not counted.
  execution.run({ fuel: WARM_UP });
  const before = execution.fuelUsed;
  const start = now();
  execution.run({ now, deadline: () => now() - start >= MEASURED });
  return Math.round((execution.fuelUsed - before) / ((now() - start) / 1000));
}
