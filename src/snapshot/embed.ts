/**
 * Snapshots put into custom sections of a module, and taken out of them (embedded.ts). An embedded snapshot is there to be resumed by the module that carries it, so it must be resumable and belong to it.
 */

import { type ByteSource, bytesOf, check, TEXT } from '../checks';
import { decodeUtf8, encodeUtf8 } from '../decoder/utf8';
import { SnapshotError } from '../errors';
import { decode, decodeMeta } from './decode';
import { sectionName, snapshotName } from './embedded';
import { HEADER_BYTES, MAGIC, VERSION } from './format';
import { type ModuleSection, moduleHash, sectionsOf } from './identity';
import { u64Equal, u64Hex } from './u64';
import { Writer } from './writer';

/** The named snapshot as a standalone container. Checks that it may stand in this module; `decode` checks the rest. */
export function extractSnapshot(source: ByteSource, name = ''): Uint8Array {
  check('the name of the snapshot', name, TEXT);
  const wasm = bytesOf('the module', source);
  const { bodyStart, end } = select(wasm, scalars(name));
  const sections = wasm.subarray(bodyStart, end);
  checkBelongs(sections, wasm);
  const out = new Writer(HEADER_BYTES);
  writeHeader(out);
  out.bytes(sections);
  return out.finish();
}

/** The module with the snapshot (a standalone container) in it, in place of one of the same name. */
export function embedSnapshot(source: ByteSource, standing: ByteSource, name = ''): Uint8Array {
  check('the name of the snapshot', name, TEXT);
  const wasm = bytesOf('the module', source);
  const snapshot = bytesOf('the snapshot', standing);
  decode(snapshot);
  checkBelongs(snapshot, wasm);
  const standalone = MAGIC.every((byte, i) => snapshot[i] === byte);
  const key = scalars(name);
  const title = encodeUtf8(sectionName(key));
  const body = new Writer();
  body.u32(title.length);
  body.bytes(title);
  body.bytes(snapshot.subarray(standalone ? HEADER_BYTES : 0));

  const out = new Writer();
  writeRemaining(out, wasm, key);
  out.u8(0);
  out.u32(body.length);
  out.append(body);
  return out.finish();
}

/** The module without the named snapshot. */
export function removeSnapshot(source: ByteSource, name = ''): Uint8Array {
  check('the name of the snapshot', name, TEXT);
  const wasm = bytesOf('the module', source);
  select(wasm, scalars(name));
  const out = new Writer();
  writeRemaining(out, wasm, scalars(name));
  return out.finish();
}

function writeHeader(out: Writer): void {
  for (const byte of MAGIC) out.u8(byte);
  out.word(VERSION);
}

/** All of the module but the snapshot of that name. Refuses to choose between two. */
function writeRemaining(out: Writer, wasm: Uint8Array, name: string): void {
  const dropped = sectionsOf(wasm).filter((section) => snapshotName(section) === name);
  if (dropped.length > 1) throw duplicate(name);
  let at = 0;
  for (const { start, end } of dropped) {
    out.bytes(wasm.subarray(at, start));
    at = end;
  }
  out.bytes(wasm.subarray(at));
}

function select(wasm: Uint8Array, name: string): ModuleSection {
  const found = sectionsOf(wasm).filter((section) => snapshotName(section) === name);
  if (found.length > 1) throw duplicate(name);
  if (found.length === 0) throw new SnapshotError(`the module carries no ${title(name)}`, 'missing');
  return found[0];
}

function checkBelongs(snapshot: Uint8Array, wasm: Uint8Array): void {
  const { postmortem, wasmHash } = decodeMeta(snapshot);
  if (postmortem)
    throw new SnapshotError('a postmortem has no place in a module: it cannot be resumed', 'unsupported');
  const own = moduleHash(wasm);
  if (!u64Equal(own, wasmHash)) {
    throw new SnapshotError(
      `the snapshot belongs to module ${u64Hex(wasmHash)}, this one is ${u64Hex(own)}`,
      'mismatch',
    );
  }
}

/** The name as UTF-8 can carry it. */
function scalars(name: string): string {
  return decodeUtf8(encodeUtf8(name)) ?? name;
}
function title(name: string): string {
  return name === '' ? 'default snapshot' : `snapshot '${name}'`;
}
function duplicate(name: string): SnapshotError {
  return new SnapshotError(`the module carries more than one ${title(name)}`, 'malformed');
}
