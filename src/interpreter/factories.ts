/**
 * Closure factories and where fresh ones come from.
 *
 * V8 keeps what it learns about a call (its feedback) per function literal and evaluation of the script that holds it. All closures made
 * by one factory share it, so in a large program every `n(fp)` sees many targets and nothing is inlined. A set of factories evaluated anew
 * has feedback of its own: code lowered with factories that were used nowhere else is inlined and specialised like compiled code
 * (CoreMark, closures of one set against unique ones: 476 to 1900; bench/results.md). So hot functions are lowered again with
 * fresh factories, when the host can evaluate the file again (embed/node does); other hosts have the one set.
 *
 * The core carries the compact set: the forms that lowering cannot do without. For an engine without a compiler an entry installs the
 * full one (src/factories.ts), in which fewer closures call each other; assemble.ts takes the best form that its set has. Where there is
 * a compiler, code that is not hot shares the compact set: fewer literals get warm sooner (bench program `many`: 1.8 times as fast).
 */
import { createFactories } from './factories.generated.js';
import * as numerics from './numerics';
import { type Registers, registers, type Step, stack, trapAt, type Words, words } from './registers';

/** A factory's parameters are as in templates/control.ts; the generator has put them together, so they are not typed one by one. */
// biome-ignore lint/suspicious/noExplicitAny: parameters differ by factory; assemble.ts is their only caller
export type Factory = (...operands: any[]) => any;
export type Factories = Readonly<Record<string, Factory>>;

export interface FactoryEnvironment {
  readonly I: Int32Array;
  readonly S: Float32Array;
  readonly F: Float64Array;
  readonly R: unknown[];
  readonly RS: unknown[];
  readonly RF: number[];
  readonly RC: unknown[];
  readonly M: Registers;
  readonly W: Words;
  readonly N: typeof numerics;
  readonly T: typeof trapAt;
}
export type FactoryMaker = (environment: FactoryEnvironment) => Factories;

/**
 * Sets evaluated at most, as they are needed. Each costs about 0.25 MB on V8. Beyond, uses go round, and what a factory makes a second
 * time is not specialised: with 120, `sieve` after `many` ran at 0.3 of its speed alone, with 400 at 1.5 (bench/results.md).
 */
const MAX_FRESH_SETS = 400;

let environment: FactoryEnvironment | undefined;
let makeShared: FactoryMaker = createFactories;
let shared: Factories | undefined;
let freshMaker: (() => FactoryMaker) | undefined;
const fresh: Factories[] = [];
const uses = new Map<string, number>();

function theEnvironment(): FactoryEnvironment {
  if (environment === undefined) {
    const { ints, floats, doubles, refs, sites, frames, callees } = stack();
    environment = {
      I: ints,
      S: floats,
      F: doubles,
      R: refs,
      RS: sites,
      RF: frames,
      RC: callees,
      M: registers,
      W: words,
      N: numerics,
      T: trapAt,
    };
  }
  return environment;
}

/** The set that all code shares until it is hot. */
export function sharedFactories(): Factories {
  shared ??= makeShared(theEnvironment());
  return shared;
}

/** Another shared set than the compact one, for all that is lowered from now on. */
export function useFactories(maker: FactoryMaker): void {
  makeShared = maker;
  shared = undefined;
}

/** An entry point whose host can evaluate the file of factories anew says how. */
export function setFreshFactories(maker: (() => FactoryMaker) | undefined): void {
  freshMaker = maker;
}
export function hasFreshFactories(): boolean {
  return freshMaker !== undefined;
}

/** A factory of this name that no other code uses, as long as sets last. */
export function freshFactory(name: string): Factory {
  const count = uses.get(name) ?? 0;
  uses.set(name, count + 1);
  const index = count % MAX_FRESH_SETS;
  return freshSet(index)[name];
}

/** One of the sets that are evaluated anew. */
export function freshSet(index = 0): Factories {
  while (fresh.length <= index) fresh.push(freshMaker!()(theEnvironment()));
  return fresh[index];
}

export type { Step };
