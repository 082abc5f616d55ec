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
import { Archive } from './state/codec';

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
const STREAMS = 3;
/** Words of the state of a generator of random numbers. */
const RANDOM_WORDS = [0, 1, 2, 3];

/** Says a section; undefined when it is not there. */
type Section = <T>(id: number, describe: (s: Archive) => T, isThere?: boolean) => T | undefined;

function describeState(section: Section, doc: Partial<WasiDocument> = {}): WasiDocument {
  const { args, env, outputBytes, roots, descriptors, unread, poll, companions } = doc;
  return {
    ...section(SECTION.process, (s) => ({
      args: s.list((arg) => describeCString(s, arg), args),
      env: s.list((variable) => describeCString(s, variable), env),
      outputBytes: s.number(outputBytes),
    }))!,
    ...section(SECTION.clocks, (s) => ({
      virtual: s.flag(doc.virtual),
      monotonic: s.u64(doc.monotonic),
      random: s.optional((words) => Int32Array.from(RANDOM_WORDS, (k) => s.u32(words?.[k])), doc.random),
    }))!,
    roots: section(SECTION.roots, (s) => s.list((root) => describeRoot(s, root), roots))!,
    descriptors: section(SECTION.descriptors, (s) =>
      s.list((one) => describeDescriptor(s, one), descriptors),
    )!,
    unread:
      section(
        SECTION.streams,
        (s) => s.list((of) => [s.below(STREAMS, 'stream', of?.[0]), s.blob(of?.[1])] as const, unread),
        !!unread?.length,
      ) ?? [],
    poll: section(
      SECTION.poll,
      (s) => ({
        subscriptions: s.u32(poll?.subscriptions),
        events: s.u32(poll?.events),
        count: s.u32(poll?.count),
        started: s.u64(poll?.started),
      }),
      poll !== undefined,
    ),
    companions:
      section(SECTION.companions, (s) => describeCompanions(s, companions), !!companions?.length) ?? [],
  };
}

function describeCompanions(s: Archive, companions: WasiDocument['companions'] | undefined) {
  let last: string | undefined;
  return s.list((companion) => {
    const at = s.pos;
    const name = s.text(companion?.[0]);
    if (last !== undefined && name <= last) s.refuse('companions are not in order', at);
    last = name;
    return [name, s.blob(companion?.[1])] as const;
  }, companions);
}

function describeCString(s: Archive, given: Uint8Array | undefined): Uint8Array {
  const at = s.pos;
  const bytes = s.blob(given);
  if (bytes.indexOf(0) !== bytes.length - 1) s.refuse('not a C string', at);
  return bytes;
}

function describeRoot(s: Archive, root: Partial<RootDocument> = {}): RootDocument {
  const path = s.text(root.path);
  const files = s.choice(ROOT_FILES, 'kind of root', root.files);
  if (files === 'host') return { path, files, memory: undefined };
  const { memory } = root;
  const embedded = s.flag(memory?.embedded);
  const bytes = embedded ? s.blob(memory?.bytes) : s.raw(DIGEST_SIZE, memory?.bytes);
  return { path, files, memory: { embedded, bytes } };
}

function describeAccess(s: Archive, { read, write }: Partial<Access>): Access {
  const bits = s.below(4, 'access', read === undefined ? read : (read ? 1 : 0) | (write ? 2 : 0));
  return { read: (bits & 1) !== 0, write: (bits & 2) !== 0 };
}

/** What any source may have. */
type AnySource = Partial<Omit<HostFileSource, 'kind'> & Omit<MemorySource, 'kind'>> & {
  readonly kind?: Source['kind'];
  readonly stream?: number;
};

function describeSource(s: Archive, source: AnySource = {}): Source {
  const kind = s.choice(SOURCES, 'kind of descriptor', source.kind);
  if (kind === 'standard') return { kind, stream: s.below(STREAMS, 'stream', source.stream) };
  if (kind === 'memory') return { kind, ino: s.number(source.ino), ...describeAccess(s, source) };
  if (kind !== 'file') return { kind };
  return {
    kind,
    ...describeAccess(s, source),
    lost: s.flag(source.lost),
    size: s.number(source.size),
    digest: s.optional((digest) => s.raw(DIGEST_SIZE, digest), source.digest),
    contents: s.optional((contents) => s.blob(contents), source.contents),
  };
}

/** A value whose bits are all in `mask`. */
function masked(s: Archive, value: number, mask: number, what: string): number {
  if ((value & ~mask) !== 0) s.refuse(`unknown ${what}`);
  return value;
}

function describeDescriptor(s: Archive, one: Partial<DescriptorDocument> = {}): DescriptorDocument {
  return {
    fd: s.u32(one.fd),
    source: describeSource(s, one.source),
    rights: masked(s, s.u32(one.rights), ALL_RIGHTS, 'right'),
    inheriting: masked(s, s.u32(one.inheriting), ALL_RIGHTS, 'right'),
    flags: masked(s, s.u8(one.flags), ALL_FDFLAGS, 'flag'),
    offset: s.number(one.offset),
    root: rootOf(s.u32(one.root)),
    path: s.text(one.path),
    preopen: s.flag(one.preopen),
    listing: s.optional((listing) => s.list((entry) => describeEntry(s, entry), listing), one.listing),
  };
}

function rootOf(root: number): number {
  return root === NO_ROOT ? -1 : root;
}

function describeEntry(s: Archive, entry: Partial<DirectoryEntry> = {}): DirectoryEntry {
  return { name: s.text(entry.name), ino: s.u64(entry.ino), type: describeType(s, entry.type) };
}

function describeType(s: Archive, type: FileType | undefined): FileType {
  return s.below(FILETYPE.SYMBOLIC_LINK + 1, 'file type', type);
}

function describeNodes(s: Archive, doc: Partial<MemoryDocument> = {}): MemoryDocument {
  return { nextIno: s.number(doc.nextIno), nodes: s.list((node) => describeNode(s, node), doc.nodes) };
}

function describeNode(s: Archive, node: Partial<NodeDocument> = {}): NodeDocument {
  const ino = s.number(node.ino);
  const type = describeType(s, node.type);
  const common = { ino, type, atim: s.u64(node.atim), mtim: s.u64(node.mtim), ctim: s.u64(node.ctim) };
  const none = { size: 0, chunks: [], entries: [], target: '', base: undefined };
  if (type === FILETYPE.SYMBOLIC_LINK) return { ...common, ...none, target: s.text(node.target) };
  const isFile = type === FILETYPE.REGULAR_FILE;
  if (!isFile && type !== FILETYPE.DIRECTORY) s.refuse('a file of a kind that cannot be in memory');
  const size = isFile ? s.number(node.size) : 0;
  const base = s.optional<NonNullable<NodeDocument['base']>>(
    (of) => ({
      path: s.list((name) => s.text(name), of?.path),
      size: isFile ? s.number(of?.size) : 0,
      populated: !isFile && s.flag(of?.populated),
    }),
    node.base,
  );
  if (!isFile) {
    const entries = s.list((entry) => [s.text(entry?.[0]), s.number(entry?.[1])] as const, node.entries);
    return { ...common, ...none, base, entries };
  }
  const chunks = s.list((chunk) => {
    const index = s.number(chunk?.[0]);
    const bytes = s.blob(chunk?.[1]);
    if (bytes.length > CHUNK) s.refuse('a chunk is too long');
    return [index, bytes] as const;
  }, node.chunks);
  return { ...common, ...none, base, size, chunks };
}

export function encodeState(doc: WasiDocument): Uint8Array {
  const out = new Archive();
  for (const byte of MAGIC) out.u8(byte);
  const sections = new Archive();
  let count = 0;
  describeState((id, describe, isThere = true) => {
    if (!isThere) return undefined;
    const body = new Archive();
    const value = describe(body);
    sections.u8(id);
    sections.blob(body.finish());
    count++;
    return value;
  }, doc);
  out.u8(count);
  const bytes = sections.finish();
  out.raw(bytes.length, bytes);
  return out.finish();
}

/** The document in `bytes`, its form checked whole. Throws StateError. */
export function decodeState(bytes: Uint8Array): WasiDocument {
  const r = new Archive(bytes);
  for (const byte of MAGIC.slice(0, 5)) if (r.u8() !== byte) throw r.fail('not a WASI state', 0);
  if (r.u8() !== MAGIC[5] || r.u8() !== MAGIC[6]) throw r.fail('unknown version of the WASI state', 5);
  const count = r.u8();
  const sections = new Map<number, Archive>();
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
  return describeState((id, describe) => {
    const part = sections.get(id);
    if (part === undefined) return undefined;
    const value = describe(part);
    if (!part.atEnd) throw part.fail(`section ${id} is too long`);
    return value;
  });
}

export function encodeNodes(doc: MemoryDocument): Uint8Array {
  const out = new Archive();
  describeNodes(out, doc);
  return out.finish();
}

export function decodeNodes(bytes: Uint8Array): MemoryDocument {
  const r = new Archive(bytes);
  const doc = describeNodes(r);
  if (!r.atEnd) throw r.fail('the files are followed by something else');
  return doc;
}
