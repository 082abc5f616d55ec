/**
 * What processes have found out about a module, kept between them in the user's cache folder: what validating it has told, and what the native tier
 * has emitted. A later one that has the same bytes validates no bodies and emits nothing.
 *
 * A file is as good as the program that wrote it: so the folder must be the user's own, and is for one build of tswasm, one version of
 * Node and one architecture. What cannot be read, or belongs to something else, is as if it were not there; what cannot be written is left.
 * Files are replaced as a whole.
 */
import {
  appendFileSync,
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Contents, contentsOf, headOf } from './kept-file';

/** Names a folder in place of the user's; `off`: there is none. */
const VARIABLE = 'TSWASM_CACHE';

/** Bytes that all files of the folder may have; the ones that were not used for longest go first. */
const MOST_BYTES = 2 ** 28;
/** A file's times say when it was used, to within this: milliseconds. */
const TIME_UNIT = 3_600_000;

/** Where the user keeps such things; undefined: nowhere. */
export function userFolder(): string | undefined {
  const { env, platform } = process;
  const given = env[VARIABLE];
  if (given === 'off' || env['NODE_DISABLE_COMPILE_CACHE']) return undefined;
  if (given) return resolve(given);
  const inside = (folder: string | undefined, ...names: string[]) =>
    folder && join(folder, ...names, 'tswasm');
  if (platform === 'win32') return inside(env['LOCALAPPDATA']);
  if (platform === 'darwin') return inside(env['HOME'], 'Library', 'Caches');
  return inside(env['XDG_CACHE_HOME']) ?? inside(env['HOME'], '.cache');
}

declare const TSWASM_BUILD: string;
/** This build, which a name stands for (scripts/library.mjs); undefined where it is not a built one. */
const build = typeof TSWASM_BUILD === 'string' ? TSWASM_BUILD : undefined;

/** Bytes of a module that its file's name is made of. Another module with that name takes its place. */
const SAMPLES = 1024;
function nameOf(bytes: Uint8Array, salt: string): string {
  let sum = bytes.length | 0;
  const add = (value: number) => {
    sum = Math.imul(sum ^ value, 0x9e3779b1);
    sum ^= sum >>> 15;
  };
  for (let k = 0; k < salt.length; k++) add(salt.charCodeAt(k));
  const step = Math.max(1, Math.floor(bytes.length / SAMPLES));
  for (let at = bytes.length - 1; at >= 0; at -= step) add(bytes[at]);
  return (sum >>> 0).toString(16).padStart(8, '0');
}
/** Names of folders and files, those of processes that have been killed included. */
const FOLDER = /^\w+-v\d+\.\d+\.\d+-\w+$/;
const FILE = /^[\da-f]{8}(-\d+)?$/;

export class KeptModule {
  /** Undefined: nobody knows. */
  readonly contents: Contents | undefined;
  private readonly folder: string;
  private readonly file: string;

  private constructor(folder: string, file: string, contents: Contents | undefined) {
    this.folder = folder;
    this.file = file;
    this.contents = contents;
  }

  /**
   * In parts. `salt`: what else it depends on. Undefined where this is no build that has a name, and where the folder is somebody else's.
   */
  static *in(
    base: string,
    bytes: Uint8Array,
    salt: string,
    name = build,
  ): Generator<undefined, KeptModule | undefined> {
    const folder = folderIn(base, name);
    if (folder === undefined) return undefined;
    const file = join(folder, nameOf(bytes, salt));
    return new KeptModule(folder, file, yield* read(file, bytes));
  }

  /** `bytes`: those that it has been made with. */
  write(contents: Contents, bytes: Uint8Array): void {
    const { folder, file } = this;
    const head = headOf(contents);
    const size = head.length + bytes.length;
    if (size > MOST_BYTES) return;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      makeRoom(dirname(folder), MOST_BYTES - size);
      replace(file, head, bytes);
    } catch {
      // Not ours to write, or no room: then the next process finds out as much as this one.
    }
  }
}

/** Undefined where this is no build that has a name, and where the folder is somebody else's. */
export function folderIn(base: string, name = build): string | undefined {
  if (name === undefined) return undefined;
  const folder = join(base, `${name}-${process.version}-${process.arch}`);
  return isOthers(folder) ? undefined : folder;
}

/** Undefined where it is not there, or is not whole. */
function* read(file: string, bytes: Uint8Array): Generator<undefined, Contents | undefined, undefined> {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const { size, mtimeMs } = fstatSync(fd);
    const contents = yield* contentsOf(new OpenFile(fd, size), bytes);
    const now = Date.now();
    if (contents !== undefined && now - mtimeMs > TIME_UNIT) utimesSync(file, now / 1e3, now / 1e3);
    return contents;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

class OpenFile {
  constructor(
    private readonly fd: number,
    readonly length: number,
  ) {}

  read(into: Uint8Array, at: number): void {
    for (let done = 0; done < into.length; ) {
      const count = readSync(this.fd, into, done, into.length - done, at + done);
      if (count === 0) throw new Error('it has become shorter');
      done += count;
    }
  }
}

/** Whole or not at all: others may be reading it. */
function replace(file: string, head: Uint8Array, module: Uint8Array): void {
  const partial = `${file}-${process.pid}`;
  try {
    writeFileSync(partial, head, { mode: 0o600 });
    appendFileSync(partial, module);
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Whether it is there and not a folder that is the user's alone, or cannot be. */
function isOthers(folder: string): boolean {
  let stat: Stats | undefined;
  try {
    stat = lstatSync(folder, { throwIfNoEntry: false });
  } catch {
    return true;
  }
  if (stat === undefined) return false;
  const { getuid, platform } = process;
  const mayOthersWrite = platform !== 'win32' && (stat.mode & 0o022) !== 0;
  return !stat.isDirectory() || mayOthersWrite || (getuid !== undefined && stat.uid !== getuid());
}

/** Removes what was not used for longest, of all builds, until the rest has so many bytes at most. */
export function makeRoom(base: string, most: number): void {
  const inside = (folder: string, names: RegExp) =>
    readdirSync(folder)
      .filter((name) => names.test(name))
      .map((name) => join(folder, name));
  const files = inside(base, FOLDER)
    .flatMap((folder) => inside(folder, FILE))
    .map((file) => ({ file, stat: lstatSync(file) }))
    .filter(({ stat }) => stat.isFile())
    .sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs);
  let left = most;
  for (const { file, stat } of files) {
    left -= stat.size;
    if (left < 0) rmSync(file, { force: true });
  }
}
