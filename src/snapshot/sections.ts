/** The frame of a file: its header, and sections one after another. */
import { Reader } from '../decoder/reader';
import { CompileError, SnapshotError } from '../errors';
import { reject } from './checks';
import { HEADER_BYTES, MAGIC, SECTION, STORE_MAGIC, VERSION } from './format';

/** The house's reader blames a module; here the bytes are a snapshot's. */
export function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    throw new SnapshotError(
      error.message.replace(/ \(at offset 0x[0-9a-f]+\)$/, ''),
      'malformed',
      error.offset,
    );
  }
}

/** Just past the header of a standalone container; 0 for bare sections, which open with Meta's id. */
export function sectionsStart(bytes: Uint8Array): number {
  // Bare sections that began like the magic would be a Meta section of 0x64 bytes with the undefined flags 0x6d.
  if (!startsWith(bytes, MAGIC)) {
    if (startsWith(bytes, STORE_MAGIC)) {
      throw new SnapshotError(
        'a snapshot of a store, not of one instance: see restoreStore',
        'unsupported',
        0,
      );
    }
    if (bytes.length === 0 || bytes[0] !== SECTION.meta) reject('not a snapshot', 0);
    return 0;
  }
  if (bytes.length < HEADER_BYTES) reject('unexpected end of the header', bytes.length);
  const version = new Reader(bytes, MAGIC.length).word() >>> 0;
  if (version !== VERSION)
    throw new SnapshotError(`version ${version} of the format`, 'unsupported', MAGIC.length);
  return HEADER_BYTES;
}

export function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** A reader of the next section's body, with the section skipped in `reader`. */
export function openSection(reader: Reader): { id: number; body: Reader } {
  const at = reader.pos;
  const id = reader.u8();
  const size = reader.u32();
  if (size === 0) reject(`section ${id} is empty`, at);
  if (size > reader.end - reader.pos) reject(`section ${id} is longer than what follows`, at);
  const body = new Reader(reader.bytes, reader.pos, reader.pos + size);
  reader.skip(size);
  return { id, body };
}

export function closeSection(id: number, body: Reader): void {
  if (body.pos !== body.end) reject(`section ${id} does not use its whole length`, body.pos);
}
