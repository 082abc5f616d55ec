/** What the compiler finds for the small modules for QuickJS, and what esbuild makes of it. */
import { ownNames, programOf, shortening } from './own-names.mjs';
import { presences, withPresences } from './presence.mjs';
import { SMALL_QUICKJS_PARTS, smallParts } from './small-parts.mjs';

/** For a bundle of these files of the repository; JSON can hold it. */
export function shortForms(entries) {
  const program = programOf(entries);
  return { names: ownNames(entries, program), found: presences(program) };
}

export function shortOptions({ names, found }) {
  return { ...shortening(names), plugins: [smallParts(SMALL_QUICKJS_PARTS), withPresences(found)] };
}
