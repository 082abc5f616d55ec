/**
 * Closure factories on Node. Evaluating a factory's text again gives hot functions a factory whose feedback V8 shares with no other code
 * (src/interpreter/factories.ts says why). Each text is compiled once, as a script; running the script again takes 3 microseconds and
 * makes new closures of the same bytecode. The texts are a file of the package that the build wrote: no code is made from what a
 * guest says. With `--jitless` hot code shares the full set: loading it takes 50 ms, so code that runs once goes without.
 */
import { fileURLToPath } from 'node:url';
import {
  configureStack,
  type FactoryMaker,
  type FreshFactoriesMaker,
  setFreshFactories,
  sourceOf,
} from '../../src/index';
import { factoriesFrom } from './factory-texts';
import { late } from './late';

/** Slots of the machine's stack on Node: 32 MB of address space, committed as it is used. */
const NODE_STACK_SLOTS = 2 ** 22;

/**
 * A file that the build writes beside this one. Nothing is looked for when this module is loaded, and nothing thrown: run from source there is
 * none, and in a bundle there is none either, or no `import.meta.url`. Then all code shares the core's compact set.
 */
function builtFile(name: string): string | undefined {
  try {
    const file = fileURLToPath(new URL(name, import.meta.url));
    return late('node:fs').existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Loads the set when the first function is hot, not before. */
const fullSet: FreshFactoriesMaker = (environment) => {
  const file = builtFile('factories.cjs');
  if (file === undefined) return undefined;
  const load = late('node:module').createRequire(file);
  const set = (load(file) as { createFactories: FactoryMaker }).createFactories(environment);
  return set === undefined ? undefined : sourceOf(set);
};

const freshSet: FreshFactoriesMaker = (environment) => {
  const file = builtFile('factories.json');
  return file === undefined ? undefined : factoriesFrom(file)(environment);
};

configureStack({
  slots: NODE_STACK_SLOTS,
  nest: 12,
  // V8 takes a long ArrayBuffer for a reason to collect garbage at once, and one that might be shared for none.
  allocate: (bytes) => new SharedArrayBuffer(bytes),
});
// Without a compiler in V8, and so without `WebAssembly`, there is nothing to gain from feedback, but from fewer closures.
const isCompiled = 'WebAssembly' in globalThis;
setFreshFactories(isCompiled ? freshSet : fullSet, isCompiled);
