/** Entry `tswasm/webassembly-snapshot`: the drop-in namespace with the snapshot draft's JavaScript API. */
import { createSnapshotWebAssembly } from './js-api/snapshot';

export { createSnapshotWebAssembly, type SnapshotNamespaceOptions, SuspendError } from './js-api/snapshot';
export type * from './js-api/snapshot-types';

/** A namespace with a store of its own and the default limits. */
export const WebAssembly = createSnapshotWebAssembly();
export default WebAssembly;
