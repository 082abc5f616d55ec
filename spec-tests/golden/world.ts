/** WASI worlds of the fixtures: files that a fixture lists, a host whose clocks move only when the guest waits. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nodeDirectory } from '../../src/node';
import {
  type DirectoryHandle,
  FILETYPE,
  inputStream,
  MemoryFileSystem,
  nullStream,
  outputStream,
  overlay,
  type RestorePolicy,
  readOnly,
  type SaveOptions,
  type SocketHandle,
  type U64,
  Wasi,
  type WasiHost,
} from '../../src/wasi';
import { sha256 } from './observe';

/** Path -> contents, one character a byte; a path that ends in a slash is a directory. */
export type Tree = Readonly<Record<string, string>>;

export interface RootSpec {
  readonly path: string;
  readonly kind: 'memory' | 'overlay' | 'host' | 'readonly';
  readonly tree: Tree;
}

export interface WorldSpec {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Seed of a deterministic world. */
  readonly seed?: number;
  readonly sockets?: number;
  readonly roots: readonly RootSpec[];
  readonly save?: SaveOptions;
  readonly policy?: RestorePolicy;
  /** Further words for the command line. */
  readonly words?: readonly string[];
}

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

function fillFolder(folder: string, tree: Tree): void {
  for (const [name, contents] of Object.entries(tree)) {
    const file = path.join(folder, name);
    mkdirSync(name.endsWith('/') ? file : path.dirname(file), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(file, latin1(contents));
  }
}

export function readFolder(folder: string, prefix = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      tree[`${prefix}${entry.name}/`] = '';
      Object.assign(tree, readFolder(inner, `${prefix}${entry.name}/`));
    } else tree[`${prefix}${entry.name}`] = readFileSync(inner).toString('latin1');
  }
  return tree;
}

function memoryTree(tree: Tree): MemoryFileSystem {
  const files = MemoryFileSystem.create();
  for (const [name, contents] of Object.entries(tree)) {
    if (name.endsWith('/')) files.makeDirectory(name);
    else files.writeFile(name, latin1(contents));
  }
  return files;
}

function nanoseconds(value: bigint): U64 {
  return { lo: Number(value & 0xffffffffn), hi: Number(value >> 32n) };
}

/** Its time stands still until the guest waits. */
class StillHost implements WasiHost {
  private passed = 0n;
  readonly stdin: WasiHost['stdin'];
  readonly stdout: WasiHost['stdout'];
  readonly stderr: WasiHost['stderr'];
  readonly output = { 1: '', 2: '' };

  constructor(stdin: string) {
    this.stdin = inputStream(latin1(stdin));
    this.stdout = outputStream((bytes) => {
      this.output[1] += Buffer.from(bytes).toString('latin1');
    });
    this.stderr = outputStream((bytes) => {
      this.output[2] += Buffer.from(bytes).toString('latin1');
    });
  }
  realtime = (): U64 => nanoseconds(1_700_000_000_000_000_000n + this.passed);
  monotonic = (): U64 => nanoseconds(5_000_000_000_000n + this.passed);
  random = (bytes: Uint8Array): void => {
    bytes.fill(42);
  };
  wait = (nanos: number) => {
    const pass = () => {
      if (Number.isFinite(nanos)) this.passed += BigInt(Math.round(nanos));
    };
    return { promise: Promise.resolve().then(pass), cancel: () => undefined };
  };
}

function silentSocket(): SocketHandle {
  return {
    ...nullStream(),
    kind: 'socket',
    listening: true,
    accept: () => 6,
    peek: () => 0,
    shutdown: () => 0,
  };
}

export class World {
  readonly wasi: Wasi;
  private readonly host: StillHost;
  /** Calls of the guest that have been answered. */
  calls = 0;
  private readonly folders = new Map<string, string>();

  constructor(readonly spec: WorldSpec) {
    this.host = new StillHost(spec.stdin ?? '');
    const { args, env, seed, sockets = 0 } = spec;
    this.wasi = new Wasi({
      host: this.host,
      ...(args && { args }),
      ...(env && { env }),
      ...(seed !== undefined && { deterministic: { seed } }),
      preopens: spec.roots.map((root) => ({ path: root.path, directory: this.directory(root) })),
      sockets: Array.from({ length: sockets }, silentSocket),
      blocking: false,
      trace: () => {
        this.calls++;
      },
    });
  }

  private directory({ path: name, kind, tree }: RootSpec): DirectoryHandle {
    if (kind === 'memory') return memoryTree(tree).directory();
    const folder = this.folderOf(name, tree);
    if (kind === 'overlay') return overlay(nodeDirectory(folder)).directory();
    return kind === 'readonly' ? readOnly(nodeDirectory(folder)) : nodeDirectory(folder);
  }

  /** A folder of this machine behind a root. */
  folderOf(name: string, tree: Tree): string {
    const folder = this.folders.get(name) ?? mkdtempSync(path.join(tmpdir(), 'tswasm-golden-'));
    if (!this.folders.has(name)) fillFolder(folder, tree);
    this.folders.set(name, folder);
    return folder;
  }

  /** Whether no inode number or time of the machine can be in the guest's memory. */
  get ownFiles(): boolean {
    return this.spec.roots.every(({ kind }) => kind === 'memory');
  }

  get stdout(): string {
    return this.host.output[1];
  }
  get stderr(): string {
    return this.host.output[2];
  }

  /** The trees of the host's folders as they are now. */
  hostTrees(): Record<string, Record<string, string>> {
    return Object.fromEntries([...this.folders].map(([name, folder]) => [name, readFolder(folder)]));
  }

  /** Root -> path -> size and SHA-256. */
  files(): Record<string, Record<string, string>> {
    const all: Record<string, Record<string, string>> = {};
    for (const { path: root } of this.spec.roots) {
      const inMemory = this.wasi.memoryFiles(root);
      const folder = this.folders.get(root);
      if (inMemory !== undefined) all[root] = memoryListing(inMemory);
      else if (folder !== undefined) all[root] = treeListing(readFolder(folder));
    }
    return all;
  }

  dispose(): void {
    this.wasi.dispose();
    for (const folder of this.folders.values()) rmSync(folder, { recursive: true, force: true });
  }
}

const summary = (bytes: Uint8Array) => `${bytes.length} ${sha256(bytes)}`;
export function treeListing(tree: Tree): Record<string, string> {
  const entries = Object.entries(tree);
  return Object.fromEntries(entries.map(([n, text]) => [n, n.endsWith('/') ? '' : summary(latin1(text))]));
}
function memoryListing(files: MemoryFileSystem): Record<string, string> {
  const listing: Record<string, string> = {};
  for (const { path: name, type, bytes, target } of files.entries()) {
    if (type === FILETYPE.DIRECTORY) listing[`${name}/`] = '';
    else listing[name] = bytes === undefined ? `-> ${target}` : summary(bytes);
  }
  return listing;
}
