/**
 * The walk over a function body by the rules alone, for bundles that would rather be small: scripts/small-parts.mjs puts it for
 * `codewalk.ts`.
 */
import { CODE_RULES } from './ruleset';
import type { Validator } from './validator';

export function walkCode(v: Validator, until: number): void {
  v.walk(CODE_RULES, until);
}
