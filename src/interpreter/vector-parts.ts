/** What the assembler gives to those that assemble SIMD statements. */
import type { Expr } from '../lowering';
import type { Instance, Views } from '../runtime';
import type { Factory } from './factories';
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
