/** What the assembler gives to those that assemble SIMD statements. */
import type { Expr } from '../lowering';
import type { Instance, Views } from '../runtime';
import type { Factory, FactorySource } from './factories';
import type { Step } from './step';

export interface Parts {
  make(name: string, isOne?: boolean): Factory;
  has(name: string): boolean;
  /** Whether the host inlines what these closures call. */
  readonly inlines: boolean;
  /** A closure that computes what is no vector. */
  value(expr: Expr): unknown;
  /** A statement: the number at a word offset. */
  set(to: number, value: Expr, next: Step): Step;
  views(memidx: number): Views;
  readonly instance: Instance;
}

/** The assembler that they assemble for. */
interface Assembling {
  readonly instance: Instance;
  forLanes: Parts | undefined;
  vectorFactories(): FactorySource;
  views(memidx: number): Views;
  value(expr: Expr): unknown;
  set(to: number, value: Expr, next: Step): Step;
  bounded(step: Step): Step;
}

/** While it assembles something for a vector, it knows for what. */
export function partsOf(assembler: Assembling): Parts {
  const { has, make, isFresh = false } = assembler.vectorFactories();
  const within = <T>(assemble: () => T): T => {
    const outer = assembler.forLanes;
    assembler.forLanes = parts;
    const made = assemble();
    assembler.forLanes = outer;
    return made;
  };
  const parts: Parts = {
    has,
    make,
    inlines: isFresh,
    instance: assembler.instance,
    views: (memidx) => assembler.views(memidx),
    value: (expr) => within(() => assembler.value(expr)),
    set: (to, value, next) => within(() => assembler.set(to, value, assembler.bounded(next))),
  };
  return parts;
}
