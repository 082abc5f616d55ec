/** Handlers of exceptions in terms of steps: who searches for one (exceptions.ts) goes on at the step that it names. */
import { slotsOfAll } from '../lowering';
import type { Instance } from '../runtime';
import type { HandlerClause, Handlers as StaticHandlers, Target } from './blocks';
import type { Handler, Handlers } from './code';
import type { Step } from './step';

/** `enter` gives the step at a target, which has been assembled before or is a loop's header. */
export class CatchingSteps {
  private readonly made = new Map<StaticHandlers, Handlers>();

  constructor(private readonly enter: (target: Target) => Step) {}

  /** Those around a place, innermost first. Made once, and without nesting on the host's stack. */
  at(instance: Instance, given: StaticHandlers | undefined): Handlers | null {
    const missing: StaticHandlers[] = [];
    let known: Handlers | null = null;
    for (let at = given; at !== undefined; at = at.outer) {
      known = this.made.get(at) ?? null;
      if (known !== null) break;
      missing.push(at);
    }
    for (let at = missing.pop(); at !== undefined; at = missing.pop()) {
      known = { clauses: at.clauses.map((clause) => this.handler(instance, clause)), outer: known };
      this.made.set(at, known);
    }
    return known;
  }

  private handler({ tags, module }: Instance, { tagidx, slot, ref, target }: HandlerClause): Handler {
    const values = ref === 'before' ? slot + 1 : slot;
    const behind = tagidx < 0 ? slot : slot + slotsOfAll(module.tags[tagidx].type.params);
    return {
      tag: tagidx < 0 ? null : tags[tagidx],
      values: 2 * values,
      ref: ref === 'none' ? -1 : 2 * (ref === 'before' ? slot : behind),
      step: this.enter(target),
    };
  }
}
