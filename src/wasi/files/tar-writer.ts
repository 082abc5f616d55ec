/** Writing an in-memory file system as a tar file (POSIX ustar, pax records for long names). */

import { encodeUtf8 } from '../../decoder/utf8';
import { printable } from '../../errors';
import * as FILETYPE from '../filetype';
import type { MemoryEntry, MemoryFileSystem } from './memory';

const BLOCK = 512;
const NAME = 100;

/**
 * Times are 0 and owners root, so the same files give the same bytes. Throws Error when the files, their holes filled, are longer than
 * the file system may be.
 */
export function saveTar(files: MemoryFileSystem): Uint8Array {
  const parts: Uint8Array[] = [];
  let room = files.maxBytes;
  for (const entry of files.entries()) {
    room -= entry.bytes?.length ?? 0;
    if (room < 0)
      throw new Error(
        `${printable(entry.path)}: the files are longer, with their holes, than the file system may be`,
      );
    writeEntry(entry, parts);
  }
  parts.push(new Uint8Array(2 * BLOCK));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function writeEntry({ path, type, bytes, target }: MemoryEntry, parts: Uint8Array[]): void {
  const isDirectory = type === FILETYPE.DIRECTORY;
  const name = encodeUtf8(isDirectory ? `${path}/` : path);
  const link = encodeUtf8(target ?? '');
  const records = [record('path', name), record('linkpath', link)];
  const long = records.filter((_, i) => [name, link][i].length > NAME);
  if (long.length > 0) {
    const body = Uint8Array.from(long.flatMap((one) => [...one]));
    parts.push(header(encodeUtf8('pax'), 'x', 0o644, body.length, new Uint8Array(0)), ...padded(body));
  }
  const kind = isDirectory ? '5' : target === undefined ? '0' : '2';
  const contents = bytes ?? new Uint8Array(0);
  parts.push(header(name, kind, isDirectory ? 0o755 : 0o644, contents.length, link), ...padded(contents));
}

function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}

/** `length key=value\n`, where the length counts its own digits. */
function record(key: string, value: Uint8Array): Uint8Array {
  const rest = key.length + value.length + 3;
  let length = rest + 1;
  while (rest + String(length).length > length) length++;
  const head = encodeUtf8(`${length} ${key}=`);
  const whole = new Uint8Array(length);
  whole.set(head);
  whole.set(value, head.length);
  whole[length - 1] = 0x0a;
  return whole;
}

function header(name: Uint8Array, type: string, mode: number, size: number, link: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string) => block.set(encodeUtf8(value), at);
  const octal = (at: number, length: number, value: number) =>
    text(at, value.toString(8).padStart(length - 1, '0'));
  block.set(name.subarray(0, NAME));
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, 0);
  text(148, '        ');
  text(156, type);
  block.set(link.subarray(0, NAME), 157);
  text(257, 'ustar');
  text(263, '00');
  octal(
    148,
    7,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  block[154] = 0;
  return block;
}
