import type { BuildOptions } from 'esbuild';
import type { Presences } from './presence.mjs';

/** What the compiler finds for the small modules for QuickJS; JSON can hold it. */
export interface ShortForms {
  readonly names: readonly string[];
  readonly found: Presences;
}
/** For a bundle of these files of the repository. */
export function shortForms(entries: readonly string[]): Promise<ShortForms>;
/** What esbuild makes such a bundle with. */
export function shortOptions(forms: ShortForms): BuildOptions;
