/** Factories from the texts that the build wrote, each evaluated anew for whoever asks: see fresh-factories.ts. */
import type { Script } from 'node:vm';
import type { FactoryEnvironment, FreshFactoriesMaker } from '../../src/index';
import { late } from './late';

/**
 * Scripts of each text, which take turns. V8 inlines no function into itself, and closures of one script are one function to it: of two
 * neighbours that are alike, a sum in a sum or a slot set behind another, the inner one would be called.
 */
const COPIES = 3;

/** What the texts refer to. */
interface FreshEnvironment extends FactoryEnvironment {
  readonly Math: typeof Math;
}

/** `file`: JSON, an object of texts by name. It is read when the first function becomes hot. */
export function factoriesFrom(file: string): FreshFactoriesMaker {
  return (given) => {
    const environment: FreshEnvironment = { ...given, Math };
    const texts = new Map(
      Object.entries(JSON.parse(late('node:fs').readFileSync(file, 'utf8')) as Record<string, string>),
    );
    const scripts = new Map<string, Script[]>();
    return {
      isFresh: true,
      has: (name) => texts.has(name),
      make(name, isOne = false) {
        const copies = scripts.get(name) ?? [];
        scripts.set(name, copies);
        let script = copies.length < (isOne ? 1 : COPIES) ? undefined : copies.shift();
        // Under one name V8 would find the script that it has compiled.
        const filename = `tswasm:${name}#${copies.length}`;
        script ??= new (late('node:vm').Script)(texts.get(name)!, { filename });
        copies.push(script);
        const make = script.runInThisContext() as (of: FreshEnvironment, ...operands: unknown[]) => unknown;
        return (...operands) => make(environment, ...operands);
      },
    };
  };
}
