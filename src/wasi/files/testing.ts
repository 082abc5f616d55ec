/** The contract of a file system: the same tests for every kind of directory. Run by the tests of each. */
import { beforeEach, describe, expect, it } from 'vitest';
import * as FILETYPE from '../filetype';
import type { DirectoryHandle } from '../host';
import * as RIGHTS from '../rights';
import { ALL, type FakeGuest, FakeHost, fakeGuest, WRITE } from '../testing';
import { u64 } from '../words';

const CREAT = 1;
const DIRECTORY = 2;
const EXCL = 4;
const TRUNC = 8;
const { REGULAR_FILE, DIRECTORY: IS_DIRECTORY, SYMBOLIC_LINK } = FILETYPE;

/** `make` gives an empty directory. */
export function describeFiles(name: string, make: () => DirectoryHandle): void {
  describe(name, () => {
    let g: FakeGuest;
    const create = (path: string, text = '') => {
      const fd = g.open(path, { oflags: CREAT, rights: WRITE }) as number;
      if (text !== '') g.write(fd, text);
      expect(g.call('fd_close', fd)).toBe('ESUCCESS');
    };
    const contents = (path: string, follow = false) => g.read(g.open(path, { follow }) as number);
    const symlink = (target: string, path: string) =>
      g.call('path_symlink', ...g.place(target), 3, ...g.place(path));
    const rename = (from: string, to: string) =>
      g.call('path_rename', 3, ...g.place(from), 3, ...g.place(to));
    const link = (from: string, to: string) => g.call('path_link', 3, 0, ...g.place(from), 3, ...g.place(to));

    beforeEach(() => {
      g = fakeGuest({ host: new FakeHost(), preopens: [{ path: '/', directory: make() }] });
    });

    it('writes, seeks and reads', () => {
      const fd = g.open('f', { oflags: CREAT, rights: WRITE }) as number;
      expect(fd).toBe(4);
      expect(g.write(fd, 'hello world')).toBe(11);
      expect(g.call('fd_tell', fd, 100)).toBe('ESUCCESS');
      expect(g.u64(100)).toBe(11);
      expect(g.call('fd_seek', fd, u64(-5, -1), 2, 100)).toBe('ESUCCESS');
      expect(g.u64(100)).toBe(6);
      expect(g.read(fd)).toBe('world');
      expect(g.read(fd)).toBe('');
      expect(g.call('fd_seek', fd, u64(-100, -1), 1, 100)).toBe('EINVAL');
      expect(g.call('fd_seek', fd, 0, 7, 100)).toBe('EINVAL');
      expect(g.call('fd_seek', fd, 1000, 0, 100)).toBe('ESUCCESS');
      g.write(fd, 'x');
      expect(g.stat('f')).toEqual({ type: REGULAR_FILE, size: 1001 });
    });

    it('scatters and gathers, also at positions', () => {
      const fd = g.open('f', { oflags: CREAT, rights: WRITE }) as number;
      g.call('fd_write', fd, ...g.iovs(g.place('abc'), g.place(''), g.place('defg')), 4000);
      expect(g.u32(4000)).toBe(7);
      expect(g.call('fd_pwrite', fd, ...g.iovs(g.place('XY')), 2, 4000)).toBe('ESUCCESS');
      const [first, second] = [g.place(new Uint8Array(3)), g.place(new Uint8Array(10))];
      expect(g.call('fd_pread', fd, ...g.iovs(first, second), 1, 4000)).toBe('ESUCCESS');
      expect(g.u32(4000)).toBe(6);
      expect([g.text(...first), g.text(second[0], 3)]).toEqual(['bXY', 'efg']);
      g.call('fd_tell', fd, 100);
      expect(g.u64(100)).toBe(7);
      expect(g.call('fd_pread', fd, ...g.iovs(first), u64(0, 0x80000000), 4000)).toBe('EINVAL');
    });

    it('appends', () => {
      create('f', 'one');
      const fd = g.open('f', { rights: WRITE, fdflags: 1 }) as number;
      g.write(fd, 'two');
      g.call('fd_seek', fd, 0, 0, 100);
      g.write(fd, 'three');
      expect(contents('f')).toBe('onetwothree');
      expect(g.call('fd_fdstat_set_flags', fd, 0)).toBe('ESUCCESS');
      g.call('fd_seek', fd, 0, 0, 100);
      g.write(fd, 'ONE');
      expect(contents('f')).toBe('ONEtwothree');
    });

    it('creates, truncates and refuses to create twice', () => {
      expect(g.open('f')).toBe('ENOENT');
      create('f', 'text');
      expect(g.open('f', { oflags: CREAT | EXCL, rights: WRITE })).toBe('EEXIST');
      expect(g.open('f', { oflags: CREAT | DIRECTORY })).toBe('EINVAL');
      g.open('f', { oflags: TRUNC, rights: WRITE });
      expect(g.stat('f')).toEqual({ type: REGULAR_FILE, size: 0 });
      expect(g.open('missing/f', { oflags: CREAT, rights: WRITE })).toBe('ENOENT');
      expect(g.open('f/g', { oflags: CREAT, rights: WRITE })).toBe('ENOTDIR');
    });

    it('sets sizes and allocates', () => {
      const fd = g.open('f', { oflags: CREAT, rights: WRITE }) as number;
      g.write(fd, 'abcdef');
      expect(g.call('fd_filestat_set_size', fd, 3)).toBe('ESUCCESS');
      expect(g.call('fd_filestat_set_size', fd, 5)).toBe('ESUCCESS');
      expect(contents('f')).toBe('abc\0\0');
      expect(g.call('fd_allocate', fd, 2, 2)).toBe('ESUCCESS');
      expect(g.stat('f')).toMatchObject({ size: 5 });
      expect(g.call('fd_allocate', fd, 100, 100)).toBe('ESUCCESS');
      expect(g.stat('f')).toMatchObject({ size: 200 });
      expect(g.call('fd_allocate', fd, 0, 0)).toBe('EINVAL');
      expect(g.call('fd_filestat_set_size', fd, ALL)).toBe('EFBIG');
      for (const name of ['fd_sync', 'fd_datasync']) expect(g.call(name, fd)).toBe('ESUCCESS');
      expect(g.call('fd_advise', fd, 0, 10, 3)).toBe('ESUCCESS');
      expect(g.call('fd_advise', fd, 0, 10, 6)).toBe('EINVAL');
    });

    it('makes and removes directories', () => {
      expect(g.path('path_create_directory', 'd')).toBe('ESUCCESS');
      expect(g.path('path_create_directory', 'd')).toBe('EEXIST');
      expect(g.path('path_create_directory', 'd/e/')).toBe('ESUCCESS');
      expect(g.path('path_create_directory', '.')).toBe('EEXIST');
      create('d/f');
      expect(g.stat('d')).toMatchObject({ type: IS_DIRECTORY });
      expect(g.path('path_remove_directory', 'd')).toBe('ENOTEMPTY');
      expect(g.path('path_remove_directory', 'd/f')).toBe('ENOTDIR');
      expect(g.path('path_unlink_file', 'd/e')).toBe('EISDIR');
      expect(g.path('path_unlink_file', 'd/e/')).toBe('EISDIR');
      expect(g.path('path_unlink_file', 'd/f/')).toBe('ENOTDIR');
      expect(g.path('path_unlink_file', 'd/f')).toBe('ESUCCESS');
      expect(g.path('path_remove_directory', 'd/e/')).toBe('ESUCCESS');
      expect(g.path('path_remove_directory', 'd')).toBe('ESUCCESS');
      expect(g.path('path_remove_directory', 'd')).toBe('ENOENT');
    });

    it('opens directories, and nothing else as one', () => {
      g.path('path_create_directory', 'd');
      create('f');
      const fd = g.open('d', { oflags: DIRECTORY });
      expect(fd).toBe(4);
      expect(g.open('d', { rights: u64(RIGHTS.FD_READ, 0) })).toBe(5);
      expect(g.open('d', { rights: WRITE })).toBe('EISDIR');
      expect(g.open('.', { rights: WRITE })).toBe('EISDIR');
      expect(g.open('f', { oflags: DIRECTORY })).toBe('ENOTDIR');
      expect(g.open('f/')).toBe('ENOTDIR');
      expect(g.open('d/', { oflags: CREAT, rights: WRITE })).toBe('EISDIR');
      expect(g.open('x', { at: 4, oflags: CREAT, rights: WRITE })).toBe(6);
      expect(g.stat('d/x')).toMatchObject({ type: REGULAR_FILE });
      expect(g.open('x', { at: 6 })).toBe('ENOTDIR');
      expect(g.call('fd_read', 4, ...g.iovs([100, 4]), 4000)).toBe('EISDIR');
      expect(g.call('fd_seek', 4, 0, 0, 100)).toBe('EISDIR');
    });

    it('follows symbolic links when asked, and only inside', () => {
      g.path('path_create_directory', 'd');
      create('d/f', 'text');
      symlink('d/f', 'l');
      symlink('d', 'ld');
      expect(g.stat('l')).toMatchObject({ type: SYMBOLIC_LINK });
      expect(g.stat('l', true)).toEqual({ type: REGULAR_FILE, size: 4 });
      expect(contents('l', true)).toBe('text');
      expect(g.open('l')).toBe('ELOOP');
      expect(contents('ld/f')).toBe('text');
      expect(g.open('ld', { oflags: DIRECTORY })).toBe('ELOOP');
      expect(typeof g.open('ld', { oflags: DIRECTORY, follow: true })).toBe('number');
      expect(typeof g.open('ld/')).toBe('number');
      symlink('../l', 'd/up');
      expect(contents('d/up', true)).toBe('text');
      symlink('../../outside', 'd/out');
      expect(g.open('d/out', { follow: true })).toBe('EPERM');
      expect(g.stat('d/out', true)).toBe('EPERM');
      symlink('b', 'a');
      symlink('a', 'b');
      expect(g.open('a', { follow: true })).toBe('ELOOP');
      expect(g.stat('a/x')).toBe('ELOOP');
      expect(g.open('dangling', { follow: true })).toBe('ENOENT');
      symlink('made', 'dangling');
      expect(typeof g.open('dangling', { follow: true, oflags: CREAT, rights: WRITE })).toBe('number');
      expect(g.stat('made')).toMatchObject({ type: REGULAR_FILE });
      expect(g.open('dangling', { follow: true, oflags: CREAT | EXCL, rights: WRITE })).toBe('EEXIST');
    });

    it('makes and reads symbolic links', () => {
      expect(symlink('some/where', 'l')).toBe('ESUCCESS');
      expect(g.call('path_readlink', 3, ...g.place('l'), 100, 50, 4000)).toBe('ESUCCESS');
      expect(g.text(100, g.u32(4000))).toBe('some/where');
      expect(g.call('path_readlink', 3, ...g.place('l'), 100, 4, 4000)).toBe('ESUCCESS');
      expect(g.u32(4000)).toBe(4);
      create('f');
      expect(g.call('path_readlink', 3, ...g.place('f'), 100, 50, 4000)).toBe('EINVAL');
      expect(symlink('x', 'f')).toBe('EEXIST');
      expect(symlink('/etc/passwd', 'abs')).toBe('EPERM');
      expect(symlink('', 'empty')).toBe('ENOENT');
      expect(symlink('x', 'new/')).toBe('ENOENT');
    });

    it('stays inside', () => {
      g.path('path_create_directory', 'd');
      create('f', 'in');
      for (const path of ['..', '../x', 'd/../..', 'd/../../x', '/f', '/', '//f', 'd/../d/../../f']) {
        expect(g.open(path), path).toBe('EPERM');
        expect(g.stat(path, true), path).toBe('EPERM');
        expect(g.path('path_create_directory', path), path).toBe('EPERM');
        expect(rename('f', path), path).toBe('EPERM');
      }
      expect(contents('d/.././d//../f')).toBe('in');
      expect(g.open('')).toBe('ENOENT');
      expect(g.open('f\0')).toBe('EINVAL');
      expect(g.open('x'.repeat(5000))).toBe('ENAMETOOLONG');
      expect(g.open('x'.repeat(300), { oflags: CREAT, rights: WRITE })).toBe('ENAMETOOLONG');
      const [at] = g.place(Uint8Array.of(0xff, 0xfe));
      expect(g.call('path_create_directory', 3, at, 2)).toBe('EILSEQ');
    });

    it('renames', () => {
      g.path('path_create_directory', 'd');
      g.path('path_create_directory', 'e');
      create('f', 'text');
      expect(rename('f', 'd/g')).toBe('ESUCCESS');
      expect(contents('d/g')).toBe('text');
      expect(rename('missing', 'x')).toBe('ENOENT');
      expect(rename('d', 'd/below')).toBe('EINVAL');
      expect(rename('d/g', 'e')).toBe('EISDIR');
      expect(rename('e', 'd/g')).toBe('ENOTDIR');
      expect(rename('e', 'd')).toBe('ENOTEMPTY');
      expect(rename('d', 'e')).toBe('ESUCCESS');
      expect(contents('e/g')).toBe('text');
      expect(rename('e/g/', 'x')).toBe('ENOTDIR');
      expect(rename('e/g', 'x/')).toBe('ENOTDIR');
      expect(rename('e/', 'h/')).toBe('ESUCCESS');
      expect(rename('.', 'x')).toBe('EBUSY');
      create('other');
      expect(rename('h/g', 'other')).toBe('ESUCCESS');
      expect(contents('other')).toBe('text');
    });

    it('links', () => {
      create('f', 'text');
      g.path('path_create_directory', 'd');
      expect(link('f', 'd/g')).toBe('ESUCCESS');
      const fd = g.open('d/g', { rights: WRITE }) as number;
      g.write(fd, 'TEXT');
      expect(contents('f')).toBe('TEXT');
      expect(g.call('fd_filestat_get', fd, 3900)).toBe('ESUCCESS');
      expect(g.u64(3924)).toBe(2);
      expect(link('f', 'd/g')).toBe('EEXIST');
      expect(link('d', 'e')).toBe('EPERM');
      expect(link('missing', 'e')).toBe('ENOENT');
      expect(link('f', 'new/')).toBe('ENOENT');
      expect(g.call('path_link', 3, 1, ...g.place('f'), 3, ...g.place('x'))).toBe('EINVAL');
    });

    it('keeps files that are open after they are unlinked', () => {
      create('f', 'text');
      const fd = g.open('f', { rights: WRITE }) as number;
      expect(g.path('path_unlink_file', 'f')).toBe('ESUCCESS');
      expect(g.read(fd)).toBe('text');
      expect(g.write(fd, 'more')).toBe(4);
      create('f', 'new');
      expect(contents('f')).toBe('new');
    });

    it('sets times to the nanosecond', () => {
      create('f');
      const [mtim, atim] = [1_600_000_000_123_456_789n, 1_500_000_000_987_654_321n];
      const words = (n: bigint) => u64(Number(n & 0xffffffffn), Number(n >> 32n));
      const at = () => {
        g.call('path_filestat_get', 3, 0, ...g.place('f'), 3900);
        return [3940, 3948].map((p) => (BigInt(g.u32(p + 4)) << 32n) | BigInt(g.u32(p)));
      };
      const set = (flags: number) =>
        g.call('path_filestat_set_times', 3, 0, ...g.place('f'), words(atim), words(mtim), flags);
      expect(set(1 | 4)).toBe('ESUCCESS');
      expect(at()).toEqual([atim, mtim]);
      expect(set(3)).toBe('EINVAL');
      expect(set(12)).toBe('EINVAL');
      const fd = g.open('f', { rights: WRITE }) as number;
      expect(g.call('fd_filestat_set_times', fd, 0, words(mtim + 1n), 4)).toBe('ESUCCESS');
      expect(at()).toEqual([atim, mtim + 1n]);
      expect(g.call('fd_filestat_set_times', fd, 0, 0, 8)).toBe('ESUCCESS');
      expect(at()[1]).toBe(1_700_000_000_000_000_000n);
      expect(g.call('fd_filestat_set_times', 3, 0, words(mtim), 4)).toBe('ESUCCESS');
    });

    it('lists directories, whatever the size of the buffer', () => {
      const names = Array.from({ length: 30 }, (_, i) => `file${String(i).padStart(2, '0')}`);
      for (const name of names) create(name);
      g.path('path_create_directory', 'sub');
      const all = g.readdir(3);
      expect(all.map(({ name }) => name)).toEqual(['.', '..', ...names, 'sub']);
      expect(all.at(-1)).toMatchObject({ type: IS_DIRECTORY });
      for (const size of [40, 64, 100, 333]) {
        const seen: string[] = [];
        for (let cookie = 0; ; ) {
          const part = g.readdir(3, cookie, size);
          if (part.length === 0) break;
          seen.push(...part.map(({ name }) => name));
          cookie = part.at(-1)!.next;
        }
        expect(seen).toEqual(all.map(({ name }) => name));
      }
      expect(g.readdir(3, all[4].next)[0].name).toBe(all[5].name);
      expect(g.readdir(3, 1e15)).toEqual([]);
      expect(g.readdir(3, 0, 10)).toEqual([]);
    });

    it('goes on with a listing while entries are removed', () => {
      for (const name of ['a', 'b', 'c', 'd']) create(name);
      const fd = g.open('.', { oflags: DIRECTORY }) as number;
      let cookie = 0;
      const seen: string[] = [];
      for (;;) {
        const [entry] = g.readdir(fd, cookie, 32);
        if (entry === undefined) break;
        seen.push(entry.name);
        cookie = entry.next;
        if (entry.type === REGULAR_FILE) expect(g.path('path_unlink_file', entry.name)).toBe('ESUCCESS');
      }
      expect(seen).toEqual(['.', '..', 'a', 'b', 'c', 'd']);
      expect(g.readdir(fd).length).toBe(2);
    });

    it('has one identity for each file', () => {
      create('a');
      create('b');
      const identity = (path: string) => {
        g.call('path_filestat_get', 3, 0, ...g.place(path), 3900);
        return [g.u64(3900), g.u64(3908)];
      };
      expect(identity('a')).toEqual(identity('a'));
      expect(identity('a')[0]).toBe(identity('b')[0]);
      expect(identity('a')[1]).not.toBe(identity('b')[1]);
      const listed = g.readdir(3).find(({ name }) => name === 'a');
      expect(listed?.ino).toBe(identity('a')[1]);
      rename('a', 'c');
      expect(identity('c')[1]).toBe(listed?.ino);
    });
  });
}
