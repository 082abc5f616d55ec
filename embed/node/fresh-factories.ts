/**
 * Fresh closure factories on Node: evaluating `dist/factories.cjs` again gives functions whose feedback V8 shares with no other code
 * (src/interpreter/factories.ts says why). No code is generated from strings; the module cache just forgets one file.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { configureStack, type FactoryMaker, setFreshFactories } from '../../src/interpreter';

/** Slots of the machine's stack on Node: 32 MB of address space, committed as it is used. */
const NODE_STACK_SLOTS = 2 ** 22;

const require = createRequire(import.meta.url);
const file = fileURLToPath(new URL('./factories.cjs', import.meta.url));

configureStack(NODE_STACK_SLOTS);
// Run from source there is no built file: then all code shares one set. Without a compiler in V8 there is nothing to gain.
if (existsSync(file) && !process.execArgv.includes('--jitless')) {
  setFreshFactories(() => {
    delete require.cache[file];
    return (require(file) as { createFactories: FactoryMaker }).createFactories;
  });
}
