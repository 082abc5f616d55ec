/** Snapshots in files: standalone ones, and those that a module carries. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { SnapshotError } from '../errors';
import { embedSnapshot, extractSnapshot, isStoreSnapshot, listSnapshots } from '../snapshot';
import { isModule } from './carried';
import { readInput } from './load';
import { writeOutput } from './output-files';

export interface SnapshotFile {
  /** A standalone container. */
  readonly bytes: Uint8Array;
  /** The module that carries it, if one does. */
  readonly module: Uint8Array | undefined;
}

/** `F.wasm` and `F.wasm:NAME`, split at the last `.wasm:` (draft, "Host Instantiation and Resumption Semantics"). */
function embeddedName(text: string): { file: string; name: string } | undefined {
  const colon = text.lastIndexOf('.wasm:') + '.wasm'.length;
  if (text.lastIndexOf('.wasm:') >= 0) return { file: text.slice(0, colon), name: text.slice(colon + 1) };
  return text.endsWith('.wasm') ? { file: text, name: '' } : undefined;
}

/** The file that a snapshot is written to. */
export function snapshotFile(target: string): string {
  return embeddedName(target)?.file ?? target;
}

/** Writes a snapshot where the user wants it. Gives the size of the file. */
export function writeSnapshot(target: string, snapshot: Uint8Array, module: Uint8Array): number {
  const embedded = embeddedName(target);
  const bytes = embedded === undefined ? snapshot : embedSnapshot(module, snapshot, embedded.name);
  writeOutput(embedded?.file ?? target, bytes);
  return bytes.length;
}

/** Reads a file and the name of the snapshot in it that is meant. */
export function readCarrier(text: string): { bytes: Uint8Array; name: string | undefined } {
  const embedded = existsSync(text) ? undefined : embeddedName(text);
  if (embedded !== undefined) return { bytes: readInput(embedded.file), name: embedded.name };
  return { bytes: readInput(text), name: undefined };
}

/** A snapshot by the name of its file, or of the module that carries it. Its contents are not looked at yet. */
export function readSnapshot(text: string): SnapshotFile {
  const { bytes, name } = readCarrier(text);
  if (!isModule(bytes)) return { bytes: checkMagic(bytes), module: undefined };
  return { bytes: extractSnapshot(bytes, name ?? onlyName(bytes)), module: bytes };
}

/** The default snapshot, or the only one there is. */
export function onlyName(module: Uint8Array): string {
  const names = listSnapshots(module).map(({ name }) => name);
  if (names.includes('') || names.length === 0) return '';
  if (names.length === 1) return names[0];
  throw new SnapshotError(
    `the module carries several snapshots: ${names.join(', ')}; name one after a colon`,
    'missing',
  );
}

/** Whether the file begins like a standalone snapshot. */
export function isSnapshotFile(file: string): boolean {
  const start = Buffer.alloc(MAGIC.length);
  const fd = openSync(file, 'r');
  try {
    return readSync(fd, start, 0, start.length, 0) === start.length && hasMagic(start);
  } catch {
    // A directory, for example: others say so.
    return false;
  } finally {
    closeSync(fd);
  }
}

const MAGIC = [0x00, 0x64, 0x6d, 0x70];
function hasMagic(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

function checkMagic(bytes: Uint8Array): Uint8Array {
  if (hasMagic(bytes)) return bytes;
  if (isStoreSnapshot(bytes)) {
    throw new SnapshotError(
      'a snapshot of several linked instances: `snapshot info` and `verify` tell about it, restoreStore of the library goes on from it',
      'unsupported',
    );
  }
  throw new SnapshotError('this is no snapshot, and no module that carries one', 'malformed', 0);
}
