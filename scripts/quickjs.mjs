/** How esbuild makes what QuickJS runs: dist/quickjs, and the bundles of tests. */
import { fileURLToPath } from 'node:url';
import * as globals from './quickjs-globals.mjs';

/** `Math_imul_` for `Math.imul`. */
const ownGlobals = Object.keys(globals).map((name) => [name.slice(0, -1).replace('_', '.'), name]);

export const QUICKJS_OPTIONS = {
  target: 'es2020',
  platform: 'neutral',
  inject: [fileURLToPath(new URL('quickjs-globals.mjs', import.meta.url))],
  define: { ...Object.fromEntries(ownGlobals), 'Number.POSITIVE_INFINITY': 'Infinity' },
  // Every QuickJS that has `Object.hasOwn` has them.
  supported: { 'class-field': true, 'class-static-field': true, 'logical-assignment': true },
};
