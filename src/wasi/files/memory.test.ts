import { expect, it } from 'vitest';
import * as FILETYPE from '../filetype';
import type { DirectoryHandle } from '../host';
import { buildNodes, captureNodes } from '../state/memory';
import { fakeGuest, WRITE } from '../testing';
import { copyDirectory, MemoryFileSystem } from './memory';
import { DirectoryNode } from './nodes';
import { overlay } from './overlay';
import { readOnly } from './readonly';
import { describeFiles } from './testing';

describeFiles('in memory', () => MemoryFileSystem.create().directory());
describeFiles('overlay on an empty directory', () =>
  overlay(MemoryFileSystem.create().directory()).directory(),
);

it('is filled before the run and read afterwards', () => {
  const files = MemoryFileSystem.create();
  files.writeFile('/etc/conf', 'x=1');
  files.symlink('etc/conf', 'link');
  const g = fakeGuest({ preopens: [{ path: '/', directory: files.directory() }] });
  expect(g.read(g.open('link', { follow: true }) as number)).toBe('x=1');
  g.write(g.open('out', { oflags: 1, rights: WRITE }) as number, 'result');
  expect(Buffer.from(files.readFile('out')!).toString()).toBe('result');
  expect(files.readFile('nothing')).toBeUndefined();
  expect([...files.entries()].map(({ path, type }) => [path, type])).toEqual([
    ['etc', FILETYPE.DIRECTORY],
    ['etc/conf', FILETYPE.REGULAR_FILE],
    ['link', FILETYPE.SYMBOLIC_LINK],
    ['out', FILETYPE.REGULAR_FILE],
  ]);
  expect(() => files.writeFile('../x', '')).toThrow('not a path below the root');
});

it('keeps to its quotas, and gives room back', () => {
  const files = MemoryFileSystem.create({ maxBytes: 100_000, maxNodes: 4 });
  const g = fakeGuest({ preopens: [{ path: '/', directory: files.directory() }] });
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  const big = g.place(new Uint8Array(40_000));
  expect(g.call('fd_write', fd, ...g.iovs(big), 4000)).toBe('ESUCCESS');
  expect(g.call('fd_pwrite', fd, ...g.iovs(big), 40_000, 4000)).toBe('ESUCCESS');
  expect(g.u32(4000)).toBeLessThan(40_000);
  expect(g.call('fd_pwrite', fd, ...g.iovs(big), 1_000_000, 4000)).toBe('ENOSPC');
  // A hole takes no room.
  expect(g.call('fd_filestat_set_size', fd, 2 ** 40)).toBe('ESUCCESS');
  expect(g.call('fd_filestat_set_size', fd, 0)).toBe('ESUCCESS');
  expect(files.usedBytes).toBe(0);
  expect(g.path('path_create_directory', 'd')).toBe('ESUCCESS');
  expect(g.path('path_create_directory', 'e')).toBe('ESUCCESS');
  expect(g.path('path_create_directory', 'no')).toBe('ENOSPC');
  expect(g.path('path_remove_directory', 'e')).toBe('ESUCCESS');
  expect(g.path('path_create_directory', 'yes')).toBe('ESUCCESS');
  g.write(fd, 'x');
  g.path('path_unlink_file', 'f');
  expect(files.usedBytes).toBeGreaterThan(0);
  g.call('fd_close', fd);
  expect(files.usedBytes).toBe(0);
});

function filled(): MemoryFileSystem {
  const files = MemoryFileSystem.create();
  files.writeFile('dir/a', 'A'.repeat(70_000));
  files.writeFile('dir/b', 'bbb');
  files.symlink('dir/b', 'link');
  return files;
}

it('an overlay leaves its base alone', () => {
  const base = filled();
  const top = overlay(readOnly(base.directory()));
  const g = fakeGuest({ preopens: [{ path: '/', directory: top.directory() }] });
  const fd = g.open('dir/a', { rights: WRITE }) as number;
  g.call('fd_seek', fd, 69_998, 0, 100);
  g.write(fd, 'xyz');
  expect(g.stat('dir/a')).toMatchObject({ size: 70_001 });
  const now = Buffer.from(top.readFile('dir/a')!);
  expect(now.equals(Buffer.from(`${'A'.repeat(69_998)}xyz`))).toBe(true);
  expect(g.path('path_unlink_file', 'dir/b')).toBe('ESUCCESS');
  expect(g.stat('link', true)).toBe('ENOENT');
  expect(g.readdir(g.open('dir') as number).map(({ name }) => name)).toEqual(['.', '..', 'a']);
  expect(base.readFile('dir/a')).toEqual(filled().readFile('dir/a'));
  expect(base.readFile('dir/b')).toBeDefined();
});

it('an overlaid file that is cut and grows again does not show the base', () => {
  const top = overlay(filled().directory());
  const g = fakeGuest({ preopens: [{ path: '/', directory: top.directory() }] });
  const fd = g.open('dir/a', { rights: WRITE }) as number;
  g.call('fd_filestat_set_size', fd, 66_000);
  g.call('fd_filestat_set_size', fd, 10);
  g.call('fd_filestat_set_size', fd, 70_000);
  const bytes = top.readFile('dir/a')!;
  expect(bytes.subarray(0, 10).every((byte) => byte === 65)).toBe(true);
  expect(bytes.subarray(10).every((byte) => byte === 0)).toBe(true);
});

it('a read-only directory says ROFS', () => {
  const g = fakeGuest({ preopens: [{ path: '/', directory: readOnly(filled().directory()) }] });
  expect(g.read(g.open('dir/b') as number)).toBe('bbb');
  expect(g.read(g.open('link', { follow: true, oflags: 1 }) as number)).toBe('bbb');
  expect(g.open('dir/b', { rights: WRITE })).toBe('EROFS');
  expect(g.open('new', { oflags: 1, rights: WRITE })).toBe('EROFS');
  expect(g.open('new', { oflags: 1 })).toBe('EROFS');
  expect(g.open('new', { rights: WRITE })).toBe('ENOENT');
  expect(g.open('dir/b', { oflags: 5, rights: WRITE })).toBe('EEXIST');
  expect(g.open('dir/b', { oflags: 8 })).toBe('EROFS');
  expect(g.path('path_create_directory', 'x')).toBe('EROFS');
  expect(g.path('path_remove_directory', 'dir')).toBe('EROFS');
  expect(g.path('path_unlink_file', 'dir/b')).toBe('EROFS');
  expect(g.call('path_rename', 3, ...g.place('dir'), 3, ...g.place('d2'))).toBe('EROFS');
  expect(g.call('path_link', 3, 0, ...g.place('dir/b'), 3, ...g.place('c'))).toBe('EROFS');
  expect(g.call('path_symlink', ...g.place('x'), 3, ...g.place('y'))).toBe('EROFS');
  expect(g.call('path_filestat_set_times', 3, 0, ...g.place('dir/b'), 0, 0, 10)).toBe('EROFS');
  const fd = g.open('dir/b') as number;
  expect(g.call('fd_filestat_set_times', fd, 0, 0, 10)).toBe('EROFS');
});

it('copies a directory', () => {
  const copy = MemoryFileSystem.create();
  copyDirectory(filled().directory(), copy);
  expect([...copy.entries()]).toEqual([...filled().entries()]);
});

it('walks trees that are deeper than the stack of the host', () => {
  const DEPTH = 20_000;
  const files = MemoryFileSystem.create();
  let directory = files.rootNode;
  for (let k = 0; k < DEPTH; k++) {
    const next = new DirectoryNode(directory.volume);
    directory.add('d', next);
    directory = next;
  }
  let count = 0;
  for (const { path } of files.entries()) {
    count++;
    if (count === DEPTH) expect(path.length).toBe(2 * DEPTH - 1);
  }
  expect(count).toBe(DEPTH);
  const doc = captureNodes(files.rootNode, [directory]);
  expect(doc.nodes.length).toBe(DEPTH + 1);
  const built = MemoryFileSystem.at(
    buildNodes(doc, MemoryFileSystem.create().rootNode.volume.ledger, undefined).root,
  );
  expect(captureNodes(built.rootNode, [])).toEqual(doc);

  const from = fakeGuest({ preopens: [{ path: '/', directory: files.directory() }] });
  const to = fakeGuest({ preopens: [{ path: '/', directory: MemoryFileSystem.create().directory() }] });
  const state = from.wasi.saveState();
  to.wasi.restoreState(state);
  expect(to.wasi.saveState()).toEqual(state);
});

it('copies trees that are deeper than the stack of the host', () => {
  const DEPTH = 8_000;
  let depth = 0;
  // Each directory holds the next; opening one is all that the host is asked for.
  const level = (left: number): DirectoryHandle => {
    const bottom = MemoryFileSystem.create().directory();
    return Object.assign(Object.create(bottom) as DirectoryHandle, {
      list: () => (left === 0 ? [] : [{ name: 'd', type: FILETYPE.DIRECTORY, ino: { lo: left, hi: 0 } }]),
      openDirectory: () => level(left - 1),
      close: () => {
        depth++;
      },
    });
  };
  const files = MemoryFileSystem.create();
  copyDirectory(level(DEPTH), files);
  expect(depth).toBe(DEPTH);
  expect(captureNodes(files.rootNode, []).nodes.length).toBe(DEPTH + 1);
});
