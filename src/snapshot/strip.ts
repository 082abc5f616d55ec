/** What of a snapshot every engine understands. */
import type { ByteSource } from '../checks';
import { SnapshotError } from '../errors';
import { type DecodeOptions, decode } from './decode';
import { NO_BYTES } from './document';
import { encode } from './encode';
import { plural, sizeText } from './text';

/** A snapshot without what was taken out. */
export interface Stripped {
  /** The snapshot. */
  readonly bytes: Uint8Array;
  /** What was left out, in words; nothing when the snapshot is the same as before. */
  readonly lost: readonly string[];
}

/**
 * The snapshot without host state, digest and sections that the draft does not define. Throws `SnapshotError` when it waits for a host call,
 * without which it could not go on.
 */
export function stripSnapshot(bytes: ByteSource, options: DecodeOptions = {}): Stripped {
  const document = decode(bytes, options);
  if (document.pendingCall !== undefined) {
    throw new SnapshotError(
      'the snapshot waits for a host call, which only tswasm knows: stop the program elsewhere',
      'unsupported',
    );
  }
  const { hostState, extras } = document;
  const lost: string[] = [];
  if (hostState.length > 0) lost.push(`${sizeText(hostState.length)} of host state`);
  if (extras.length > 0) lost.push(plural(extras.length, 'unknown section'));
  return { bytes: encode({ ...document, hostState: NO_BYTES, extras: [] }), lost };
}
