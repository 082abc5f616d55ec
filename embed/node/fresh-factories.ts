/**
 * Closure factories on Node: evaluating `dist/factories.cjs`, the full set, again and again gives hot functions factories whose
 * feedback V8 shares with no other code (src/interpreter/factories.ts says why). No code is generated from strings; the module cache
 * just forgets one file. With `--jitless` all code shares that set.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { configureStack, type FactoryMaker, setFreshFactories, useFactories } from '../../src/index';

/** Slots of the machine's stack on Node: 32 MB of address space, committed as it is used. */
const NODE_STACK_SLOTS = 2 ** 22;

const require = createRequire(import.meta.url);
const file = fileURLToPath(new URL('./factories.cjs', import.meta.url));

configureStack({ slots: NODE_STACK_SLOTS, nest: 12 });
/** Reads the file when the first function is lowered, not before. */
const loadFactories: FactoryMaker = (environment) =>
  (require(file) as { createFactories: FactoryMaker }).createFactories(environment);

// Run from source there is no built file: then all code shares the core's compact set.
if (existsSync(file)) {
  // Without a compiler in V8 there is nothing to gain from feedback, but from fewer closures.
  if (process.execArgv.includes('--jitless')) {
    useFactories(loadFactories);
  } else {
    setFreshFactories(() => {
      delete require.cache[file];
      return loadFactories;
    });
  }
}
