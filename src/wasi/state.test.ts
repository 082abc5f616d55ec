import { describe, expect, it } from 'vitest';
import { copyDirectory, MemoryFileSystem } from './files/memory';
import { overlay } from './files/overlay';
import { readOnly } from './files/readonly';
import type { DirectoryHandle, SocketHandle } from './host';
import { decodeState, encodeState } from './state';
import { StateError } from './state/codec';
import type { RestorePolicy } from './state/restore';
import type { SaveOptions } from './state/save';
import { inputStream, nullStream } from './streams';
import { type FakeGuest, FakeHost, fakeGuest, WRITE } from './testing';

/** Hides that files are in memory, so that they count as files of the host. */
function asHost(files: MemoryFileSystem): DirectoryHandle {
  const wrap = (directory: DirectoryHandle): DirectoryHandle => ({
    kind: 'directory',
    stat: () => directory.stat(),
    close: () => directory.close(),
    openDirectory: (name) => wrapped(directory.openDirectory(name)),
    open: (name, options) => wrapped(directory.open(name, options)),
    statAt: (name) => directory.statAt(name),
    setTimes: (a, m) => directory.setTimes(a, m),
    setTimesAt: (name, a, m) => directory.setTimesAt(name, a, m),
    readLink: (name) => directory.readLink(name),
    symlink: (target, name) => directory.symlink(target, name),
    makeDirectory: (name) => directory.makeDirectory(name),
    removeDirectory: (name) => directory.removeDirectory(name),
    unlink: (name) => directory.unlink(name),
    rename: (name, target, to) => directory.rename(name, inner.get(target) ?? target, to),
    link: (name, target, to) => directory.link(name, inner.get(target) ?? target, to),
    list: () => directory.list(),
    sync: () => directory.sync(),
  });
  const inner = new Map<DirectoryHandle, DirectoryHandle>();
  // biome-ignore lint/suspicious/noExplicitAny: whatever the inner handle gives
  const wrapped = (handle: any): any => {
    if (typeof handle === 'number') return handle;
    if (handle.kind === 'file') {
      const file = handle;
      return {
        kind: 'file',
        stat: () => file.stat(),
        size: () => file.size(),
        read: (b: Uint8Array[], p: number) => file.read(b, p),
        write: (b: Uint8Array[], p: number) => file.write(b, p),
        setSize: (n: number) => file.setSize(n),
        sync: () => 0,
        close: () => file.close(),
        setTimes: () => 0,
      };
    }
    const directory = wrap(handle);
    inner.set(directory, handle);
    return directory;
  };
  return wrapped(files.directory());
}

function copyOf(files: MemoryFileSystem): MemoryFileSystem {
  const copy = MemoryFileSystem.create();
  copyDirectory(files.directory(), copy);
  return copy;
}

function move(from: FakeGuest, to: FakeGuest, save?: SaveOptions, policy?: RestorePolicy): Uint8Array {
  const state = from.wasi.saveState(save);
  to.wasi.restoreState(state, policy);
  return state;
}

const textOf = (files: MemoryFileSystem | undefined, path: string) =>
  Buffer.from(files?.readFile(path) ?? []).toString();

describe('a world in memory', () => {
  const build = () => {
    const files = MemoryFileSystem.create();
    files.writeFile('dir/a', 'A'.repeat(100_000));
    files.symlink('dir/a', 'l');
    const g = fakeGuest({
      host: new FakeHost({ stdin: inputStream(Buffer.from('first second')) }),
      args: ['prog', 'x'],
      env: { HOME: '/' },
      preopens: [{ path: '/', directory: files.directory() }],
      deterministic: { seed: 5 },
    });
    g.read(0, 6);
    const fd = g.open('out', { oflags: 1, rights: WRITE, fdflags: 1 }) as number;
    g.write(fd, 'half of it');
    const gone = g.open('gone', { oflags: 1, rights: WRITE }) as number;
    g.write(gone, 'nameless');
    g.path('path_unlink_file', 'gone');
    const dir = g.open('dir', { oflags: 2 }) as number;
    g.readdir(dir);
    g.call('random_get', 100, 16);
    return { g, fd, gone, dir };
  };

  it('goes on elsewhere as if nothing had happened', () => {
    const here = build();
    const there = fakeGuest({
      host: new FakeHost({ stdin: inputStream(new Uint8Array(0)) }),
      preopens: [{ path: '/', directory: MemoryFileSystem.create().directory() }],
    });
    const state = move(here.g, there);
    expect(there.wasi.saveState()).toEqual(state);
    expect(there.wasi.stateDigest()).toBe(here.g.wasi.stateDigest());
    for (const g of [here.g, there]) {
      expect(g.read(0)).toBe('second');
      g.write(here.fd, ', and the rest');
      g.call('fd_seek', here.gone, 0, 0, 100);
      expect(g.read(here.gone)).toBe('nameless');
      expect(g.readdir(here.dir, 2).map(({ name }) => name)).toEqual(['a']);
      expect(textOf(g.wasi.memoryFiles('/'), 'out')).toBe('half of it, and the rest');
      g.call('args_sizes_get', 100, 104);
      expect([g.u32(100), g.u32(104)]).toEqual([2, 7]);
      g.call('random_get', 200, 16);
      g.call('clock_time_get', 1, 0, 300);
    }
    expect(there.bytes.subarray(200, 308)).toEqual(here.g.bytes.subarray(200, 308));
    expect(there.open('l', { follow: true })).toBe(here.g.open('l', { follow: true }));
  });

  it('is the same bytes for the same run', () => {
    expect(build().g.wasi.saveState()).toEqual(build().g.wasi.saveState());
  });

  it('can leave its files behind, when the other host has the same', () => {
    const files = MemoryFileSystem.create();
    files.writeFile('f', 'contents');
    const world = (own: MemoryFileSystem) =>
      fakeGuest({ preopens: [{ path: '/', directory: own.directory() }] });
    const here = world(files);
    const fd = here.open('f') as number;
    here.read(fd, 3);
    const same = copyOf(files);
    const state = here.wasi.saveState({ memory: 'digest' });
    const there = world(same);
    there.wasi.restoreState(state);
    expect(there.read(fd)).toBe('tents');
    const other = copyOf(files);
    other.writeFile('f', 'different');
    expect(() => world(other).wasi.restoreState(state)).toThrow('not those of the state');
    expect(() => fakeGuest().wasi.restoreState(state)).toThrow('not given');
  });

  it('takes an overlay to the same base', () => {
    const base = MemoryFileSystem.create();
    base.writeFile('d/a', 'base a');
    base.writeFile('d/b', 'base b');
    base.writeFile('c', 'base c');
    const world = (below: MemoryFileSystem) =>
      fakeGuest({ preopens: [{ path: '/', directory: overlay(asHost(below)).directory() }] });
    const here = world(base);
    const fd = here.open('d/a', { rights: WRITE }) as number;
    here.write(fd, 'BASE');
    here.path('path_unlink_file', 'd/b');
    const state = here.wasi.saveState();
    const there = world(copyOf(base));
    there.wasi.restoreState(state);
    expect(there.read(fd)).toBe(' a');
    expect(there.stat('d/b')).toBe('ENOENT');
    expect(textOf(there.wasi.memoryFiles('/'), 'd/a')).toBe('BASE a');
    expect(textOf(there.wasi.memoryFiles('/'), 'c')).toBe('base c');
    const less = MemoryFileSystem.create();
    expect(() => world(less).wasi.restoreState(state)).toThrow('in the base directory');
    expect(() => fakeGuest().wasi.restoreState(state)).toThrow('must be an overlay');
  });
});

describe('files of the host', () => {
  const files = () => {
    const made = MemoryFileSystem.create();
    made.writeFile('dir/f', 'abcdef');
    return made;
  };
  const world = (own: MemoryFileSystem) => fakeGuest({ preopens: [{ path: '/', directory: asHost(own) }] });

  it('are opened again below the new root', () => {
    const here = world(files());
    const fd = here.open('dir/../dir/f') as number;
    const dir = here.open('dir', { oflags: 2 }) as number;
    here.readdir(dir);
    here.read(fd, 2);
    const elsewhere = files();
    elsewhere.writeFile('dir/newer', '');
    const there = world(elsewhere);
    const state = move(here, there, { digests: true });
    expect(there.read(fd)).toBe('cdef');
    expect(there.readdir(dir, 2).map(({ name }) => name)).toEqual(['f']);
    expect(Buffer.from(state).includes('tswasm')).toBe(false);
  });

  it('must be the same files', () => {
    const here = world(files());
    here.open('dir/f');
    const state = here.wasi.saveState({ digests: true });
    const changed = (contents: string | undefined) => {
      const other = MemoryFileSystem.create();
      if (contents !== undefined) other.writeFile('dir/f', contents);
      return other;
    };
    const restore = (other: MemoryFileSystem, policy?: RestorePolicy) => () =>
      world(other).wasi.restoreState(state, policy);
    expect(restore(changed('abcde'))).toThrow('has 5 bytes here, had 6');
    expect(restore(changed('ABCDEF'))).toThrow('other contents');
    expect(restore(changed('ABCDEF'), { check: 'size' })).not.toThrow();
    expect(restore(changed('other'), { check: 'none' })).not.toThrow();
    expect(restore(changed(undefined))).toThrow('ENOENT; its contents are not in the state');
    expect(restore(changed(undefined), { files: ['reopen', 'detach'] })).not.toThrow();
    expect(restore(changed(undefined), { files: [] })).toThrow('the policy allows nothing');
    const link = MemoryFileSystem.create();
    link.makeDirectory('dir');
    link.symlink('../outside', 'dir/f');
    expect(restore(link)).toThrow('ELOOP');
  });

  it('can come along', () => {
    const here = world(files());
    const fd = here.open('dir/f', { rights: WRITE }) as number;
    here.read(fd, 2);
    const there = world(MemoryFileSystem.create());
    move(here, there, { contents: 'all' }, { files: ['copy'] });
    expect(there.write(fd, 'XY')).toBe(2);
    expect(there.read(fd)).toBe('ef');
  });

  it('come along when nothing leads to them any more', () => {
    const own = files();
    const here = world(own);
    const fd = here.open('dir/f', { rights: WRITE }) as number;
    here.path('path_unlink_file', 'dir/f');
    own.writeFile('dir/f', 'a new file of that name');
    const there = world(files());
    move(here, there);
    expect(there.read(fd)).toBe('abcdef');
    expect(() => here.wasi.saveState({ maxContents: 3 })).toThrow(StateError);
  });

  it('are found after renames of the guest', () => {
    const own = files();
    const here = world(own);
    const fd = here.open('dir/f') as number;
    const dir = here.open('dir', { oflags: 2 }) as number;
    expect(here.call('path_rename', 3, ...here.place('dir'), 3, ...here.place('moved'))).toBe('ESUCCESS');
    const there = world(copyOf(own));
    move(here, there);
    expect(there.read(fd)).toBe('abcdef');
    expect(there.open('f', { at: dir })).toBeTypeOf('number');
  });

  it('detached descriptors stay, and say IO', () => {
    const here = world(files());
    const fd = here.open('dir/f', { rights: WRITE }) as number;
    const there = world(MemoryFileSystem.create());
    move(here, there, {}, { files: ['detach'] });
    expect(there.read(fd)).toBe('EIO');
    expect(there.write(fd, 'x')).toBe('EIO');
    expect(there.open('new', { oflags: 1, rights: WRITE })).toBe(fd + 1);
    const again = world(MemoryFileSystem.create());
    again.open('new', { oflags: 1, rights: WRITE });
    again.wasi.restoreState(there.wasi.saveState());
    expect(again.read(fd)).toBe('EIO');
  });

  it('bring no root that was not given, and no given one twice', () => {
    const memory = fakeGuest({ preopens: [{ path: '/', directory: files().directory() }] });
    expect(() => move(memory, fakeGuest())).toThrow('no directory is given for /');
    const doc = decodeState(memory.wasi.saveState());
    const twice = encodeState({ ...doc, roots: [doc.roots[0], doc.roots[0]] });
    expect(() => world(files()).wasi.restoreState(twice)).toThrow('no directory is given for /');
  });

  it('that are lost travel twice', () => {
    const here = world(files());
    const fd = here.open('dir/f', { rights: WRITE }) as number;
    here.path('path_unlink_file', 'dir/f');
    const there = world(MemoryFileSystem.create());
    move(here, there);
    there.call('fd_seek', fd, 0, 2, 100);
    there.write(fd, 'ghi');
    const further = world(MemoryFileSystem.create());
    move(there, further);
    further.call('fd_seek', fd, 0, 0, 100);
    expect(further.read(fd)).toBe('abcdefghi');
  });

  it('need a root of the same name', () => {
    const here = world(files());
    const there = fakeGuest({ preopens: [{ path: '/other', directory: asHost(files()) }] });
    expect(() => move(here, there)).toThrow('no directory is given for /');
  });
});

it('sockets are detached', () => {
  const socket: SocketHandle = {
    ...nullStream(),
    kind: 'socket',
    listening: true,
    accept: () => 6,
    peek: () => 0,
    shutdown: () => 0,
  };
  const here = fakeGuest({ sockets: [socket] });
  const there = fakeGuest();
  move(here, there);
  expect(there.read(3)).toBe('EIO');
  expect(() => move(here, fakeGuest(), {}, { streams: [] })).toThrow('descriptor 3');
});

it('the monotonic clock never jumps back, the time of day is that of the new host', () => {
  const host = new FakeHost();
  const here = fakeGuest({ host });
  host.pass(5e9);
  const other = new FakeHost();
  other.uptime = { lo: 1, hi: 0 };
  const there = fakeGuest({ host: other });
  move(here, there);
  other.pass(7);
  there.call('clock_time_get', 1, 0, 100);
  expect(there.u64(100)).toBe(5e9 + 7);
});

it('unread input is refused by a stream that cannot take it back', () => {
  const here = fakeGuest({ host: new FakeHost({ stdin: inputStream(Buffer.from('rest')) }) });
  expect(() => move(here, fakeGuest({ host: new FakeHost({ stdin: nullStream() }) }))).toThrow(
    'unread bytes',
  );
});

describe('hostile states', () => {
  const files = MemoryFileSystem.create();
  files.writeFile('d/f', 'x'.repeat(300));
  files.symlink('d/f', 'l');
  const here = fakeGuest({
    host: new FakeHost({ stdin: inputStream(Buffer.from('rest')) }),
    args: ['a'],
    preopens: [
      { path: '/', directory: files.directory() },
      { path: '/host', directory: asHost(copyOf(files)) },
      { path: '/ro', directory: readOnly(copyOf(files).directory()) },
    ],
    deterministic: { seed: 1 },
  });
  here.open('d/f');
  here.open('d/f', { at: 4 });
  here.readdir(here.open('d', { at: 4, oflags: 2 }) as number);
  const good = here.wasi.saveState({ digests: true });
  const fresh = () =>
    fakeGuest({
      host: new FakeHost({ stdin: inputStream(new Uint8Array(0)) }),
      preopens: [
        { path: '/', directory: MemoryFileSystem.create().directory() },
        { path: '/host', directory: asHost(copyOf(files)) },
        { path: '/ro', directory: readOnly(copyOf(files).directory()) },
      ],
    });

  it('the good one is good', () => {
    const there = fresh();
    there.wasi.restoreState(good);
    expect(there.wasi.saveState({ digests: true })).toEqual(good);
    expect(encodeState(decodeState(good))).toEqual(good);
  });

  it('is refused when it is cut off anywhere', () => {
    for (let length = 0; length < good.length; length++) {
      expect(() => fresh().wasi.restoreState(good.subarray(0, length))).toThrow(StateError);
    }
  });

  it('is refused, or good, whatever is changed; and a refused one changes nothing', () => {
    let seed = 3;
    const next = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed >>> 4;
    };
    let refused = 0;
    for (let round = 0; round < 1000; round++) {
      const bad = good.slice();
      for (let k = next() % 3; k >= 0; k--) bad[next() % bad.length] = next();
      const there = fresh();
      const before = there.wasi.saveState();
      try {
        there.wasi.restoreState(bad);
        there.wasi.saveState();
      } catch (error) {
        if (!(error instanceof StateError)) throw error;
        refused++;
        expect(there.wasi.saveState()).toEqual(before);
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  it.each<[string, (doc: ReturnType<typeof decodeState>) => object, string]>([
    [
      'a path that leads up',
      (d) => ({ descriptors: [{ ...d.descriptors[3], fd: 0, path: '../x', preopen: false }] }),
      'bad path',
    ],
    [
      'an absolute path',
      (d) => ({ descriptors: [{ ...d.descriptors[3], fd: 0, path: '/x', preopen: false }] }),
      'bad path',
    ],
    [
      'the same descriptor twice',
      (d) => ({ descriptors: [d.descriptors[0], d.descriptors[0]] }),
      'bad descriptor',
    ],
    [
      'a descriptor beyond the limit',
      (d) => ({ descriptors: [{ ...d.descriptors[0], fd: 5000 }] }),
      'bad descriptor',
    ],
    ['a root that is not there', (d) => ({ descriptors: [{ ...d.descriptors[3], root: 9 }] }), 'no root'],
    [
      'a preopen that is a file',
      (d) => ({ descriptors: [{ ...d.descriptors[6], preopen: true }] }),
      'cannot be a preopen',
    ],
    [
      'rights beyond all',
      (d) => ({ descriptors: [{ ...d.descriptors[0], rights: 0xffffffff }] }),
      'unknown right',
    ],
    ['an empty random state', () => ({ random: new Int32Array(4) }), 'random state'],
    [
      'a file in memory that is not there',
      (d) => ({
        descriptors: [{ ...d.descriptors[6], source: { kind: 'memory', ino: 99, read: true, write: true } }],
      }),
      'does not have',
    ],
  ])('%s', (_, change, message) => {
    const doc = decodeState(good);
    const bad = encodeState({ ...doc, ...change(doc) });
    expect(() => fresh().wasi.restoreState(bad)).toThrow(message);
  });
});
