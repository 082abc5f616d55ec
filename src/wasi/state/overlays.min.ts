/** For `overlays.ts` in bundles that make no overlays: nothing has a base. scripts/small-parts.mjs puts it in its place. */
import type { NodeDocument } from '../state';
import { StateError } from './codec';

const nothing = (): undefined => undefined;

export { nothing as baseOf, nothing as keepsZeros, nothing as restorePopulated };

export function overlayNode({ base }: NodeDocument): undefined {
  if (base) throw new StateError('the files need a base directory, which is not given');
}
