import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeFiles } from '../../src/wasi/files/testing';
import { type FakeGuest, FakeHost, fakeGuest, WRITE } from '../../src/wasi/testing';
import { isWindowsName } from './anchors';
import { type NodeDirectoryOptions, nodeDirectory } from './files';

let scratch: string;
beforeEach(() => {
  scratch = fs.mkdtempSync(path.join(tmpdir(), 'tswasm-files-'));
});
afterEach(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

const empty = (options?: NodeDirectoryOptions) => () => {
  const directory = fs.mkdtempSync(path.join(scratch, 'root-'));
  return nodeDirectory(directory, options);
};
describeFiles('files of Node', empty());
describeFiles('files of Node without /proc', empty({ portable: true }));

function guestIn(
  directory: string,
  options?: NodeDirectoryOptions,
  limits?: { openFiles: number },
): FakeGuest {
  const preopens = [{ path: '/', directory: nodeDirectory(directory, options) }];
  return fakeGuest({ host: new FakeHost(), preopens, limits });
}

describe.each([{ portable: false }, { portable: true }])('a hostile directory ($portable)', (options) => {
  let inside: string;
  let g: FakeGuest;
  beforeEach(() => {
    inside = path.join(scratch, 'inside');
    fs.mkdirSync(path.join(inside, 'deep/er'), { recursive: true });
    fs.writeFileSync(path.join(scratch, 'secret'), 'secret');
    fs.mkdirSync(path.join(scratch, 'outside'));
    fs.writeFileSync(path.join(scratch, 'outside/file'), 'secret');
    fs.symlinkSync(path.join(scratch, 'secret'), path.join(inside, 'absolute'));
    fs.symlinkSync('../secret', path.join(inside, 'relative'));
    fs.symlinkSync('../../../secret', path.join(inside, 'deep/er/relative'));
    fs.symlinkSync('../outside', path.join(inside, 'dir'));
    fs.symlinkSync('/', path.join(inside, 'root'));
    fs.symlinkSync('deep/er/relative', path.join(inside, 'chain'));
    fs.symlinkSync('.', path.join(inside, 'self'));
    fs.symlinkSync('/proc/self/root', path.join(inside, 'proc'));
    g = guestIn(inside, options);
  });

  const ways = [
    ...['absolute', 'relative', 'deep/er/relative', 'chain', 'dir/file', 'root/etc/passwd'],
    ...['../secret', 'deep/../../secret', '/etc/passwd', 'self/self/../secret', 'self/../inside/../secret'],
    ...['dir', 'dir/', 'root', 'root/', 'proc/etc/passwd', 'deep/er/../../../secret', './/..//secret'],
    ...['root/proc/self/fd/0', '..', 'self/..', 'deep/er/../../..'],
  ];

  it.each(ways)('%s leads nowhere', (way) => {
    for (const follow of [true, false]) {
      const opened = g.open(way, { follow });
      expect(['EPERM', 'ELOOP', 'ENOENT']).toContain(opened);
      expect(g.open(way, { follow, oflags: 1, rights: WRITE })).not.toBeTypeOf('number');
      expect(g.open(way, { follow, oflags: 2 })).not.toBeTypeOf('number');
    }
    const stat = g.stat(way, true);
    expect(stat).toBeTypeOf('string');
    if (!way.includes('/') || way.includes('..')) return;
    expect(g.path('path_create_directory', `${way}/x`)).not.toBe('ESUCCESS');
    for (const target of [way, `${way}/x`]) {
      expect(g.call('path_rename', 3, ...g.place('deep/er'), 3, ...g.place(target))).not.toBe('ESUCCESS');
    }
    expect(g.call('path_link', 3, 0, ...g.place(`${way}/file`), 3, ...g.place('stolen'))).not.toBe(
      'ESUCCESS',
    );
    expect(fs.readFileSync(path.join(scratch, 'secret'), 'utf8')).toBe('secret');
    expect(fs.readdirSync(path.join(scratch, 'outside'))).toEqual(['file']);
  });

  it('tells no absolute link target, and no inode of the parent', () => {
    expect(g.call('path_readlink', 3, ...g.place('absolute'), 100, 100, 4000)).toBe('EPERM');
    expect(g.readdir(3).find(({ name }) => name === '..')?.ino).toBe(0);
  });

  it('keeps a link inside even when it goes up and down', () => {
    fs.writeFileSync(path.join(inside, 'deep/file'), 'ok');
    fs.symlinkSync('../deep/../deep/file', path.join(inside, 'deep/l'));
    expect(g.read(g.open('deep/l', { follow: true }) as number)).toBe('ok');
    expect(g.read(g.open('self/self/deep/er/../file') as number)).toBe('ok');
  });

  it('does not leave by a directory that is moved away while it is open', () => {
    const fd = g.open('deep/er', { oflags: 2 }) as number;
    fs.renameSync(path.join(inside, 'deep/er'), path.join(scratch, 'moved'));
    expect(g.open('../secret', { at: fd })).toMatch(/EPERM|ESTALE|ENOENT/);
    expect(g.open('../../secret', { at: fd })).toMatch(/EPERM|ESTALE|ENOENT/);
  });

  it('lists what is there and skips names that are not UTF-8', () => {
    fs.writeFileSync(Buffer.concat([Buffer.from(`${inside}/`), Buffer.from([0xff, 0x61])]), '');
    const names = g.readdir(3).map(({ name }) => name);
    expect(names).toContain('deep');
    expect(names.length).toBe(2 + 8);
  });

  it('opens pipes without hanging', () => {
    execFileSync('mkfifo', [path.join(inside, 'pipe')]);
    const fd = g.open('pipe');
    expect(fd).toBeTypeOf('number');
    expect(g.read(fd as number)).toBe('');
  });
});

it('a component that others replace by a link all the time never leads out', async () => {
  const inside = path.join(scratch, 'inside');
  fs.mkdirSync(path.join(inside, 'a/b'), { recursive: true });
  fs.mkdirSync(path.join(scratch, 'out/b'), { recursive: true });
  fs.writeFileSync(path.join(inside, 'a/b/f'), 'in');
  fs.writeFileSync(path.join(scratch, 'out/b/f'), 'OUT');
  // Swaps the directory a and a link to ../out as fast as it can.
  const worker = new Worker(
    `const fs = require('node:fs'); const at = require('node:worker_threads').workerData;
     fs.symlinkSync('../out', at + '/link');
     require('node:worker_threads').parentPort.postMessage('ready');
     for (;;) {
       fs.renameSync(at + '/a', at + '/real'); fs.renameSync(at + '/link', at + '/a');
       fs.renameSync(at + '/a', at + '/link'); fs.renameSync(at + '/real', at + '/a');
     }`,
    { eval: true, workerData: inside },
  );
  await new Promise((resolve) => worker.once('message', resolve));
  const g = guestIn(inside);
  const seen = new Map<string, number>();
  const end = Date.now() + 1500;
  // Longer where both share a processor: each sees only what the other has left when its time was over.
  while (Date.now() < end || !seen.has('in')) {
    const fd = g.open('a/b/f');
    const what = typeof fd === 'number' ? String(g.read(fd)) : fd;
    if (typeof fd === 'number') g.call('fd_close', fd);
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  await worker.terminate();
  expect(seen.has('OUT')).toBe(false);
  expect(
    [...seen.keys()].every((key) => ['in', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL'].includes(key)),
  ).toBe(true);
});

it('counts growth against the quota', () => {
  const g = guestIn(scratch, { maxBytes: 10 });
  const fd = g.open('f', { oflags: 1, rights: WRITE }) as number;
  expect(g.write(fd, '12345678')).toBe(8);
  expect(g.write(fd, '123')).toBe('EDQUOT');
  g.call('fd_seek', fd, 0, 0, 100);
  expect(g.write(fd, 'again')).toBe(5);
  expect(g.call('fd_filestat_set_size', fd, 11)).toBe('EDQUOT');
  expect(g.call('fd_filestat_set_size', fd, 10)).toBe('ESUCCESS');
});

it('never grows by more than the quota, whatever is done; and gives room back', () => {
  const limit = 1000;
  const names = ['a', 'b', 'c', 'old'];
  const sum = () =>
    [...new Map(fs.readdirSync(scratch).map((name) => [lstat(name).ino, lstat(name).size])).values()].reduce(
      (all, size) => all + size,
      0,
    );
  const lstat = (name: string) => fs.lstatSync(path.join(scratch, name));
  const step = fc.tuple(
    fc.constantFrom(
      'open',
      'truncate',
      'write',
      'pwrite',
      'size',
      'allocate',
      'unlink',
      'rename',
      'link',
      'symlink',
      'close',
    ),
    fc.constantFrom(...names),
    fc.constantFrom(...names),
    fc.integer({ min: 4, max: 7 }),
    fc.integer({ min: 0, max: 900 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      for (const name of fs.readdirSync(scratch)) fs.rmSync(path.join(scratch, name));
      fs.writeFileSync(path.join(scratch, 'old'), 'o'.repeat(500));
      const g = guestIn(scratch, { maxBytes: limit }, { openFiles: 8 });
      const data = (size: number) => g.iovs(g.place('x'.repeat(size)));
      for (const [what, name, other, fd, size] of steps) {
        if (what === 'open' || what === 'truncate')
          g.open(name, { oflags: what === 'open' ? 1 : 9, rights: WRITE });
        else if (what === 'write') g.call('fd_write', fd, ...data(size), 4000);
        else if (what === 'pwrite') g.call('fd_pwrite', fd, ...data(size), size, 4000);
        else if (what === 'size') g.call('fd_filestat_set_size', fd, size);
        else if (what === 'allocate') g.call('fd_allocate', fd, size, 200);
        else if (what === 'unlink') g.path('path_unlink_file', name);
        else if (what === 'rename') g.call('path_rename', 3, ...g.place(name), 3, ...g.place(other));
        else if (what === 'link') g.call('path_link', 3, 0, ...g.place(name), 3, ...g.place(other));
        else if (what === 'symlink')
          g.call('path_symlink', ...g.place('t'.repeat(size + 1)), 3, ...g.place(name));
        else g.call('fd_close', fd);
        expect(sum()).toBeLessThanOrEqual(limit + 500);
      }
      for (let fd = 4; fd < 8; fd++) g.call('fd_close', fd);
      for (const name of names) g.path('path_unlink_file', name);
      // Everything is gone: there is room for all of it again.
      const fd = g.open('new', { oflags: 1, rights: WRITE }) as number;
      expect(g.call('fd_filestat_set_size', fd, limit)).toBe('ESUCCESS');
      expect(g.call('fd_filestat_set_size', fd, limit + 1)).toBe('EDQUOT');
      g.wasi.dispose();
    }),
    { numRuns: 60 },
  );
});

it('runs out of descriptors politely', () => {
  fs.writeFileSync(path.join(scratch, 'f'), 'x');
  const g = guestIn(scratch, {}, { openFiles: 20 });
  const fds: number[] = [];
  for (;;) {
    const fd = g.open('f');
    if (typeof fd !== 'number') {
      expect(fd).toBe('EMFILE');
      break;
    }
    fds.push(fd);
  }
  expect(fds).toEqual(Array.from({ length: 16 }, (_, i) => i + 4));
  g.call('fd_close', 10);
  expect(g.open('f')).toBe(10);
  const before = fs.readdirSync('/proc/self/fd').length;
  for (const fd of fds) g.call('fd_close', fd);
  expect(fs.readdirSync('/proc/self/fd').length).toBeLessThan(before);
});

it('gives a write-only file no reads, whatever its rights say', () => {
  fs.writeFileSync(path.join(scratch, 'f'), 'x');
  const g = guestIn(scratch);
  const fd = g.open('f', { rights: 1 << 6 }) as number;
  expect(g.read(fd)).toBe('ENOTCAPABLE');
  expect(g.write(fd, 'y')).toBe(1);
});

it('two writers at the end do not overwrite each other', () => {
  const g = guestIn(scratch);
  const one = g.open('log', { oflags: 1, rights: WRITE, fdflags: 1 }) as number;
  g.write(one, 'a');
  fs.appendFileSync(path.join(scratch, 'log'), 'B');
  g.write(one, 'c');
  expect(fs.readFileSync(path.join(scratch, 'log'), 'utf8')).toBe('aBc');
});

it('saves a file that was opened for writing only and is gone', () => {
  const g = guestIn(scratch);
  const fd = g.open('f', { oflags: 1, rights: 1 << 6 }) as number;
  g.write(fd, 'half');
  g.path('path_unlink_file', 'f');
  const state = g.wasi.saveState();
  const moved = guestIn(fs.mkdtempSync(path.join(scratch, 'other-')));
  moved.wasi.restoreState(state);
  expect(moved.write(fd, ' done')).toBe(5);
});

it('goes on in another directory, at the same offsets', () => {
  const [one, two] = ['one', 'two'].map((name) => path.join(scratch, name));
  fs.mkdirSync(path.join(one, 'd'), { recursive: true });
  const g = guestIn(one);
  const fd = g.open('d/log', { oflags: 1, rights: WRITE }) as number;
  const dir = g.open('d', { oflags: 2 }) as number;
  g.write(fd, 'first half, ');
  expect(g.readdir(dir, 0, 60).map(({ name }) => name)).toEqual(['.', '..']);
  const state = g.wasi.saveState({ digests: true });
  expect(Buffer.from(state).includes(scratch)).toBe(false);
  fs.cpSync(one, two, { recursive: true });
  const moved = guestIn(two);
  moved.wasi.restoreState(state);
  moved.write(fd, 'second half');
  expect(moved.readdir(dir, 2).map(({ name }) => name)).toEqual(['log']);
  expect(fs.readFileSync(path.join(two, 'd/log'), 'utf8')).toBe('first half, second half');
  expect(fs.readFileSync(path.join(one, 'd/log'), 'utf8')).toBe('first half, ');
});

it('on Windows no name leads out of its directory, or to a device', () => {
  const bad = [
    'a\\b',
    '..\\x',
    'c:',
    'c:x',
    'file:stream',
    'what?',
    'a*',
    '<',
    'a|b',
    '"',
    'dot.',
    'blank ',
    '..',
  ];
  const devices = ['NUL', 'nul.txt', 'Con', 'aux .h', 'COM1', 'com1.a.b', 'LPT\u00b9', 'CONOUT$', 'prn'];
  for (const name of [...bad, ...devices, 'a\nb', '\u001f'])
    expect([name, isWindowsName(name)]).toEqual([name, false]);
  const good = ['.', 'a', 'nullable', 'com', 'com10', 'console', 'a.nul', 'x y', '.hidden', 'ü', "it's"];
  for (const name of good) expect([name, isWindowsName(name)]).toEqual([name, true]);
});
