/** For `placing.ts` where the host has no memories of its own: scripts/small-parts.mjs puts it in its place. Nothing moves. */
const nothing = (): undefined => undefined;

export { nothing as firstBacking };

export class Placing {
  readonly cramps = 0;
  readonly beforeExposed = nothing;
  readonly hold = nothing;
  readonly letGo = nothing;
  readonly makeRoom = nothing;
  readonly noteGrowth = nothing;
  readonly moved = nothing;
}
