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

/** What a factory needs of the environment, as paths with commas between them; and its text from its own first parameter on. */
export type FactoryText = readonly [needs: string, text: string];

type Maker = (...needsAndOperands: unknown[]) => unknown;

/** A script whose value is the maker, and what that takes before the factory's own operands. */
interface Factories {
  readonly scripts: Script[];
  readonly needs: readonly unknown[];
}

/** `file`: JSON, an object of `FactoryText` by name. It is read when the first function becomes hot. */
export function factoriesFrom(file: string): FreshFactoriesMaker {
  return (given) => {
    const environment: FreshEnvironment = { ...given, Math };
    const texts = new Map(
      Object.entries(JSON.parse(late('node:fs').readFileSync(file, 'utf8')) as Record<string, FactoryText>),
    );
    const factories = new Map<string, Factories>();
    return {
      isFresh: true,
      has: (name) => texts.has(name),
      make(name, isOne = false) {
        const [needs, text] = texts.get(name)!;
        const known = factories.get(name) ?? { scripts: [], needs: valuesAt(environment, needs) };
        factories.set(name, known);
        const { scripts } = known;
        let script = scripts.length < (isOne ? 1 : COPIES) ? undefined : scripts.shift();
        // Under one name V8 would find the script that it has compiled.
        const filename = `tswasm:${name}#${scripts.length}`;
        script ??= new (late('node:vm').Script)(wholeText(needs, text), { filename });
        scripts.push(script);
        const make = script.runInThisContext() as Maker;
        return (...operands) => make(...known.needs, ...operands);
      },
    };
  };
}

const pathsOf = (needs: string): string[] => (needs === '' ? [] : needs.split(','));

function valuesAt(environment: object, needs: string): unknown[] {
  const valueAt = (path: string) =>
    path.split('.').reduce((of, key) => (of as Record<string, unknown>)[key], environment as unknown);
  return pathsOf(needs).map(valueAt);
}

function wholeText(needs: string, text: string): string {
  const names = pathsOf(needs).map((path) => path.slice(path.lastIndexOf('.') + 1));
  return `(${names.map((name) => `${name},`).join('')}${text}`;
}
