/** For bundles that would rather be small than know shared memories: scripts/small-parts.mjs puts it for `shared-memories.ts`. */
import { unsupported } from './unsupported';

export function needShared(_context: unknown, _hasMaximum: boolean, offset: number, clause: string): void {
  throw unsupported('shared memory', offset, clause);
}
