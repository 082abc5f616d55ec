/**
 * Making a WASI world go on from a saved state. First everything is checked and opened; only when nothing is missing is the world
 * changed, all at once.
 */
import { ALL_RIGHTS, errnoName } from '../abi';
import { Clocks } from '../clocks';
import type { Preopen, WasiContext } from '../context';
import {
  type Descriptor,
  type DescriptorOf,
  listingCost,
  MAX_KEPT_PATH,
  makeDescriptor,
  rightsOf,
} from '../descriptors';
import * as ERRNO from '../errno';
import { MemoryDirectory, MemoryFile } from '../files/handles';
import { type MemoryLimits, volumeOf } from '../files/memory';
import { DirectoryNode, FileNode, MAX_SIZE, Volume } from '../files/nodes';
import { OverlayDirectoryNode } from '../files/overlay';
import * as FILETYPE from '../filetype';
import type { DirectoryHandle, FileHandle, Handle } from '../host';
import { Ledger, LedgerFull } from '../ledger';
import { SeededRandom } from '../random';
import { atPath } from '../resolve';
import {
  type DescriptorDocument,
  decodeNodes,
  decodeState,
  encodeNodes,
  type HostFileSource,
  type RootDocument,
  type Source,
  type WasiDocument,
} from '../state';
import { beyondLimit, StateError } from './codec';
import { detachedStream } from './detached';
import { type BuiltNodes, buildNodes, captureNodes, digestNodes } from './memory';
import { digestOf } from './save';

/** What to do about a descriptor, tried in the order given; when none does, the restore fails. */
export type Remedy = 'reopen' | 'copy' | 'detach';

/** What of a saved WASI state may be restored, and where its directories are now. */
export interface RestorePolicy {
  /**
   * Files of the host. `reopen`: open the same path below the new root and check that it is the same file. `copy`: go on with the
   * contents in the state, in memory (changes stay there). `detach`: the descriptor stays, every use of it gives IO.
   * Default: reopen, copy. A file that was removed while open can only be copied or detached.
   */
  readonly files?: readonly Remedy[];
  /** Directories of the host: reopen, detach. Default: reopen. */
  readonly directories?: readonly Remedy[];
  /** Sockets, and pipes or devices opened from a directory. Nothing but `detach` is possible. Default: detach. */
  readonly streams?: readonly Remedy[];
  /** What makes a reopened file the same: its size, also its digest when the state has one, or nothing. Default: `digest`. */
  readonly check?: 'size' | 'digest' | 'none';
  /** Limits for in-memory files that the state brings along. */
  readonly memoryLimits?: Partial<MemoryLimits>;
}

/** Roots and descriptors that are ready to be put in place. */
interface Plan {
  readonly roots: readonly Preopen[];
  readonly built: readonly (BuiltNodes | undefined)[];
  readonly entries: (Descriptor | undefined)[];
  /** All that the state brings, and becomes the world's ledger. */
  readonly ledger: Ledger;
  /** Copies of files that stand alone. */
  readonly copies: Volume;
}

export function restoreState(w: WasiContext, bytes: Uint8Array, policy: RestorePolicy = {}): void {
  const doc = decodeState(bytes);
  checkDocument(doc, w);
  const placing = checkCompanions(doc, w);
  const plan = withinLimits(() => makePlan(doc, w, policy));
  try {
    withinLimits(() => {
      for (const one of doc.descriptors) plan.entries[one.fd] = makeEntry(one, plan, w, policy);
    });
  } catch (error) {
    for (const entry of plan.entries) {
      if (entry !== undefined && ownsHandle(entry, plan, w)) entry.handle.close();
    }
    throw error;
  }
  apply(doc, plan, w);
  for (const place of placing) place();
}

/** What puts the states of companions in place. One that the state does not name begins anew. */
function checkCompanions({ companions }: WasiDocument, w: WasiContext): (() => void)[] {
  const states = new Map(companions);
  for (const name of states.keys()) {
    if (!w.companions.some((one) => one.name === name))
      throw new StateError(`the state has a part "${name}", which this host does not give`);
  }
  return w.companions.map((companion) => companion.checkState(states.get(companion.name)));
}

function withinLimits<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof LedgerFull)) throw error;
    const what = {
      bytes: 'more in-memory bytes',
      names: 'more bytes of names',
      nodes: 'more in-memory files',
    };
    throw beyondLimit(what[error.what]);
  }
}

function makePlan(doc: WasiDocument, w: WasiContext, policy: RestorePolicy): Plan {
  const ledger = w.ledger.fresh();
  ledger.take({ bytes: doc.unread.reduce((sum, [, bytes]) => sum + bytes.length, 0) });
  ledger.take({ names: [...doc.args, ...doc.env].reduce((sum, text) => sum + text.length, 0) });
  const given = givenRoots(doc, w);
  const built = doc.roots.map((root, k) => buildRoot(root, given[k], ledger, w, policy));
  const roots = doc.roots.map(({ path }, k) => ({ path, directory: rootHandle(path, built[k], given[k]) }));
  const copies = new Volume(ledger);
  copies.device = roots.length + 1;
  copies.now = () => w.clocks.realtime();
  return { roots, built, entries: [], ledger, copies };
}

function ownsHandle(entry: Descriptor, plan: Plan, w: WasiContext): boolean {
  const { handle } = entry;
  return (
    !plan.roots.some(({ directory }) => directory === handle) && !w.standard.some((one) => one === handle)
  );
}

/** From here on nothing can fail. */
function apply(doc: WasiDocument, plan: Plan, w: WasiContext): void {
  w.args = doc.args;
  w.env = doc.env;
  w.outputBytes = doc.outputBytes;
  w.pendingPoll = doc.poll;
  if (w.clocks.virtual !== doc.virtual) w.clocks = new Clocks(w.host, doc.virtual);
  w.clocks.restore(doc.monotonic);
  w.random = doc.random && new SeededRandom(doc.random);
  w.descriptors.replaceAll(plan.entries);
  w.ledger = plan.ledger;
  w.roots = plan.roots;
  w.attachRoots();
  w.heldInput.fill(0);
  for (const [stream, bytes] of doc.unread) {
    w.standard[stream].giveBack?.(bytes);
    w.heldInput[stream] += bytes.length;
  }
}

/** What is found by a path from a root. */
const BELOW_ROOT: readonly Source['kind'][] = ['root', 'directory', 'file', 'memory'];

function checkDocument(doc: WasiDocument, w: WasiContext): void {
  const { descriptors, roots } = doc;
  if (descriptors.length > w.limits.openFiles) throw beyondLimit('more descriptors');
  if (doc.random?.every((word) => word === 0)) throw new StateError('the random state is empty');
  let last = -1;
  for (const one of descriptors) {
    // Numbers are given out lowest first, so none is beyond the limit.
    if (one.fd <= last || one.fd >= w.limits.openFiles) throw new StateError(`bad descriptor ${one.fd}`);
    last = one.fd;
    if (one.path.length > MAX_KEPT_PATH) throw beyondLimit(`a longer path of descriptor ${one.fd}`);
    if (one.root >= roots.length) throw new StateError(`descriptor ${one.fd} has no root`);
    if (!isPlainPath(one.path)) throw new StateError(`descriptor ${one.fd} has a bad path`);
    if (BELOW_ROOT.includes(one.source.kind) && one.root < 0)
      throw new StateError(`descriptor ${one.fd} has no root`);
    if (one.preopen && (one.source.kind !== 'root' || one.path !== '')) {
      throw new StateError(`descriptor ${one.fd} cannot be a preopen`);
    }
  }
  for (const [stream] of doc.unread) {
    if (w.standard[stream].giveBack === undefined) {
      throw new StateError(
        `the state has unread bytes of stream ${stream}, which the new one cannot take back`,
      );
    }
  }
}

/** Names joined by single slashes, none of them `.` or `..`; or nothing. */
function isPlainPath(path: string): boolean {
  if (path === '') return true;
  return (
    path.split('/').every((name) => name !== '' && name !== '.' && name !== '..') && !path.includes('\0')
  );
}

/** For each root of the state the new host's of the same name; each is given once. */
function givenRoots(doc: WasiDocument, w: WasiContext): (DirectoryHandle | undefined)[] {
  const left = [...w.roots];
  return doc.roots.map(({ path }) => {
    const found = left.findIndex((root) => root.path === path);
    return found < 0 ? undefined : left.splice(found, 1)[0].directory;
  });
}

function buildRoot(
  root: RootDocument,
  given: DirectoryHandle | undefined,
  total: Ledger,
  w: WasiContext,
  policy: RestorePolicy,
): BuiltNodes | undefined {
  if (root.memory === undefined) return undefined;
  const node = given instanceof MemoryDirectory ? given.node : undefined;
  const isOverlay = node instanceof OverlayDirectoryNode;
  if ((root.files === 'overlay') !== isOverlay && (root.files === 'overlay' || isOverlay)) {
    throw new StateError(
      `the directory ${root.path} must be ${root.files === 'overlay' ? 'an' : 'no'} overlay`,
    );
  }
  let { bytes } = root.memory;
  if (!root.memory.embedded) {
    if (node === undefined) throw new StateError(`the in-memory files of ${root.path} are not given`);
    const nodes = captureNodes(node, []);
    if (!sameBytes(digestNodes(nodes), bytes)) {
      throw new StateError(`the in-memory files of ${root.path} are not those of the state`);
    }
    bytes = encodeNodes(nodes);
  }
  // A state brings files, never a place for them: a root that the host did not give is none.
  if (given === undefined) throw notGiven(root.path);
  const old = node?.volume.ledger;
  const ledger =
    old === undefined ? volumeOf(policy.memoryLimits ?? UNLIMITED).ledger : new Ledger(old.limits);
  ledger.join(total, w.ledger.allowanceFor(old));
  return buildNodes(decodeNodes(bytes), ledger, isOverlay ? node.base : undefined);
}

/** For files in memory in place of a directory of the host: nothing but the limits of the whole. */
const UNLIMITED: MemoryLimits = {
  maxBytes: Number.POSITIVE_INFINITY,
  maxNodes: Number.POSITIVE_INFINITY,
  maxNames: Number.POSITIVE_INFINITY,
};

function rootHandle(
  path: string,
  built: BuiltNodes | undefined,
  given: DirectoryHandle | undefined,
): DirectoryHandle {
  if (built !== undefined) return new MemoryDirectory(built.root);
  if (given === undefined) throw notGiven(path);
  return given;
}

function notGiven(path: string): StateError {
  return new StateError(`no directory is given for ${path}`);
}

function makeEntry(one: DescriptorDocument, plan: Plan, w: WasiContext, policy: RestorePolicy): Descriptor {
  const { handle, detached, type } = openSource(one, plan, w, policy);
  const isDirectory = handle.kind === 'directory';
  const possible = detached ? ALL_RIGHTS : rightsOf(handle);
  if (one.listing !== undefined) plan.ledger.take({ names: listingCost(one.listing) });
  const access = one.source.kind === 'file' || one.source.kind === 'memory' ? one.source : undefined;
  return makeDescriptor(handle, {
    ...(type === undefined ? {} : { type }),
    rights: one.rights & possible,
    inheriting: isDirectory ? one.inheriting : 0,
    flags: one.flags,
    offset: one.offset,
    root: one.root,
    path: one.path,
    preopen: one.preopen ? plan.roots[one.root].path : undefined,
    listing: one.listing,
    listedIn: plan.ledger,
    detached,
    ...(access ? { access: { read: access.read, write: access.write } } : {}),
  });
}

interface Opened {
  readonly handle: Handle;
  readonly detached: boolean;
  readonly type?: number;
}

function openSource(one: DescriptorDocument, plan: Plan, w: WasiContext, policy: RestorePolicy): Opened {
  const { source } = one;
  switch (source.kind) {
    case 'standard':
      return { handle: w.standard[source.stream], detached: false };
    case 'root':
      return { handle: plan.roots[one.root].directory, detached: false };
    case 'memory':
      return { handle: memoryHandle(one, source.ino, source, plan), detached: false };
    case 'detached':
      return detach(FILETYPE.UNKNOWN);
    case 'stream':
    case 'socket':
      return firstOf(one, policy.streams ?? ['detach'], {
        detach: () => detach(source.kind === 'socket' ? FILETYPE.SOCKET_STREAM : FILETYPE.UNKNOWN),
      });
    case 'directory':
      return firstOf(one, policy.directories ?? ['reopen'], {
        reopen: () => reopenDirectory(one, plan),
        detach: () => detach(FILETYPE.DIRECTORY),
      });
    case 'file':
      return firstOf(one, policy.files ?? ['reopen', 'copy'], {
        reopen: () => reopenFile(one, source, plan, policy),
        copy: () => copyOf(source, plan),
        detach: () => detach(FILETYPE.REGULAR_FILE),
      });
  }
}

function detach(type: number): Opened {
  return { handle: detachedStream(), detached: true, type };
}

/** A remedy gives what it opened, or says why it does not work. */
type Remedies = Partial<Record<Remedy, () => Opened | string>>;

function firstOf(one: DescriptorDocument, order: readonly Remedy[], remedies: Remedies): Opened {
  const reasons: string[] = [];
  for (const name of order) {
    const result = remedies[name]?.() ?? `cannot be restored by '${name}'`;
    if (typeof result !== 'string') return result;
    reasons.push(result);
  }
  const what = one.path === '' ? '' : ` (${one.path})`;
  throw new StateError(
    `descriptor ${one.fd}${what}: ${reasons.join('; ') || 'the policy allows nothing for it'}`,
  );
}

function memoryHandle(
  one: DescriptorDocument,
  ino: number,
  access: { readonly read: boolean; readonly write: boolean },
  plan: Plan,
): Handle {
  const node = plan.built[one.root]?.byIno.get(ino);
  if (node instanceof FileNode) return new MemoryFile(node, { read: access.read, write: access.write });
  if (node instanceof DirectoryNode) return new MemoryDirectory(node);
  throw new StateError(`descriptor ${one.fd} is on a file that the state does not have`);
}

function rootOf(one: DescriptorDocument, plan: Plan): DescriptorOf<DirectoryHandle> {
  const { directory } = plan.roots[one.root];
  return makeDescriptor(directory, { root: one.root }) as DescriptorOf<DirectoryHandle>;
}

function reopenDirectory(one: DescriptorDocument, plan: Plan): Opened | string {
  let opened: DirectoryHandle | undefined;
  const errno = atPath(rootOf(one, plan), one.path === '' ? '.' : one.path, (t) => {
    const handle = t.directory.openDirectory(t.name);
    if (typeof handle === 'number') return handle;
    opened = handle;
    return ERRNO.SUCCESS;
  });
  return opened ? { handle: opened, detached: false } : `cannot be opened here: ${errnoName(errno)}`;
}

function reopenFile(
  one: DescriptorDocument,
  source: HostFileSource,
  plan: Plan,
  policy: RestorePolicy,
): Opened | string {
  if (source.lost) return 'was removed or replaced while it was open';
  const options = {
    read: source.read,
    write: source.write,
    create: false,
    exclusive: false,
    truncate: false,
  };
  let opened: Handle | undefined;
  const errno = atPath(rootOf(one, plan), one.path, (t) => {
    const handle = t.directory.open(t.name, options);
    if (typeof handle === 'number') return handle;
    opened = handle;
    return ERRNO.SUCCESS;
  });
  if (opened === undefined) return `cannot be opened here: ${errnoName(errno)}`;
  const handle: Handle = opened;
  const wrong = handle.kind === 'file' ? difference(source, handle, policy) : 'is no file here';
  if (wrong === undefined) return { handle, detached: false };
  handle.close();
  return wrong;
}

/** Why a file is not the one that was open; undefined when it is. */
function difference(source: HostFileSource, handle: FileHandle, policy: RestorePolicy): string | undefined {
  const check = policy.check ?? 'digest';
  if (check === 'none') return undefined;
  const size = handle.size();
  if (size !== source.size) return `has ${size} bytes here, had ${source.size}`;
  if (check === 'size' || source.digest === undefined) return undefined;
  const digest = digestOf(handle);
  return digest && sameBytes(digest, source.digest) ? undefined : 'has other contents here';
}

/** A file of its own in memory. */
function copyOf(source: HostFileSource, plan: Plan): Opened | string {
  const { contents, size } = source;
  if (contents === undefined) return 'its contents are not in the state';
  if (contents.length > size || size > MAX_SIZE) return 'its size and contents do not go together';
  const node = new FileNode(plan.copies);
  const handle = new MemoryFile(node, { read: source.read, write: source.write });
  node.setSize(size);
  if (node.writeAt(contents, 0) === contents.length) return { handle, detached: false };
  handle.close();
  throw new LedgerFull('bytes');
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
