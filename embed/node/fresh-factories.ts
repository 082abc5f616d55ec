/**
 * Closure factories on Node. Evaluating a factory's text again gives hot functions a factory whose feedback V8 shares with no other code
 * (src/interpreter/factories.ts says why). Each text is compiled once, as a script; running the script again takes 3 microseconds and
 * makes new closures of the same bytecode. The texts are a file of the package that the build wrote: no code is made from what a
 * guest says. With `--jitless` all code shares the full set.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { configureStack, type FactoryMaker, setFreshFactories, useFactories } from '../../src/index';
import { factoriesFrom } from './factory-texts';

/** Slots of the machine's stack on Node: 32 MB of address space, committed as it is used. */
const NODE_STACK_SLOTS = 2 ** 22;

const texts = fileURLToPath(new URL('./factories.json', import.meta.url));

configureStack({ slots: NODE_STACK_SLOTS, nest: 12 });

/** Loads the set when the first function is lowered, not before. */
const fullSet: FactoryMaker = (environment) =>
  (createRequire(import.meta.url)('./factories.cjs') as { createFactories: FactoryMaker }).createFactories(
    environment,
  );

// Run from source there is no built file: then all code shares the core's compact set.
if (existsSync(texts)) {
  // Without a compiler in V8 there is nothing to gain from feedback, but from fewer closures.
  if (process.execArgv.includes('--jitless')) useFactories(fullSet);
  else setFreshFactories(factoriesFrom(texts));
}
