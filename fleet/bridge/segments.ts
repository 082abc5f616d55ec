/** Segments on a line that loses bytes and turns bits: short frames (frames.ts), found again behind whatever is damaged. */
import { checksum, PREFIX, prefixIn, sealed } from './frames';

/**
 * `open` begins a session anew, and `opened` says that it has begun; `data` has bytes of it, `ack` none; `ping` wants an `ack`; `reset` says that
 * nobody here knows the session.
 */
export const KINDS = ['open', 'opened', 'data', 'ack', 'ping', 'reset'] as const;
export type Kind = (typeof KINDS)[number];

export interface Segment {
  readonly session: number;
  readonly kind: Kind;
  /** Something after the wanted one has come, or what has come was damaged. */
  readonly isMissing: boolean;
  /** Of `data`, counted from 0 in each direction. */
  readonly number: number;
  /** The `data` of the other end that is wanted next: all before it have come. */
  readonly wanted: number;
  readonly bytes: Uint8Array;
}

const HEAD = 16;
/** Bytes of the session that one has at most. */
export const MOST_BYTES = 480;
const MISSING = 0x100;

export function encodeSegment({ session, kind, isMissing, number, wanted, bytes }: Segment): Uint8Array {
  const frame = new Uint8Array(PREFIX + HEAD + bytes.length);
  const view = new DataView(frame.buffer, PREFIX);
  view.setUint32(0, session, true);
  view.setUint32(4, KINDS.indexOf(kind) | (isMissing ? MISSING : 0), true);
  view.setUint32(8, number, true);
  view.setUint32(12, wanted, true);
  frame.set(bytes, PREFIX + HEAD);
  return sealed(frame);
}

function decodeSegment(payload: Uint8Array): Segment | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset);
  const word = view.getUint32(4, true);
  const kind = KINDS[word & ~MISSING] as Kind | undefined;
  return (
    kind && {
      session: view.getUint32(0, true),
      kind,
      isMissing: (word & MISSING) !== 0,
      number: view.getUint32(8, true),
      wanted: view.getUint32(12, true),
      bytes: payload.slice(HEAD),
    }
  );
}

export class SegmentReader {
  private rest: Uint8Array = new Uint8Array(0);

  /** The segments that are whole with these bytes, and whether there was something else between them. */
  read(bytes: Uint8Array): { readonly segments: readonly Segment[]; readonly isDamaged: boolean } {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const segments: Segment[] = [];
    let isDamaged = false;
    let at = 0;
    while (all.length - at >= PREFIX) {
      const prefix = prefixIn(all, at);
      const fits = prefix !== undefined && prefix.length >= HEAD && prefix.length <= HEAD + MOST_BYTES;
      if (fits && all.length - at < PREFIX + prefix.length) break;
      const payload = fits ? all.subarray(at + PREFIX, at + PREFIX + prefix.length) : undefined;
      const segment =
        payload !== undefined && checksum(payload) === prefix?.sum ? decodeSegment(payload) : undefined;
      if (segment !== undefined) segments.push(segment);
      else isDamaged = true;
      // A damaged one may say a wrong length: the next one may begin anywhere in it.
      at += segment === undefined ? 1 : PREFIX + HEAD + segment.bytes.length;
    }
    this.rest = all.slice(at);
    return { segments, isDamaged };
  }
}
