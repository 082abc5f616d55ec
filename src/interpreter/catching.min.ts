/** For bundles that would rather be small than run exceptions: scripts/small-parts.mjs puts it for `catching.ts`. Nothing has handlers there. */
export class CatchingSteps {
  at(): null {
    return null;
  }
}
