/** For bundles that would rather be small than run exceptions: scripts/small-parts.mjs puts it for `exceptions.ts`. */
import type { Handler } from './builder';

export const EXCEPTIONS: Readonly<Record<string, Handler>> = {};
