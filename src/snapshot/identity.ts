/** Which module a snapshot belongs to (draft, "Module identity"), and the sections of a module's bytes. */

import { type ByteSource, bytesOf } from '../checks';
import { Reader } from '../decoder/reader';
import { CompileError, SnapshotError } from '../errors';
import type { U64 } from './document';
import { Xxh64 } from './xxh64';

export interface ModuleSection {
  readonly id: number;
  /** From its id byte to its end. */
  readonly start: number;
  readonly end: number;
  /** Name and contents of a custom section; a name that is not UTF-8 names nothing. */
  readonly name: string | undefined;
  readonly bodyStart: number;
}

const MODULE_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** The sections of a binary module, by their framing alone. Throws `SnapshotError` when that is broken. */
export function sectionsOf(source: ByteSource): ModuleSection[] {
  const wasm = bytesOf('the module', source);
  if (!MODULE_HEADER.every((byte, i) => wasm[i] === byte)) {
    throw new SnapshotError('not a version 1 wasm module', 'malformed', 0);
  }
  const sections: ModuleSection[] = [];
  const reader = new Reader(wasm, MODULE_HEADER.length);
  try {
    while (reader.pos < reader.end) {
      const start = reader.pos;
      const id = reader.u8();
      const size = reader.u32();
      const body = new Reader(wasm, reader.pos, reader.pos + size);
      reader.skip(size);
      const name = id === 0 ? customName(body) : undefined;
      sections.push({ id, start, end: reader.pos, name, bodyStart: body.pos });
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    throw new SnapshotError('the sections of the module are malformed', 'malformed', error.offset);
  }
  return sections;
}

function customName(body: Reader): string | undefined {
  const start = body.pos;
  try {
    return body.name();
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    body.pos = start;
    return undefined;
  }
}

/** XXH64 over the non-custom sections in their order, id and length bytes included. */
export function moduleHash(source: ByteSource): U64 {
  const wasm = bytesOf('the module', source);
  const hash = new Xxh64();
  for (const { id, start, end } of sectionsOf(wasm)) if (id !== 0) hash.update(wasm.subarray(start, end));
  return hash.digest();
}
