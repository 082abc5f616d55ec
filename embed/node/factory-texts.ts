/** Factories from the texts that the build wrote, each evaluated anew for whoever asks: see fresh-factories.ts. */
import { readFileSync } from 'node:fs';
import type { Script } from 'node:vm';
import type { Factory, FactoryEnvironment, FreshFactoriesMaker } from '../../src/index';
import { late } from './late';

/** `file`: JSON, an object of texts by name. It is read when the first function becomes hot. */
export function factoriesFrom(file: string): FreshFactoriesMaker {
  return (environment) => {
    const texts = new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>));
    const scripts = new Map<string, Script>();
    return {
      isFresh: true,
      has: (name) => texts.has(name),
      make(name) {
        let script = scripts.get(name);
        if (script === undefined) {
          script = new (late('node:vm').Script)(texts.get(name)!, { filename: `tswasm:${name}` });
          scripts.set(name, script);
        }
        return (script.runInThisContext() as (environment: FactoryEnvironment) => Factory)(environment);
      },
    };
  };
}
