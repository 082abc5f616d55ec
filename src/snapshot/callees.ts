/**
 * Which function may stand in a frame that another one was called into: that one, or what tail calls can put in its stead, one after
 * another.
 */
import { defTypeOf } from '../decoder/canonical';
import type { ModuleData } from '../decoder/module';
import { walkSafepoints } from '../decoder/safepoints';
import { SnapshotError } from '../errors';

/** Where a tail call goes. Numbers of functions are the document's; types go by identity. */
export type Successor = { readonly func: number } | { readonly typeId: number };

/** The functions that a document's numbers name. */
export interface FuncSpace {
  readonly count: number;
  typeIdOf(func: number): number;
  /** The tail calls in its code; none for a host's; undefined when its code is not known here, so that it may become anything. */
  tailCalls(func: number): readonly Successor[] | undefined;
}

/**
 * Steps along tail calls that the checks of one snapshot may take together. A search is made for each pair of functions of which one
 * stands in the other's stead, and goes over the tail calls of the module at most once; programs need some thousands.
 */
const MAX_STEPS = 20_000_000;

export class Callees {
  private readonly space: FuncSpace;
  private readonly successors = new Map<number, readonly Successor[] | undefined>();
  private readonly answers = new Map<number, Map<number, boolean>>();
  private byType: Map<number, number[]> | undefined;
  private steps = 0;

  constructor(space: FuncSpace) {
    this.space = space;
  }

  canBecome(from: number, to: number): boolean {
    if (from === to) return true;
    let known = this.answers.get(from);
    if (known === undefined) {
      known = new Map();
      this.answers.set(from, known);
    }
    let answer = known.get(to);
    if (answer === undefined) {
      answer = this.search(from, to);
      known.set(to, answer);
    }
    return answer;
  }

  private search(from: number, to: number): boolean {
    const seen = new Set([from]);
    const seenTypes = new Set<number>();
    const queue = [from];
    for (let next = 0; next < queue.length; next++) {
      const successors = this.successorsOf(queue[next]);
      if (successors === undefined) return true;
      for (const one of successors) {
        this.count();
        if ('typeId' in one && seenTypes.has(one.typeId)) continue;
        if ('typeId' in one) seenTypes.add(one.typeId);
        for (const func of 'func' in one ? [one.func] : this.ofType(one.typeId)) {
          this.count();
          if (func === to) return true;
          if (!seen.has(func)) queue.push(func);
          seen.add(func);
        }
      }
    }
    return false;
  }

  private count(): void {
    if (++this.steps > MAX_STEPS) {
      throw new SnapshotError(
        'the tail calls between the functions of its frames are too many to follow',
        'limit',
      );
    }
  }

  private successorsOf(func: number): readonly Successor[] | undefined {
    if (!this.successors.has(func)) this.successors.set(func, this.space.tailCalls(func));
    return this.successors.get(func);
  }

  /** Functions of a type, those of its subtypes among them. */
  private ofType(typeId: number): readonly number[] {
    if (this.byType === undefined) {
      this.byType = new Map();
      for (let func = 0; func < this.space.count; func++) {
        let id: number | undefined = this.space.typeIdOf(func);
        for (; id !== undefined; id = defTypeOf(id).supertype) {
          const others = this.byType.get(id);
          if (others === undefined) this.byType.set(id, [func]);
          else others.push(func);
        }
      }
    }
    return this.byType.get(typeId) ?? [];
  }
}

/** The tail calls of a defined function, each once; `number` gives the document's number of one of the module's functions. */
export function tailCallsOf(
  module: ModuleData,
  funcidx: number,
  number: (funcidx: number) => number,
): readonly Successor[] {
  const funcs = new Set<number>();
  const types = new Set<number>();
  walkSafepoints(module, funcidx, {
    tailCall(callee) {
      if (callee.kind === 'func') funcs.add(number(callee.funcidx));
      else types.add(module.types[callee.typeidx].id);
    },
  });
  return [...[...funcs].map((func) => ({ func })), ...[...types].map((typeId) => ({ typeId }))];
}
