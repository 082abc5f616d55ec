/**
 * Lowered bodies of a module, kept for its other instances and for code that is made anew: a hundred instances lower once. They go with the
 * module, and before that when a store needs the room. What has come first stays: each instance begins with the same functions, and they
 * would all drive each other out if what was used longest ago went first.
 */
import type { ModuleData } from '../decoder';
import type { LoweredBody } from './statements';

/**
 * Bytes of bodies that are kept for a module, as estimated: what SQLite (0.6 MB) runs until it has answered takes 10 MB, and all functions of
 * a program of 300 KB less than this.
 */
export const KEPT_BYTES = 16 * 2 ** 20;
/** Of a statement or expression: an object of some fields, what refers to it, and its share of the basic blocks that a back end makes. */
const BYTES_PER_NODE = 150;

/** Room that is lent: what is kept there is given up when somebody needs it. A store has it (runtime/ledger.ts). */
export interface Lender {
  lend(giveUp: () => void): Loan;
}
export interface Loan {
  /** More. False when there is no room. */
  add(amount: number): boolean;
  release(): void;
  /** Gives it back when the holder has been collected. */
  holdFor(holder: object): void;
}

class Kept {
  readonly bodies = new Map<number, LoweredBody>();
  bytes = 0;
  private loan: Loan | undefined;

  /** From the store of the first instance that runs; a loan does not keep what is kept alive. */
  borrow(lender: Lender): void {
    // Where the host cannot tell that a module is garbage, the store could not either.
    if (this.loan !== undefined || typeof WeakRef !== 'function') return;
    const kept = new WeakRef<Kept>(this);
    this.loan = lender.lend(() => kept.deref()?.giveUp());
    this.loan.holdFor(this);
    if (!this.loan.add(this.bytes)) this.giveUp();
  }

  keep(body: LoweredBody): boolean {
    const bytes = BYTES_PER_NODE * (body.size + 8);
    if (this.bodies.has(body.funcidx) || this.bytes + bytes > KEPT_BYTES) return false;
    if (this.loan?.add(bytes) === false) return false;
    this.bodies.set(body.funcidx, body);
    this.bytes += bytes;
    return true;
  }

  private giveUp(): void {
    this.bodies.clear();
    this.bytes = 0;
    this.loan?.release();
  }
}
const modules = new WeakMap<ModuleData, Kept>();

export function keptBody(module: ModuleData, funcidx: number): LoweredBody | undefined {
  return modules.get(module)?.bodies.get(funcidx);
}

/** Keeps the body if there is room, for an instance in the room of its store. Says whether. */
export function keepBody(module: ModuleData, body: LoweredBody, lender?: Lender): boolean {
  let kept = modules.get(module);
  if (kept === undefined) {
    kept = new Kept();
    modules.set(module, kept);
  }
  if (lender !== undefined) kept.borrow(lender);
  return kept.keep(body);
}

/** What is kept of a module, for tests: how many bodies, and their bytes as estimated. */
export function keptOf(module: ModuleData): { readonly bodies: number; readonly bytes: number } {
  const kept = modules.get(module);
  return { bodies: kept?.bodies.size ?? 0, bytes: kept?.bytes ?? 0 };
}
