/** Reading a tar file (POSIX ustar; GNU long names and pax paths too) into an in-memory file system. */

import { type ByteSource, bytesOf } from '../../checks';
import { decodeUtf8 } from '../../decoder/utf8';
import { printable } from '../../errors';
import type { MemoryFileSystem } from './memory';

const BLOCK = 512;

/** A tar file that cannot be read: what is wrong, and the byte offset of its header. */
export class TarError extends Error {
  constructor(
    message: string,
    /** Where in the archive. */
    readonly offset: number,
  ) {
    super(`${printable(message)} (in the tar header at offset ${offset})`);
  }
}
Object.defineProperty(TarError.prototype, 'name', { value: 'TarError', configurable: true, writable: true });

interface Header {
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly link: string;
}

/** Files, directories, symbolic and hard links; devices and pipes are left out. Names that lead out (`..`) are refused. */
export function loadTar(source: ByteSource, into: MemoryFileSystem): void {
  const bytes = bytesOf('the archive', source);
  let at = 0;
  if (bytes.length % BLOCK !== 0 || bytes.length === 0) throw new TarError('not a tar file', 0);
  let longName: string | undefined;
  let longLink: string | undefined;
  while (at + BLOCK <= bytes.length && bytes[at] !== 0) {
    const header = readHeader(bytes, at);
    const start = at + BLOCK;
    const end = start + header.size;
    if (end > bytes.length) throw new TarError('the file is cut off', at);
    if (header.type === 'L') longName = text(bytes, start, end, at);
    else if (header.type === 'K') longLink = text(bytes, start, end, at);
    else if (header.type === 'x') {
      const pax = paxRecords(bytes, start, end, at);
      longName = pax.get('path') ?? longName;
      longLink = pax.get('linkpath') ?? longLink;
    } else if (header.type !== 'g') {
      const entry = { ...header, name: longName ?? header.name, link: longLink ?? header.link };
      store(entry, bytes.subarray(start, end), into, at);
      longName = undefined;
      longLink = undefined;
    }
    at = start + Math.ceil(header.size / BLOCK) * BLOCK;
  }
}

function store(header: Header, contents: Uint8Array, into: MemoryFileSystem, at: number): void {
  try {
    if (header.type === '0' || header.type === '\0' || header.type === '7') {
      if (header.name.endsWith('/')) into.makeDirectory(header.name);
      else into.writeFile(header.name, contents);
    } else if (header.type === '5') {
      into.makeDirectory(header.name);
    } else if (header.type === '2') {
      into.symlink(header.link, header.name);
    } else if (header.type === '1') {
      const linked = into.readFile(header.link);
      if (linked === undefined) throw new Error(`hard link to '${header.link}', which is not there`);
      into.writeFile(header.name, linked);
    }
  } catch (error) {
    throw error instanceof Error ? new TarError(error.message, at) : error;
  }
}

function readHeader(bytes: Uint8Array, at: number): Header {
  let sum = 0;
  // The checksum counts its own field as blanks.
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : bytes[at + i];
  if (octal(bytes, at + 148, 8, at) !== sum) throw new TarError('wrong checksum', at);
  const field = (offset: number, length: number) => {
    const zero = bytes.subarray(at + offset, at + offset + length).indexOf(0);
    return text(bytes, at + offset, at + offset + (zero < 0 ? length : zero), at);
  };
  const ustar = field(257, 5) === 'ustar';
  const prefix = ustar ? field(345, bytes[at + 263] === 0x20 ? 0 : 155) : '';
  const name = field(0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: octal(bytes, at + 124, 12, at),
    type: String.fromCharCode(bytes[at + 156]),
    link: field(157, 100),
  };
}

function text(bytes: Uint8Array, start: number, end: number, at: number): string {
  while (end > start && bytes[end - 1] === 0) end--;
  const decoded = decodeUtf8(bytes, start, end);
  if (decoded === undefined) throw new TarError('a name is not UTF-8', at);
  return decoded;
}

/** An octal number, or GNU's base-256 form (first bit set). */
function octal(bytes: Uint8Array, start: number, length: number, at: number): number {
  if ((bytes[start] & 0x80) !== 0) {
    let value = bytes[start] & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + bytes[start + i];
    if (value > Number.MAX_SAFE_INTEGER) throw new TarError('a size is too large', at);
    return value;
  }
  let value = 0;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i];
    if (byte === 0 || byte === 0x20) continue;
    if (byte < 0x30 || byte > 0x37) throw new TarError('a number is not octal', at);
    value = value * 8 + byte - 0x30;
  }
  return value;
}

/** `length key=value\n` records. */
function paxRecords(bytes: Uint8Array, start: number, end: number, at: number): Map<string, string> {
  const records = new Map<string, string>();
  let pos = start;
  while (pos < end) {
    const space = bytes.indexOf(0x20, pos);
    const length = Number(text(bytes, pos, space, at));
    if (space < 0 || !(length > 0) || pos + length > end) throw new TarError('a pax record is malformed', at);
    const record = text(bytes, space + 1, pos + length - 1, at);
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    pos += length;
  }
  return records;
}
