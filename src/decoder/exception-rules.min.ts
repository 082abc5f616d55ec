/** For bundles that would rather be small than run exceptions: scripts/small-parts.mjs puts it for `exception-rules.ts`. */
import type { Rule } from './validator';

export const EXCEPTIONS: Readonly<Record<string, Rule>> = {};
