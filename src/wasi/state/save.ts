/** Writing a WASI world down. Nothing of it changes, so it can run on afterwards. */
import { errnoName } from '../abi';
import type { WasiContext } from '../context';
import type { Descriptor } from '../descriptors';
import { Sha256 } from '../digest';
import { MemoryDirectory, MemoryFile } from '../files/handles';
import type { AnyNode } from '../files/nodes';
import { OverlayDirectoryNode } from '../files/overlay';
import type { DirectoryHandle, FileHandle, Pollable } from '../host';
import { atPath } from '../resolve';
import {
  type DescriptorDocument,
  encodeNodes,
  encodeState,
  type HostFileSource,
  type RootDocument,
  type Source,
  type WasiDocument,
} from '../state';
import { equal } from '../words';
import { StateError } from './codec';
import { captureNodes, digestNodes } from './memory';

/** What of a WASI state is saved. */
export interface SaveOptions {
  /**
   * In-memory files: `embed` writes them down; `digest` only their SHA-256, for a new host that has the same files already.
   * Default `embed`.
   */
  readonly memory?: 'embed' | 'digest';
  /** Open files of the host: whether to write down their SHA-256, so that the new host can check them. Default false. */
  readonly digests?: boolean;
  /** Open files of the host whose contents are written down: those that no path leads to any more, or all. Default `lost`. */
  readonly contents?: 'lost' | 'all';
  /** Contents that are longer than this are an error. Default 64 MiB. */
  readonly maxContents?: number;
}

const DEFAULT_MAX_CONTENTS = 64 * 1024 * 1024;
const PIECE = 65536;

export function saveState(w: WasiContext, options: SaveOptions = {}): Uint8Array {
  return encodeState(describe(w, options));
}

/** The state for comparisons: without what the host has read ahead, which the guest cannot see. */
export function visibleState(w: WasiContext): Uint8Array {
  return encodeState({ ...describe(w, {}), unread: [] });
}

function describe(w: WasiContext, options: SaveOptions): WasiDocument {
  const descriptors: DescriptorDocument[] = [];
  w.descriptors.entries.forEach((descriptor, fd) => {
    if (descriptor !== undefined) descriptors.push(describeDescriptor(w, fd, descriptor, options));
  });
  const unread: (readonly [number, Uint8Array])[] = [];
  w.standard.forEach((stream, k) => {
    const bytes = stream.unread?.();
    if (bytes !== undefined && bytes.length > 0) unread.push([k, bytes]);
  });
  return {
    args: w.args,
    env: w.env,
    outputBytes: w.outputBytes,
    virtual: w.clocks.virtual,
    monotonic: w.clocks.save(),
    random: w.random?.state,
    roots: w.roots.map(({ path, directory }, k) => describeRoot(w, path, directory, k, options)),
    descriptors,
    unread,
    poll: w.pendingPoll,
    companions: companionStates(w),
  };
}

function companionStates(w: WasiContext): (readonly [string, Uint8Array])[] {
  const states: (readonly [string, Uint8Array])[] = [];
  for (const companion of w.companions) {
    const bytes = companion.saveState();
    if (bytes !== undefined) states.push([companion.name, bytes]);
  }
  return states.sort(([a], [b]) => (a < b ? -1 : 1));
}

function describeRoot(
  w: WasiContext,
  path: string,
  directory: DirectoryHandle,
  root: number,
  options: SaveOptions,
): RootDocument {
  if (!(directory instanceof MemoryDirectory)) return { path, files: 'host', memory: undefined };
  const { node } = directory;
  const open: AnyNode[] = [];
  for (const entry of w.descriptors.entries) {
    const handle = entry?.handle;
    const inMemory = handle instanceof MemoryFile || handle instanceof MemoryDirectory;
    if (inMemory && handle.node.volume === node.volume && entry?.root === root) open.push(handle.node);
  }
  const nodes = captureNodes(node, open);
  const embedded = options.memory !== 'digest';
  const files = node instanceof OverlayDirectoryNode ? 'overlay' : 'memory';
  return { path, files, memory: { embedded, bytes: embedded ? encodeNodes(nodes) : digestNodes(nodes) } };
}

function describeDescriptor(
  w: WasiContext,
  fd: number,
  descriptor: Descriptor,
  options: SaveOptions,
): DescriptorDocument {
  const { rights, inheriting, flags, offset, root, path, preopen, listing } = descriptor;
  return {
    fd,
    source: sourceOf(w, fd, descriptor, options),
    rights,
    inheriting,
    flags,
    offset,
    root,
    path,
    preopen: preopen !== undefined,
    listing,
  };
}

function sourceOf(w: WasiContext, fd: number, descriptor: Descriptor, options: SaveOptions): Source {
  const { handle, root } = descriptor;
  if (descriptor.detached) return { kind: 'detached' };
  if (handle.kind === 'socket') return { kind: 'socket' };
  if (handle.kind === 'stream') {
    const stream = w.standard.indexOf(handle as Pollable);
    return stream < 0 ? { kind: 'stream' } : { kind: 'standard', stream };
  }
  if (handle instanceof MemoryFile && isOf(w, root, handle.node)) {
    return { kind: 'memory', ino: handle.node.ino, ...handle.access };
  }
  if (handle === w.roots[root]?.directory) return { kind: 'root' };
  if (handle instanceof MemoryDirectory) {
    return { kind: 'memory', ino: handle.node.ino, read: false, write: false };
  }
  if (handle.kind === 'directory') return { kind: 'directory' };
  return describeFile(w, fd, descriptor, handle, options);
}

/** Whether a node is of the files that are saved with the root. The copy of a lost file is not: it stands alone, and is lost again. */
function isOf(w: WasiContext, root: number, node: AnyNode): boolean {
  const directory = w.roots[root]?.directory;
  return directory instanceof MemoryDirectory && directory.node.volume === node.volume;
}

function describeFile(
  w: WasiContext,
  fd: number,
  descriptor: Descriptor,
  handle: FileHandle,
  options: SaveOptions,
): HostFileSource {
  const size = handle.size();
  if (size < 0) throw new StateError(`descriptor ${fd} cannot be saved: ${errnoName(-size)}`);
  const lost = handle instanceof MemoryFile || !isStillThere(w, descriptor, handle);
  const wanted = lost || options.contents === 'all';
  return {
    kind: 'file',
    read: descriptor.access.read,
    write: descriptor.access.write,
    lost,
    size,
    digest: options.digests && !wanted ? digestOf(handle) : undefined,
    contents: wanted ? contentsOf(handle, fd, size, options.maxContents ?? DEFAULT_MAX_CONTENTS) : undefined,
  };
}

/** Whether the path by which the file was opened still leads to it. */
function isStillThere(w: WasiContext, descriptor: Descriptor, handle: FileHandle): boolean {
  const root = w.rootDescriptor(descriptor.root);
  const open = handle.stat();
  if (root === undefined || typeof open === 'number') return false;
  let same = false;
  atPath(root, descriptor.path, (t) => {
    const stat = t.directory.statAt(t.name);
    same = typeof stat !== 'number' && equal(stat.dev, open.dev) && equal(stat.ino, open.ino);
    return 0;
  });
  return same;
}

function contentsOf(handle: FileHandle, fd: number, size: number, limit: number): Uint8Array {
  if (size > limit) throw new StateError(`descriptor ${fd} has ${size} bytes that no path leads to any more`);
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const count = handle.read([bytes.subarray(at)], at);
    if (count < 0) throw new StateError(`descriptor ${fd} cannot be read: ${errnoName(-count)}`);
    if (count === 0) break;
    at += count;
  }
  return bytes;
}

/** The SHA-256 of a file, read in pieces; undefined when it cannot be read (opened for writing only). */
export function digestOf(handle: FileHandle): Uint8Array | undefined {
  const hash = new Sha256();
  const piece = new Uint8Array(PIECE);
  for (let at = 0; ; ) {
    const count = handle.read([piece], at);
    if (count < 0) return undefined;
    if (count === 0) return hash.digest();
    hash.update(piece.subarray(0, count));
    at += count;
  }
}
