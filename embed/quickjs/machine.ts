/**
 * What QuickJS programs are given beside the language: the modules `std` and `os`. Bellard's builds call them `std` and `os`, the -ng
 * builds `qjs:std` and `qjs:os`; `qjs --std` also makes them globals; embedders may leave them out altogether.
 */

/** The parts of `std` that are used here. */
export interface Std {
  readonly in: StdFile;
  readonly out: StdFile;
  readonly err: StdFile;
  exit(code: number): never;
  loadFile(path: string): string | null;
  open(path: string, mode: string): StdFile | null;
  getenviron?(): Record<string, string>;
}
export interface StdFile {
  puts(text: string): void;
  getline(): string | null;
  read(buffer: ArrayBuffer, position: number, length: number): number;
  write(buffer: ArrayBuffer, position: number, length: number): number;
  flush(): void;
  close(): void;
}

/** The fields of `os.stat` that are used here; times are milliseconds. */
export interface OsStat {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly size: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
}

/** The parts of `os` that are used here. Functions give a negative errno, or an errno beside their result. */
export interface Os {
  readonly platform: string;
  readonly O_RDONLY: number;
  readonly O_WRONLY: number;
  readonly O_RDWR: number;
  readonly O_APPEND: number;
  readonly O_CREAT: number;
  readonly O_EXCL: number;
  readonly O_TRUNC: number;
  readonly S_IFMT: number;
  readonly S_IFREG: number;
  readonly S_IFDIR: number;
  readonly S_IFLNK: number;
  readonly S_IFCHR: number;
  readonly S_IFBLK: number;
  readonly S_IFIFO: number;
  readonly S_IFSOCK: number;
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): number;
  seek(fd: number, offset: number, whence: number): number;
  read(fd: number, buffer: ArrayBuffer, offset: number, length: number): number;
  write(fd: number, buffer: ArrayBuffer, offset: number, length: number): number;
  isatty(fd: number): boolean;
  remove(path: string): number;
  rename(from: string, to: string): number;
  mkdir(path: string, mode?: number): number;
  readdir(path: string): [string[], number];
  stat(path: string): [OsStat | null, number];
  lstat(path: string): [OsStat | null, number];
  utimes(path: string, atime: number, mtime: number): number;
  symlink(target: string, path: string): number;
  readlink(path: string): [string, number];
  sleep(milliseconds: number): void;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(handle: unknown): void;
  setReadHandler(fd: number, handler: (() => void) | null): void;
}

/** What there is of the machine around QuickJS. */
export interface Machine {
  /** QuickJS' module `std`. */
  readonly std: Std;
  /** QuickJS' module `os`. */
  readonly os: Os;
}

/** `std` and `os` under whichever name they have; undefined when the embedder has left them out. */
export async function findMachine(): Promise<Machine | undefined> {
  const given = globalThis as unknown as Partial<Machine>;
  if (given.std !== undefined && given.os !== undefined) return { std: given.std, os: given.os };
  for (const prefix of ['qjs:', '']) {
    try {
      // The names are put together, or a bundler would look for them.
      const std = (await import(`${prefix}std`)) as Std;
      const os = (await import(`${prefix}os`)) as Os;
      return { std, os };
    } catch {
      // Not under this name.
    }
  }
  return undefined;
}
