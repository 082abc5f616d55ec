/**
 * The saved state of a WASI world, version 1. This file is the whole encoding; what it means is in state/.
 *
 *   state      = magic(00 'W' 'A' 'S' 'I') version:u16(1) sections:u8 section*
 *   section    = id:u8 length:u32 body          each at most once, in the order of the ids; 1, 2, 3 and 4 must be there
 *   process 1  = args:list(blob) env:list(blob) outputBytes:number
 *   clocks  2  = virtual:flag monotonic:u64 random:optional(4 × u32)
 *   roots   3  = list(path:text files:u8 [memory])             files: 0 of the host, 1 in memory, 2 overlay on the host's
 *                memory = embedded:flag (blob of nodes | digest)      for files 1 and 2; digest: SHA-256 of the nodes, all times 0
 *   fds     4  = list(descriptor), by ascending number
 *   streams 5  = list(stream:u8 unread:blob)                   bytes taken from the host that the guest has not read
 *   poll    6  = subscriptions:u32 events:u32 count:u32 started:u64
 *   companions 7 = list(name:text blob)                        what functions beside WASI's hold, by ascending name
 *   descriptor = fd:u32 source rights:u32 inheriting:u32 flags:u8 offset:number place listing:optional(list(entry))
 *   source     = 0 stream:u8 | 1 (the root itself) | 2 (a directory of the host) | 3 hostFile | 4 ino:number access:u8
 *              | 5 (another stream) | 6 (a socket) | 7 (nothing: detached earlier)
 *   hostFile   = access:u8 lost:flag size:number digest:optional(32 bytes) contents:optional(blob)
 *   place      = root:u32 (ffffffff none) path:text preopen:flag
 *   entry      = name:text ino:u64 type:u8
 *   nodes      = nextIno:number list(node), the root first
 *   node       = ino:number type:u8 atim:u64 mtim:u64 ctim:u64 body
 *   body       = file: size:number base:optional(path:list(text) size:number) list(index:number blob)
 *              | directory: base:optional(path:list(text) populated:flag) list(name:text ino:number) | link: target:text
 *
 * u16, u32, u64: little endian. number: a u64 below 2^53. blob, text: u32 length and bytes. list: u32 count and items.
 * flag, u8 choices: other values are refused. access: bit 0 read, bit 1 write. No absolute path of a host is anywhere in it.
 */
import { ALL_FDFLAGS, ALL_RIGHTS, type FileType } from './abi';
import { CHUNK } from './files/nodes';
import * as FILETYPE from './filetype';
import type { DirectoryEntry, U64 } from './host';
import { Reader, Writer } from './state/codec';

export interface Access {
  readonly read: boolean;
  readonly write: boolean;
}
export interface HostFileSource extends Access {
  readonly kind: 'file';
  /** No path leads to it any more: it was removed or replaced while it was open. */
  readonly lost: boolean;
  readonly size: number;
  readonly digest: Uint8Array | undefined;
  readonly contents: Uint8Array | undefined;
}
export interface MemorySource extends Access {
  readonly kind: 'memory';
  readonly ino: number;
}
export type Source =
  | { readonly kind: 'standard'; readonly stream: number }
  | HostFileSource
  | MemorySource
  | { readonly kind: 'root' | 'directory' | 'stream' | 'socket' | 'detached' };

export interface DescriptorDocument {
  readonly fd: number;
  readonly source: Source;
  readonly rights: number;
  readonly inheriting: number;
  readonly flags: number;
  readonly offset: number;
  /** Index of a root, or -1. */
  readonly root: number;
  readonly path: string;
  readonly preopen: boolean;
  readonly listing: readonly DirectoryEntry[] | undefined;
}

export interface NodeDocument {
  readonly ino: number;
  readonly type: FileType;
  readonly atim: U64;
  readonly mtim: U64;
  readonly ctim: U64;
  /** Files. */
  readonly size: number;
  readonly chunks: readonly (readonly [number, Uint8Array])[];
  /** Directories. */
  readonly entries: readonly (readonly [string, number])[];
  /** Links. */
  readonly target: string;
  /** What an overlay still takes from its base: files `size` bytes, directories their entries unless `populated`. */
  readonly base:
    | { readonly path: readonly string[]; readonly size: number; readonly populated: boolean }
    | undefined;
}
export interface MemoryDocument {
  readonly nextIno: number;
  readonly nodes: readonly NodeDocument[];
}
export type RootFiles = 'host' | 'memory' | 'overlay';
export interface RootDocument {
  readonly path: string;
  readonly files: RootFiles;
  /** Encoded nodes, or the digest of them; undefined for files of the host. */
  readonly memory: { readonly embedded: boolean; readonly bytes: Uint8Array } | undefined;
}
export interface WasiDocument {
  readonly args: readonly Uint8Array[];
  readonly env: readonly Uint8Array[];
  readonly outputBytes: number;
  readonly virtual: boolean;
  readonly monotonic: U64;
  readonly random: Int32Array | undefined;
  readonly roots: readonly RootDocument[];
  readonly descriptors: readonly DescriptorDocument[];
  readonly unread: readonly (readonly [number, Uint8Array])[];
  readonly poll:
    | {
        readonly subscriptions: number;
        readonly events: number;
        readonly count: number;
        readonly started: U64;
      }
    | undefined;
  /** What functions beside WASI's hold, by their name. */
  readonly companions: readonly (readonly [string, Uint8Array])[];
}

const MAGIC = [0x00, 0x57, 0x41, 0x53, 0x49, 0x01, 0x00];
const SECTION = {
  process: 1,
  clocks: 2,
  roots: 3,
  descriptors: 4,
  streams: 5,
  poll: 6,
  companions: 7,
} as const;
const LAST = SECTION.companions;
const LAST_REQUIRED = SECTION.descriptors;
const SOURCES: readonly Source['kind'][] = [
  'standard',
  'root',
  'directory',
  'file',
  'memory',
  'stream',
  'socket',
  'detached',
];
const ROOT_FILES: readonly RootFiles[] = ['host', 'memory', 'overlay'];
const NO_ROOT = 0xffffffff;
const DIGEST_SIZE = 32;

export function encodeState(doc: WasiDocument): Uint8Array {
  const out = new Writer();
  let count = 0;
  const section = (id: number, write: (w: Writer) => void) => {
    const body = new Writer();
    write(body);
    out.u8(id);
    out.blob(body.finish());
    count++;
  };
  section(SECTION.process, (w) => {
    w.list(doc.args, (arg) => w.blob(arg));
    w.list(doc.env, (variable) => w.blob(variable));
    w.number(doc.outputBytes);
  });
  section(SECTION.clocks, (w) => {
    w.flag(doc.virtual);
    w.u64(doc.monotonic);
    w.optional(doc.random, (words) => {
      for (const word of words) w.u32(word);
    });
  });
  section(SECTION.roots, (w) => w.list(doc.roots, (root) => writeRoot(w, root)));
  section(SECTION.descriptors, (w) => w.list(doc.descriptors, (one) => writeDescriptor(w, one)));
  if (doc.unread.length > 0) {
    section(SECTION.streams, (w) =>
      w.list(doc.unread, ([stream, bytes]) => {
        w.u8(stream);
        w.blob(bytes);
      }),
    );
  }
  const { poll } = doc;
  if (poll !== undefined) {
    section(SECTION.poll, (w) => {
      for (const word of [poll.subscriptions, poll.events, poll.count]) w.u32(word);
      w.u64(poll.started);
    });
  }
  if (doc.companions.length > 0) {
    section(SECTION.companions, (w) =>
      w.list(doc.companions, ([name, bytes]) => {
        w.text(name);
        w.blob(bytes);
      }),
    );
  }
  const head = new Writer();
  head.raw(Uint8Array.from([...MAGIC, count]));
  head.raw(out.finish());
  return head.finish();
}

function writeRoot(w: Writer, root: RootDocument): void {
  w.text(root.path);
  w.u8(ROOT_FILES.indexOf(root.files));
  if (root.memory === undefined) return;
  w.flag(root.memory.embedded);
  if (root.memory.embedded) w.blob(root.memory.bytes);
  else w.raw(root.memory.bytes);
}

function writeAccess(w: Writer, { read, write }: Access): void {
  w.u8((read ? 1 : 0) | (write ? 2 : 0));
}

function writeDescriptor(w: Writer, one: DescriptorDocument): void {
  w.u32(one.fd);
  const { source } = one;
  w.u8(SOURCES.indexOf(source.kind));
  if (source.kind === 'standard') w.u8(source.stream);
  if (source.kind === 'memory') {
    w.number(source.ino);
    writeAccess(w, source);
  }
  if (source.kind === 'file') {
    writeAccess(w, source);
    w.flag(source.lost);
    w.number(source.size);
    w.optional(source.digest, (digest) => w.raw(digest));
    w.optional(source.contents, (contents) => w.blob(contents));
  }
  w.u32(one.rights);
  w.u32(one.inheriting);
  w.u8(one.flags);
  w.number(one.offset);
  w.u32(one.root < 0 ? NO_ROOT : one.root);
  w.text(one.path);
  w.flag(one.preopen);
  w.optional(one.listing, (listing) =>
    w.list(listing, (entry) => {
      w.text(entry.name);
      w.u64(entry.ino);
      w.u8(entry.type);
    }),
  );
}

export function encodeNodes(doc: MemoryDocument): Uint8Array {
  const w = new Writer();
  w.number(doc.nextIno);
  w.list(doc.nodes, (node) => {
    w.number(node.ino);
    w.u8(node.type);
    for (const time of [node.atim, node.mtim, node.ctim]) w.u64(time);
    if (node.type === FILETYPE.SYMBOLIC_LINK) {
      w.text(node.target);
      return;
    }
    const isFile = node.type === FILETYPE.REGULAR_FILE;
    if (isFile) w.number(node.size);
    w.optional(node.base, (base) => {
      w.list(base.path, (name) => w.text(name));
      if (isFile) w.number(base.size);
      else w.flag(base.populated);
    });
    if (isFile) {
      w.list(node.chunks, ([index, bytes]) => {
        w.number(index);
        w.blob(bytes);
      });
    } else {
      w.list(node.entries, ([name, ino]) => {
        w.text(name);
        w.number(ino);
      });
    }
  });
  return w.finish();
}

/** The document in `bytes`, its form checked whole. Throws StateError. */
export function decodeState(bytes: Uint8Array): WasiDocument {
  const r = new Reader(bytes);
  for (const byte of MAGIC.slice(0, 5)) if (r.u8() !== byte) throw r.fail('not a WASI state', 0);
  if (r.u8() !== MAGIC[5] || r.u8() !== MAGIC[6]) throw r.fail('unknown version of the WASI state', 5);
  const count = r.u8();
  const sections = new Map<number, Reader>();
  let last = 0;
  while (!r.atEnd) {
    const at = r.pos;
    const id = r.u8();
    if (id <= last || id > LAST) throw r.fail(`unexpected section ${id}`, at);
    last = id;
    sections.set(id, r.part(r.u32()));
  }
  if (sections.size !== count) throw r.fail(`${count} sections expected, ${sections.size} found`);
  for (let id = 1; id <= LAST_REQUIRED; id++) if (!sections.has(id)) throw r.fail(`section ${id} is missing`);
  const read = <T>(id: number, body: (r: Reader) => T): T | undefined => {
    const part = sections.get(id);
    if (part === undefined) return undefined;
    const value = body(part);
    if (!part.atEnd) throw part.fail(`section ${id} is too long`);
    return value;
  };
  return {
    ...read(SECTION.process, (p) => ({
      args: p.list(() => readCString(p)),
      env: p.list(() => readCString(p)),
      outputBytes: p.number(),
    }))!,
    ...read(SECTION.clocks, (c) => ({
      virtual: c.flag(),
      monotonic: c.u64(),
      random: c.optional(() => Int32Array.from([c.u32(), c.u32(), c.u32(), c.u32()])),
    }))!,
    roots: read(SECTION.roots, (s) => s.list(() => readRoot(s)))!,
    descriptors: read(SECTION.descriptors, (s) => s.list(() => readDescriptor(s)))!,
    unread: read(SECTION.streams, (s) => s.list(() => [s.below(3, 'stream'), s.blob()] as const)) ?? [],
    poll: read(SECTION.poll, (s) => ({
      subscriptions: s.u32(),
      events: s.u32(),
      count: s.u32(),
      started: s.u64(),
    })),
    companions: read(SECTION.companions, readCompanions) ?? [],
  };
}

function readCompanions(r: Reader): (readonly [string, Uint8Array])[] {
  let last: string | undefined;
  return r.list(() => {
    const at = r.pos;
    const name = r.text();
    if (last !== undefined && name <= last) throw r.fail('companions are not in order', at);
    last = name;
    return [name, r.blob()] as const;
  });
}

function readCString(r: Reader): Uint8Array {
  const at = r.pos;
  const bytes = r.blob();
  if (bytes.indexOf(0) !== bytes.length - 1) throw r.fail('not a C string', at);
  return bytes;
}

function readRoot(r: Reader): RootDocument {
  const path = r.text();
  const files = ROOT_FILES[r.below(ROOT_FILES.length, 'kind of root')];
  if (files === 'host') return { path, files, memory: undefined };
  const embedded = r.flag();
  return { path, files, memory: { embedded, bytes: embedded ? r.blob() : r.raw(DIGEST_SIZE) } };
}

function readAccess(r: Reader): Access {
  const bits = r.below(4, 'access');
  return { read: (bits & 1) !== 0, write: (bits & 2) !== 0 };
}

function readSource(r: Reader): Source {
  const kind = SOURCES[r.below(SOURCES.length, 'kind of descriptor')];
  if (kind === 'standard') return { kind, stream: r.below(3, 'stream') };
  if (kind === 'memory') return { kind, ino: r.number(), ...readAccess(r) };
  if (kind !== 'file') return { kind };
  return {
    kind,
    ...readAccess(r),
    lost: r.flag(),
    size: r.number(),
    digest: r.optional(() => r.raw(DIGEST_SIZE)),
    contents: r.optional(() => r.blob()),
  };
}

/** A value whose bits are all in `mask`. */
function masked(r: Reader, value: number, mask: number, what: string): number {
  if ((value & ~mask) !== 0) throw r.fail(`unknown ${what}`);
  return value;
}

function readDescriptor(r: Reader): DescriptorDocument {
  const fd = r.u32();
  const source = readSource(r);
  const rights = masked(r, r.u32(), ALL_RIGHTS, 'right');
  const inheriting = masked(r, r.u32(), ALL_RIGHTS, 'right');
  const flags = masked(r, r.u8(), ALL_FDFLAGS, 'flag');
  const offset = r.number();
  const root = r.u32();
  const path = r.text();
  const preopen = r.flag();
  const listing = r.optional(() => r.list(() => ({ name: r.text(), ino: r.u64(), type: readType(r) })));
  return {
    fd,
    source,
    rights,
    inheriting,
    flags,
    offset,
    root: root === NO_ROOT ? -1 : root,
    path,
    preopen,
    listing,
  };
}

function readType(r: Reader): FileType {
  return r.below(FILETYPE.SYMBOLIC_LINK + 1, 'file type');
}

export function decodeNodes(bytes: Uint8Array): MemoryDocument {
  const r = new Reader(bytes);
  const nextIno = r.number();
  const nodes = r.list(() => readNode(r));
  if (!r.atEnd) throw r.fail('the files are followed by something else');
  return { nextIno, nodes };
}

function readNode(r: Reader): NodeDocument {
  const ino = r.number();
  const type = readType(r);
  const common = { ino, type, atim: r.u64(), mtim: r.u64(), ctim: r.u64() };
  const none = { size: 0, chunks: [], entries: [], target: '', base: undefined };
  if (type === FILETYPE.SYMBOLIC_LINK) return { ...common, ...none, target: r.text() };
  const isFile = type === FILETYPE.REGULAR_FILE;
  if (!isFile && type !== FILETYPE.DIRECTORY) throw r.fail('a file of a kind that cannot be in memory');
  const size = isFile ? r.number() : 0;
  const base = r.optional(() => {
    const path = r.list(() => r.text());
    return isFile ? { path, size: r.number(), populated: false } : { path, size: 0, populated: r.flag() };
  });
  if (!isFile) {
    return { ...common, ...none, base, entries: r.list(() => [r.text(), r.number()] as const) };
  }
  const chunks = r.list(() => {
    const index = r.number();
    const chunk = r.blob();
    if (chunk.length > CHUNK) throw r.fail('a chunk is too long');
    return [index, chunk] as const;
  });
  return { ...common, ...none, base, size, chunks };
}
