// One leg of the journey, the same in every engine: start or go on, stop after some safepoints, give what is to travel.
import {
  Execution,
  Func,
  I32,
  i32,
  instantiatePaused,
  Module,
  restore,
  Store,
  snapshot,
} from '../../dist/quickjs/tswasm.js';

/** `saved`: the snapshot that came, or undefined to start. Gives the snapshot that goes, or undefined when the program has ended. */
export function step(wasm, saved, fuel, print) {
  const module = Module.decode(wasm);
  const store = new Store();
  const record = Func.host(store, { params: [I32, I32], results: [] }, (call) => {
    print(`${call.i32(1)} steps from ${call.i32(0)}`);
  });
  const instance = instantiatePaused(store, module, [record]);
  const execution =
    saved === undefined
      ? new Execution(instance.exports.get('longest'), [i32(3000)])
      : restore(saved, instance);
  const outcome = execution.run({ fuel });
  if (outcome.kind === 'paused') return snapshot(execution);
  if (outcome.kind === 'trapped') throw outcome.error;
  print(`the longest below 3000 starts at ${outcome.results[0].lo}`);
  return undefined;
}
