/** `tswasm/webassembly-snapshot` on Node: the drop-in namespace with snapshots, and fresh factories for hot code. */
import './fresh-factories';
import './native-memory';
import './tiers';
import './source-positions';

import { createSnapshotWebAssembly } from '../../src/js-api/snapshot';

export {
  createSnapshotWebAssembly,
  type SnapshotNamespaceOptions,
  SuspendError,
} from '../../src/js-api/snapshot';
export type * from '../../src/js-api/snapshot-types';
/** A namespace with a store of its own and the default limits, which has the tiers that are installed: see webassembly.ts. */
export const WebAssembly = createSnapshotWebAssembly();
export default WebAssembly;
