/** In-memory files as a document, and back. */
import { sha256 } from '../digest';
import {
  type AnyNode,
  CHUNK,
  DirectoryNode,
  FileNode,
  isName,
  LinkNode,
  MAX_SIZE,
  Volume,
} from '../files/nodes';
import type { Base } from '../files/overlay';
import * as FILETYPE from '../filetype';
import type { Ledger } from '../ledger';
import { encodeNodes, type MemoryDocument, type NodeDocument } from '../state';
import { ZERO } from '../words';
import { StateError } from './codec';
import { baseOf, keepsZeros, overlayNode, restorePopulated } from './overlays';

/** Everything below the root, and what is open without a name. The root is the first node, the others follow by number. */
export function captureNodes(root: DirectoryNode, open: readonly AnyNode[]): MemoryDocument {
  const seen = new Map<number, AnyNode>();
  // No recursion: a tree may be deeper than the host's stack.
  const left: AnyNode[] = [root, ...open];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (seen.has(node.ino)) continue;
    seen.set(node.ino, node);
    if (node instanceof DirectoryNode) for (const child of node.known.values()) left.push(child);
  }
  const others = [...seen.values()].filter((node) => node !== root).sort((a, b) => a.ino - b.ino);
  return { nextIno: root.volume.nextIno, nodes: [root, ...others].map(captureNode) };
}

/** SHA-256 of files as they are, whenever they were made or read. */
export function digestNodes(doc: MemoryDocument): Uint8Array {
  const timeless = doc.nodes.map((node) => ({ ...node, atim: ZERO, mtim: ZERO, ctim: ZERO }));
  return sha256(encodeNodes({ ...doc, nodes: timeless }));
}

function captureNode(node: AnyNode): NodeDocument {
  const { ino, type, atim, mtim, ctim } = node;
  const common = {
    ino,
    type,
    atim,
    mtim,
    ctim,
    size: 0,
    chunks: [],
    entries: [],
    target: '',
    base: baseOf(node),
  };
  if (node instanceof LinkNode) return { ...common, target: node.target };
  if (node instanceof FileNode) return { ...common, size: node.size(), chunks: captureChunks(node) };
  const entries = [...node.known]
    .map(([name, child]) => [name, child.ino] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...common, entries };
}

/** The chunks without the zeros at their ends, which say nothing unless a base would shine through. */
function captureChunks(node: FileNode): (readonly [number, Uint8Array])[] {
  const keepsAll = keepsZeros(node);
  const chunks: (readonly [number, Uint8Array])[] = [];
  for (const [index, chunk] of [...node.chunks].sort(([a], [b]) => a - b)) {
    let end = Math.min(chunk.length, node.size() - index * CHUNK);
    while (end > 0 && chunk[end - 1] === 0) end--;
    if (end > 0 || keepsAll) chunks.push([index, chunk.slice(0, end)]);
  }
  return chunks;
}

export interface BuiltNodes {
  readonly root: DirectoryNode;
  readonly byIno: ReadonlyMap<number, AnyNode>;
}

/** The nodes of a document, checked whole, charged to `ledger` (LedgerFull). `base` is the lower layer of an overlay. */
export function buildNodes(doc: MemoryDocument, ledger: Ledger, base: Base | undefined): BuiltNodes {
  checkSizes(doc);
  const volume = new Volume(ledger);
  const byIno = new Map<number, AnyNode>();
  for (const one of doc.nodes) {
    if (one.ino < 1 || one.ino >= doc.nextIno || byIno.has(one.ino)) throw new StateError('bad inode number');
    byIno.set(one.ino, makeNode(one, volume, base));
  }
  volume.nextIno = doc.nextIno;
  const root = byIno.get(doc.nodes[0]?.ino);
  if (!(root instanceof DirectoryNode)) throw new StateError('the in-memory files have no root');
  root.links = 1;
  for (const one of doc.nodes) addEntries(one, root, byIno);
  checkReachable(doc, root, byIno);
  for (const one of doc.nodes) {
    const node = byIno.get(one.ino)!;
    ({ atim: node.atim, mtim: node.mtim, ctim: node.ctim } = one);
  }
  return { root, byIno };
}

function checkSizes(doc: MemoryDocument): void {
  for (const { chunks, size } of doc.nodes) {
    if (size > MAX_SIZE) throw new StateError('an in-memory file is too large');
    let last = -1;
    for (const [index, chunk] of chunks) {
      if (index <= last || index * CHUNK + chunk.length > size)
        throw new StateError('a chunk is out of place');
      last = index;
    }
  }
}

function makeNode(one: NodeDocument, volume: Volume, base: Base | undefined): AnyNode {
  if (one.type === FILETYPE.SYMBOLIC_LINK) return new LinkNode(volume, one.target, one.ino);
  const node = overlayNode(one, volume, base) ?? newNode(one, volume);
  if (node instanceof FileNode) node.restore(one.size, one.chunks);
  return node;
}

function newNode({ type, ino }: NodeDocument, volume: Volume): FileNode | DirectoryNode {
  return type === FILETYPE.DIRECTORY ? new DirectoryNode(volume, ino) : new FileNode(volume, ino);
}

function addEntries(one: NodeDocument, root: DirectoryNode, byIno: ReadonlyMap<number, AnyNode>): void {
  const directory = byIno.get(one.ino)!;
  if (!(directory instanceof DirectoryNode)) return;
  for (const [name, ino] of one.entries) {
    const child = byIno.get(ino);
    if (child === undefined || !isName(name) || directory.known.has(name)) {
      throw new StateError('bad entry in an in-memory directory');
    }
    if (child === root || (child instanceof DirectoryNode && child.parent !== undefined)) {
      throw new StateError('an in-memory directory is in two places');
    }
    directory.add(name, child);
  }
}

/** What is not below the root must stand alone: a removed directory without entries, an open file without a name. */
function checkReachable(doc: MemoryDocument, root: DirectoryNode, byIno: ReadonlyMap<number, AnyNode>): void {
  const reached = new Set<AnyNode>([root]);
  for (const node of reached) {
    if (node instanceof DirectoryNode) for (const child of node.known.values()) reached.add(child);
  }
  for (const one of doc.nodes) {
    const node = byIno.get(one.ino)!;
    if (!(node instanceof DirectoryNode)) continue;
    restorePopulated(node, one);
    if (reached.has(node)) continue;
    if (node.parent !== undefined || one.entries.length > 0) {
      throw new StateError('an in-memory directory is not below the root');
    }
    node.removed = true;
  }
}
