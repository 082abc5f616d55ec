/** For bundles that would rather be small than run exceptions: scripts/small-parts.mjs puts it for `walk-exceptions.ts`. */
export const HANDLER_EFFECTS: Readonly<Record<string, never>> = {};
export const EXCEPTION_EFFECTS: Readonly<Record<string, never>> = {};
