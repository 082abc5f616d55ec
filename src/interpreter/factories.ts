/**
 * Closure factories and where fresh ones come from.
 *
 * V8 keeps what it learns about a call (its feedback) per function literal and evaluation of the script that holds it. All closures made
 * by one factory share it, so in a large program every `n(fp)` sees many targets and nothing is inlined. A set of factories evaluated anew
 * has feedback of its own: code lowered with factories that were used nowhere else is inlined and specialised like compiled code
 * (CoreMark, closures of one set against unique ones: 476 to 1900; bench/results.md). So hot functions are lowered again with
 * fresh factories, when the host can evaluate a factory's text again (embed/node does); other hosts have the one set.
 *
 * The core carries the compact set: the forms that lowering cannot do without. For an engine without a compiler an entry installs the
 * full one (src/factories.ts), in which fewer closures call each other; assemble.ts takes the best form that its set has. Where there is
 * a compiler, code that is not hot shares the compact set: fewer literals get warm sooner (bench program `many`: 1.8 times as fast).
 *
 * Factories of SIMD are apart, and made when the first vector is met: most programs have none, and without a compiler they take 15 ms.
 */
import { type FactoryEnvironment, theEnvironment } from './environment';
import { createFactories } from './factories.generated.js';
import { createVectorFactories } from './factories-simd.generated.js';

export type { FactoryEnvironment } from './environment';

/** A factory's parameters are as in templates/control.ts; the generator has put them together, so they are not typed one by one. */
// biome-ignore lint/suspicious/noExplicitAny: parameters differ by factory; assemble.ts is their only caller
export type Factory = (...operands: any[]) => any;
export type Factories = Readonly<Record<string, Factory>>;

/** Undefined where the set cannot be had: then it is the compact one. */
export type FactoryMaker = (environment: FactoryEnvironment) => Factories | undefined;

/** Where the assembler takes factories from. */
export interface FactorySource {
  /** Whether there is a factory of this name. */
  has(name: string): boolean;
  /**
   * A factory of this name, which `has` it. `isOne`: its closures are to be one function for the host with those of all others of that name,
   * so that none is inlined into another.
   */
  make(name: string, isOne?: boolean): Factory;
  /** No other code uses a factory that it makes, so that the host inlines what closures call. */
  readonly isFresh?: true;
}
/**
 * Makes the source for hot code: best one each of whose factories no other code uses. Undefined where there is none: then hot code shares,
 * too.
 */
export type FreshFactoriesMaker = (environment: FactoryEnvironment) => FactorySource | undefined;

let makeShared: FactoryMaker = createFactories;
let shared: FactorySource | undefined;
let vectors: FactorySource | undefined;
let makeFresh: FreshFactoriesMaker | undefined;
let fresh: FactorySource | undefined;
let compilesHot = false;

/** What code is made of: what all code shares, or what is best: for `hot` code what is its own, where the host has that. */
export function factorySource(hot: boolean): FactorySource {
  if (hot && makeFresh !== undefined) {
    fresh ??= makeFresh(theEnvironment()) ?? factorySource(false);
    return fresh;
  }
  if (shared === undefined) {
    const of = theEnvironment();
    shared = sourceOf(makeShared(of) ?? createFactories(of));
  }
  return shared;
}

/** The same for instructions of SIMD. */
export function vectorFactorySource(hot: boolean): FactorySource {
  const own = factorySource(hot);
  vectors ??= sourceOf(createVectorFactories(theEnvironment()));
  const all = vectors;
  return { ...own, has: all.has, make: (name, isOne) => (own.has(name) ? own : all).make(name, isOne) };
}

/** A set as a source: who asks twice for a name gets the same factory. */
export function sourceOf(factories: Factories): FactorySource {
  return { has: (name) => factories[name] !== undefined, make: (name) => factories[name] };
}

/** Another shared set than the compact one, for all that is lowered from now on. */
export function useFactories(maker: FactoryMaker): void {
  makeShared = maker;
  shared = undefined;
}

/** An entry point whose host can evaluate factories anew says how, and whether its engine compiles code that is hot. */
export function setFreshFactories(maker: FreshFactoriesMaker | undefined, isCompiled = true): void {
  makeFresh = maker;
  fresh = undefined;
  compilesHot = maker !== undefined && isCompiled;
}
/** Whether the engine compiles code that is hot. */
export function compilesHotCode(): boolean {
  return compilesHot;
}
export function hasFreshFactories(): boolean {
  return makeFresh !== undefined;
}
/**
 * Whether the best set is loaded, and one that code shares: where nothing is compiled. All code is made of it from then on. It has the
 * registers, too, so what is made of the compact set gets slower at that moment and is made again as soon as it is found running.
 */
export function sharesBest(): boolean {
  return fresh !== undefined && fresh !== shared && !compilesHot;
}
