import type { BuildOptions } from 'esbuild';

/** How esbuild makes what QuickJS runs. */
export const QUICKJS_OPTIONS: BuildOptions;
