/** For bundles that would rather be small than run exceptions: scripts/small-parts.mjs puts it for `tries.ts`. Nothing lowered has a `try` there. */
const nothing = (): void => {};

export class Tries {
  readonly handlers = undefined;
  readonly enter = nothing;
  readonly open = nothing;
  readonly leave = nothing;
}
