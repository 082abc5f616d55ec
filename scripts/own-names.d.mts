import type { Program } from 'typescript';

/** These files of the repository, and all that bundles may have in place of others, without the types of any host. */
export function programOf(entries: readonly string[]): Program;
/** The names of properties that are ours alone in a bundle of these files of the repository, sorted. `bundled`: what is in it, if that is known. */
export function ownNames(
  entries: readonly string[],
  program?: Program,
  bundled?: ReadonlySet<string>,
): string[];
/** An option of esbuild: the bundle of these files has shorter ones in their place. */
export function mangling(entries: readonly string[]): { mangleProps: RegExp };
