/**
 * What a guest holds is what its ledger says, and never more than the limits, by whatever calls it came about. Random programs of all
 * calls by which a file comes to be, grows, shrinks or goes are run on every kind of in-memory files.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SnapshotError } from '../errors';
import { listingCost } from './descriptors';
import { MemoryDirectory, MemoryFile } from './files/handles';
import { MemoryFileSystem } from './files/memory';
import { type AnyNode, DirectoryNode, FileNode, LinkNode } from './files/nodes';
import { overlay } from './files/overlay';
import { readOnly } from './files/readonly';
import { loadTar } from './files/tar';
import { saveTar } from './files/tar-writer';
import { type Amounts, nameCost } from './ledger';
import { decodeState, encodeState } from './state';
import { inputStream } from './streams';
import { type FakeGuest, FakeHost, fakeGuest, WRITE } from './testing';

const LIMITS = { fileBytes: 300_000, fileNodes: 12, nameBytes: 1500, openFiles: 9 };

/** What there is, counted from scratch. */
function counted(g: FakeGuest): Amounts {
  const { context } = g.wasi;
  const seen = new Set<AnyNode>();
  const total = { bytes: 0, names: 0, nodes: 0 };
  const visit = (node: AnyNode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    total.nodes++;
    if (node instanceof LinkNode) total.bytes += Buffer.byteLength(node.target);
    if (node instanceof FileNode) for (const chunk of node.chunks.values()) total.bytes += chunk.length;
    if (!(node instanceof DirectoryNode)) return;
    for (const [name, child] of node.known) {
      total.names += nameCost(name);
      visit(child);
    }
  };
  for (const { directory } of context.roots) if (directory instanceof MemoryDirectory) visit(directory.node);
  for (const entry of context.descriptors.entries) {
    if (entry?.handle instanceof MemoryFile || entry?.handle instanceof MemoryDirectory)
      visit(entry.handle.node);
    if (entry?.listing !== undefined) total.names += listingCost(entry.listing);
  }
  return total;
}

function check(g: FakeGuest): void {
  const { ledger, limits } = g.wasi.context;
  expect(ledger.held).toEqual(counted(g));
  expect(ledger.bytes).toBeLessThanOrEqual(limits.fileBytes);
  // The root was given.
  expect(ledger.nodes).toBeLessThanOrEqual(limits.fileNodes + 1);
  expect(ledger.names).toBeLessThanOrEqual(limits.nameBytes);
}

const NAMES = ['a', 'b', 'c', 'd', 'd/e', 'd/f', 'base/x', 'base/y', 'base', 'n'.repeat(200), 'd/e/g'];
const SIZES = [0, 1, 100, 20_000, 65_536, 65_537, 200_000, 299_000, 2 ** 40];

const step = fc.record({
  what: fc.constantFrom(
    ...[
      'open',
      'truncate',
      'write',
      'pwrite',
      'append',
      'allocate',
      'setSize',
      'seek',
      'rename',
      'link',
      'symlink',
    ],
    ...['mkdir', 'rmdir', 'unlink', 'close', 'renumber', 'readdir', 'hop', 'tar'],
  ),
  name: fc.constantFrom(...NAMES),
  other: fc.constantFrom(...NAMES),
  fd: fc.integer({ min: 3, max: 9 }),
  size: fc.constantFrom(...SIZES),
  length: fc.integer({ min: 0, max: 20_000 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The tests place larger things than a guest of 64 KiB has room for. */
function roomy(g: FakeGuest): FakeGuest {
  g.bytes = new Uint8Array(131_072);
  return g;
}

const BYTES = new Uint8Array(20_000).fill(7);

/** Runs one step; gives the guest that goes on, which is another one after a hop. */
function run(g: FakeGuest, s: Step, elsewhere: () => FakeGuest): FakeGuest {
  const data = () => g.iovs(g.place(BYTES.subarray(0, s.length)));
  const place = (name: string) => g.place(name);
  switch (s.what) {
    case 'open':
    case 'truncate':
    case 'append':
      g.open(s.name, {
        oflags: s.what === 'truncate' ? 9 : 1,
        rights: WRITE,
        fdflags: s.what === 'append' ? 1 : 0,
      });
      break;
    case 'write':
      g.call('fd_write', s.fd, ...data(), 4000);
      break;
    case 'pwrite':
      g.call('fd_pwrite', s.fd, ...data(), s.size, 4000);
      break;
    case 'allocate':
      g.call('fd_allocate', s.fd, s.size, s.length);
      break;
    case 'setSize':
      g.call('fd_filestat_set_size', s.fd, s.size);
      break;
    case 'seek':
      g.call('fd_seek', s.fd, s.size, 0, 4000);
      break;
    case 'rename':
      g.call('path_rename', 3, ...place(s.name), 3, ...place(s.other));
      break;
    case 'link':
      g.call('path_link', 3, 0, ...place(s.name), 3, ...place(s.other));
      break;
    case 'symlink':
      g.call('path_symlink', ...place('t'.repeat(1 + (s.length % 300))), 3, ...place(s.name));
      break;
    case 'mkdir':
      g.path('path_create_directory', s.name);
      break;
    case 'rmdir':
      g.path('path_remove_directory', s.name);
      break;
    case 'unlink':
      g.path('path_unlink_file', s.name);
      break;
    case 'close':
      if (s.fd > 3) g.call('fd_close', s.fd);
      break;
    case 'renumber':
      if (s.fd > 4) g.call('fd_renumber', s.fd, s.fd - 1);
      break;
    case 'readdir':
      g.open(s.name, { oflags: 2 });
      g.call('fd_readdir', s.fd, 30_000, 1000, 0, 4000);
      break;
    case 'tar':
      tryTar(g, s.length);
      break;
    case 'hop': {
      const there = elsewhere();
      there.wasi.restoreState(g.wasi.saveState());
      return there;
    }
  }
  return g;
}

function tryTar(g: FakeGuest, length: number): void {
  const files = MemoryFileSystem.create();
  files.writeFile('d/tarred', BYTES.subarray(0, length));
  files.symlink('d/tarred', 'd/tarlink');
  try {
    loadTar(saveTar(files), g.wasi.memoryFiles('/')!);
  } catch (error) {
    expect(String(error)).toMatch(/full|too many|not a file|not a directory|exists/);
  }
}

function base(): MemoryFileSystem {
  const files = MemoryFileSystem.create();
  files.writeFile('base/x', 'x'.repeat(100_000));
  files.writeFile('base/y', 'y');
  return files;
}

const kinds: Record<string, () => FakeGuest> = {
  'in memory': () =>
    fakeGuest({
      limits: LIMITS,
      preopens: [{ path: '/', directory: MemoryFileSystem.create().directory() }],
    }),
  overlay: () =>
    fakeGuest({
      limits: LIMITS,
      preopens: [{ path: '/', directory: overlay(readOnly(base().directory())).directory() }],
    }),
};

describe.each(Object.entries(kinds))('%s', (_, make) => {
  it('the ledger is the sum of what there is, and within the limits', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        let g = roomy(make());
        for (const one of steps) {
          g = run(g, one, () => roomy(make()));
          check(g);
        }
        for (let fd = 4; fd < LIMITS.openFiles; fd++) g.call('fd_close', fd);
        check(g);
      }),
      { numRuns: 150 },
    );
  });
});

describe('what a state brings is within the limits of the host, or refused before anything changes', () => {
  const MIB = 1 << 20;
  const root = () => [{ path: '/', directory: MemoryFileSystem.create().directory() }];
  const limited = (stdin = '') =>
    fakeGuest({
      host: new FakeHost({ stdin: inputStream(Buffer.from(stdin)) }),
      limits: { fileBytes: MIB, fileNodes: 20, nameBytes: 4000 },
      preopens: root(),
    });
  const refused = (state: Uint8Array) => {
    const there = limited();
    const before = there.wasi.saveState();
    const held = there.wasi.context.ledger.held;
    let error: unknown;
    try {
      there.wasi.restoreState(state);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(SnapshotError);
    expect((error as SnapshotError).kind).toBe('limit');
    expect(there.wasi.saveState()).toEqual(before);
    expect(there.wasi.context.ledger.held).toEqual(held);
  };
  /** A world without limits, its state. */
  const state = (fill: (g: FakeGuest, files: MemoryFileSystem) => void, stdin = '') => {
    const files = MemoryFileSystem.create();
    const host = new FakeHost({ stdin: inputStream(Buffer.from(stdin)) });
    const g = fakeGuest({ host, preopens: [{ path: '/', directory: files.directory() }] });
    fill(g, files);
    return g.wasi.saveState();
  };
  /** A descriptor on the copy of a file that is lost. */
  const lost = (size: number, contents: number, more = 1) => {
    const doc = decodeState(state((g) => g.open('f', { oflags: 1, rights: WRITE })));
    const file = doc.descriptors.at(-1)!;
    const source = {
      kind: 'file' as const,
      read: true,
      write: true,
      lost: true,
      size,
      digest: undefined,
      contents: new Uint8Array(contents).fill(1),
    };
    const copies = Array.from({ length: more }, (_, k) => ({ ...file, fd: file.fd + k, source }));
    return encodeState({ ...doc, descriptors: [...doc.descriptors.slice(0, -1), ...copies] });
  };

  it.each<[string, () => Uint8Array]>([
    ['a large file', () => state((_, files) => files.writeFile('f', new Uint8Array(2 * MIB).fill(1)))],
    ['many files', () => state((_, files) => [...Array(30).keys()].map((k) => files.writeFile(`f${k}`, '')))],
    [
      'long names',
      () =>
        state((_, files) =>
          [...Array(15).keys()].map((k) => files.makeDirectory(String.fromCharCode(97 + k).repeat(250))),
        ),
    ],
    [
      'long links',
      () => state((_, files) => [...Array(18).keys()].map((k) => files.symlink('x'.repeat(70_000), `${k}`))),
    ],
    ['a large lost file', () => lost(2 * MIB, 2 * MIB)],
    ['many lost files', () => lost(MIB / 4, MIB / 4, 5)],
    ['much unread input', () => state(() => undefined, 'x'.repeat(2 * MIB))],
    [
      'listings',
      () =>
        state((g, files) => {
          for (let k = 0; k < 15; k++) files.writeFile(`f${k}`, '');
          for (let k = 0; k < 4; k++) g.readdir(g.open('.', { oflags: 2 }) as number);
        }),
    ],
  ])('%s', (_, make) => refused(make()));

  it('a lost file grows no further than the limit, and gives back', () => {
    const g = limited();
    g.wasi.restoreState(lost(10, 10));
    const fd = 4;
    const data = g.place(BYTES);
    let errno = 'ESUCCESS';
    for (let k = 0; k < 100 && errno === 'ESUCCESS'; k++)
      errno = g.call('fd_pwrite', fd, ...g.iovs(data), k * 20_000, 4000);
    expect(errno).toBe('ENOSPC');
    expect(g.wasi.context.ledger.bytes).toBeLessThanOrEqual(MIB);
    expect(g.wasi.context.ledger.held).toEqual(counted(g));
    g.call('fd_close', fd);
    expect(g.wasi.context.ledger.bytes).toBe(0);
  });

  it('input that was given back is held until it is read', () => {
    const g = limited();
    g.wasi.restoreState(state(() => undefined, 'x'.repeat(1000)));
    expect(g.wasi.context.ledger.bytes).toBe(1000);
    g.read(0, 400);
    expect(g.wasi.context.ledger.bytes).toBe(600);
    while (g.read(0, 400) !== '');
    expect(g.wasi.context.ledger.bytes).toBe(0);
  });
});

it('what the host gives is not counted against what may be added', () => {
  const files = MemoryFileSystem.create();
  files.writeFile('big', new Uint8Array(1 << 20));
  const g = fakeGuest({
    limits: { fileBytes: 1000 },
    preopens: [{ path: '/', directory: files.directory() }],
  });
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  expect(g.write(fd, 'x'.repeat(900))).toBe(900);
  expect(g.write(fd, 'x'.repeat(200))).toBe('ENOSPC');
});

it('reservations are room that is there', () => {
  const g = fakeGuest({
    limits: { fileBytes: 100_000 },
    preopens: [{ path: '/', directory: MemoryFileSystem.create().directory() }],
  });
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  expect(g.call('fd_allocate', fd, 0, 2 ** 40)).toBe('ENOSPC');
  expect(g.call('fd_allocate', fd, 0, 60_000)).toBe('ESUCCESS');
  expect(g.wasi.context.ledger.bytes).toBeGreaterThanOrEqual(60_000);
});

it('a hole is not made real when files are written to a tar', () => {
  const files = MemoryFileSystem.create({ maxBytes: 1 << 20 });
  const g = fakeGuest({ preopens: [{ path: '/', directory: files.directory() }] });
  for (const name of ['a', 'b', 'c']) {
    const fd = g.open(name, { oflags: 1, rights: WRITE }) as number;
    g.call('fd_filestat_set_size', fd, 400_000);
    if (name !== 'c') expect(saveTar(files).length).toBeGreaterThan(400_000);
  }
  expect(() => saveTar(files)).toThrow('c: the files are longer, with their holes');
  g.call('fd_filestat_set_size', 4, 2 ** 45);
  expect(() => files.readFile('a')).toThrow('a: the file is longer, with its holes');
});

it('an overlay of more than may be held says NFILE', () => {
  const many = MemoryFileSystem.create();
  for (let k = 0; k < 50; k++) many.writeFile(`f${k}`, '');
  const top = overlay(many.directory(), { maxNodes: 20 });
  const g = fakeGuest({ preopens: [{ path: '/', directory: top.directory() }] });
  expect(g.open('f1')).toBe('ENFILE');
  expect(g.call('fd_readdir', 3, 30_000, 1000, 0, 4000)).toBe('ENFILE');
  expect(g.wasi.context.ledger.nodes).toBe(1);
});

it('directories one in another lead no deeper than a descriptor can keep', () => {
  const g = fakeGuest({ preopens: [{ path: '/', directory: MemoryFileSystem.create().directory() }] });
  const name = 'n'.repeat(255);
  let at = 3;
  let opened: number | string = 3;
  for (let depth = 0; depth < 400 && typeof opened === 'number'; depth++) {
    if (g.path('path_create_directory', name, at) !== 'ESUCCESS') break;
    opened = g.open(name, { at, oflags: 2 });
    if (typeof opened !== 'number') break;
    if (at !== 3) g.call('fd_close', at);
    at = opened;
  }
  expect(opened).toBe('ENAMETOOLONG');
});
