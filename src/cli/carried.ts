/** Whether a module carries a snapshot that it goes on from. */
import { SnapshotError } from '../errors';
import { listSnapshots } from '../snapshot/embedded';

export function isModule(bytes: Uint8Array): boolean {
  return [0x00, 0x61, 0x73, 0x6d].every((byte, i) => bytes[i] === byte);
}

/** Whether running this module means going on from its default snapshot (draft, "Host Instantiation and Resumption Semantics"). */
export function carriesDefault(bytes: Uint8Array): boolean {
  try {
    return isModule(bytes) && listSnapshots(bytes).some(({ name }) => name === '');
  } catch (error) {
    // Malformed: that is for the decoder to say.
    if (error instanceof SnapshotError) return false;
    throw error;
  }
}
