/**
 * Closure factories on Node. Evaluating a factory's text again gives hot functions a factory whose feedback V8 shares with no other code
 * (src/interpreter/factories.ts says why). Each text is compiled once, as a script; running the script again takes 3 microseconds and
 * makes new closures of the same bytecode. The texts are a file of the package that the build wrote: no code is made from what a
 * guest says. With `--jitless` all code shares the full set.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import {
  configureStack,
  type Factory,
  type FactoryEnvironment,
  type FactoryMaker,
  type FactorySource,
  setFreshFactories,
  useFactories,
} from '../../src/index';

/** Slots of the machine's stack on Node: 32 MB of address space, committed as it is used. */
const NODE_STACK_SLOTS = 2 ** 22;

const beside = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
const texts = beside('factories.json');

configureStack({ slots: NODE_STACK_SLOTS, nest: 12 });

const fullSet: FactoryMaker = (environment) =>
  (createRequire(import.meta.url)('./factories.cjs') as { createFactories: FactoryMaker }).createFactories(
    environment,
  );

function freshFactories(environment: FactoryEnvironment): FactorySource {
  const sources = new Map(Object.entries(JSON.parse(readFileSync(texts, 'utf8')) as Record<string, string>));
  const scripts = new Map<string, Script>();
  return {
    has: (name) => sources.has(name),
    make(name) {
      let script = scripts.get(name);
      if (script === undefined) {
        script = new Script(sources.get(name)!, { filename: `tswasm:${name}` });
        scripts.set(name, script);
      }
      return (script.runInThisContext() as (environment: FactoryEnvironment) => Factory)(environment);
    },
  };
}

// Run from source there is no built file: then all code shares the core's compact set.
if (existsSync(texts)) {
  // Without a compiler in V8 there is nothing to gain from feedback, but from fewer closures.
  if (process.execArgv.includes('--jitless')) useFactories(fullSet);
  else setFreshFactories(freshFactories);
}
