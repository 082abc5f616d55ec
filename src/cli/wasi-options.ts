/** The options that make up a guest's WASI world, and how they become one. */
import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { nodeDirectory } from '../../embed/node/files';
import { nodeHost } from '../../embed/node/host';
import type { NodeListener } from '../../embed/node/sockets';
import { processStreams } from '../../embed/node/stdio';
import {
  type Companion,
  copyDirectory,
  type DirectoryHandle,
  loadTar,
  MemoryFileSystem,
  overlay,
  type Preopen,
  readOnly,
  type SocketHandle,
  saveTar,
  TarError,
  Wasi,
  WasiExit,
} from '../wasi';
import { InputError, readInput, reasonOf } from './load';
import { type OptionSpec, type Options, parseCount, parseSize, UsageError } from './options';
import { BROKEN_PIPE, complain } from './output';
import { checkOutput } from './output-files';
import { traceLine } from './wasi-trace';

export const WASI_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'dir',
    value: 'HOST[::GUEST[::MODE]]',
    repeatable: true,
    help: 'give the program a directory; MODE is rw (default), ro, overlay or copy (both: changes stay in memory)',
  },
  {
    name: 'env',
    value: 'NAME[=VALUE]',
    repeatable: true,
    help: 'set a variable, or hand on ours of that name',
  },
  { name: 'allow-env', help: 'hand on all our variables' },
  {
    name: 'argv0',
    value: 'NAME',
    help: 'what the program sees as its own name (default: the name of the file)',
  },
  {
    name: 'memory-fs',
    help: 'keep files in memory: every --dir is a copy; without --dir there is an empty /',
  },
  {
    name: 'fs-tar',
    value: 'FILE[::GUEST]',
    repeatable: true,
    help: 'give the program the contents of a tar file, in memory, as / or GUEST',
  },
  {
    name: 'fs-out',
    value: 'FILE[::GUEST]',
    repeatable: true,
    help: 'at the end write the in-memory files of / or GUEST to a tar file',
  },
  {
    name: 'deterministic',
    help: 'virtual clocks, repeatable random numbers, and copies of directories: every run is the same',
  },
  { name: 'seed', value: 'N', help: 'seed of the random numbers of --deterministic (default 0)' },
  { name: 'max-open-files', value: 'N', help: 'descriptors open at a time (default 1024)' },
  {
    name: 'max-file-bytes',
    value: 'SIZE',
    help: 'bytes by which files of each directory may grow; also for files that a snapshot brings',
  },
  { name: 'max-output', value: 'SIZE', help: 'bytes that may be printed' },
  {
    name: 'tcplisten',
    value: 'HOST:PORT',
    repeatable: true,
    help: 'give the program a listening socket, as descriptor 3 and on',
  },
  {
    name: 'nn',
    help: 'give the program wasi-nn; the package "onnxruntime-node", where installed, runs its models (ONNX)',
  },
  {
    name: 'nn-model',
    value: 'NAME::FILE',
    repeatable: true,
    help: 'a model (ONNX) that the program can load by NAME; with --nn',
  },
  { name: 'trace-wasi', help: 'print every WASI call, its arguments and results to standard error' },
];

/** What `tswasm` gives the program as its surroundings. */
export function makeWasi(
  options: Options,
  file: string,
  args: readonly string[],
  sockets: readonly SocketHandle[],
  companions: readonly Companion[],
): Wasi {
  const maxFileBytes = limit(options, 'max-file-bytes', parseSize);
  const openFiles = limit(options, 'max-open-files', parseCount);
  const outputBytes = limit(options, 'max-output', parseSize);
  const seed = limit(options, 'seed', parseCount);
  const streams = processStreams(() => {
    throw new WasiExit(BROKEN_PIPE);
  });
  const directories = preopens(options, maxFileBytes);
  return new Wasi({
    host: nodeHost(streams),
    args: [options.get('argv0') ?? nameOf(file), ...args],
    env: environment(options),
    sockets,
    preopens: directories,
    companions,
    limits: {
      ...(openFiles === undefined ? {} : { openFiles }),
      ...(outputBytes === undefined ? {} : { outputBytes }),
      // What each directory may grow by, all together; a guest without directories gets as much for what a snapshot brings.
      ...(maxFileBytes === undefined ? {} : { fileBytes: maxFileBytes * Math.max(1, directories.length) }),
    },
    ...(isDeterministic(options) ? { deterministic: { seed: seed ?? 0 } } : {}),
    blocking: false,
    ...(options.has('trace-wasi')
      ? { trace: (...call: Parameters<typeof traceLine>) => complain(traceLine(...call)) }
      : {}),
  });
}

/** As wasmtime has it, without the way to the file: that is none of the guest's business, and would travel in its snapshots. */
function nameOf(file: string): string {
  return file === '-' ? 'stdin' : basename(file);
}

/** Makes what the program has beside WASI. */
export async function companionsOf(options: Options): Promise<() => readonly Companion[]> {
  if (options.has('nn')) {
    const { nnOf } = await import('./nn');
    const make = await nnOf(options);
    return () => [make()];
  }
  if (options.has('nn-model')) throw new UsageError('--nn-model is of use with --nn only');
  return () => [];
}

/** The sockets of --tcplisten. */
export async function openListeners(options: Options): Promise<NodeListener[]> {
  const wanted = options.all('tcplisten');
  if (wanted.length === 0) return [];
  const { listen } = await import('../../embed/node/sockets');
  return Promise.all(
    wanted.map(async (text) => {
      const match = /^(.*):(\d+)$/.exec(text);
      if (match === null) throw new UsageError(`--tcplisten ${text}: expected HOST:PORT`);
      try {
        return await listen(match[1].replace(/^\[(.*)\]$/, '$1'), Number(match[2]));
      } catch (error) {
        throw new InputError(`--tcplisten ${text}: ${reasonOf(error)}`);
      }
    }),
  );
}

function limit(
  options: Options,
  name: string,
  parse: (name: string, text: string) => number,
): number | undefined {
  const text = options.get(name);
  return text === undefined ? undefined : parse(name, text);
}

function environment(options: Options): [string, string][] {
  const env = new Map<string, string>();
  if (options.has('allow-env')) {
    for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env.set(name, value);
  }
  for (const text of options.all('env')) {
    const equals = text.indexOf('=');
    if (equals === 0) throw new UsageError(`--env ${text}: a variable needs a name`);
    if (equals > 0) env.set(text.slice(0, equals), text.slice(equals + 1));
    else {
      const value = process.env[text];
      if (value !== undefined) env.set(text, value);
    }
  }
  return [...env];
}

/** Clocks and random numbers are virtual. */
export function isDeterministic(options: Options): boolean {
  return options.has('deterministic') || options.has('seed');
}

const MODES = ['rw', 'ro', 'overlay', 'copy'] as const;
type Mode = (typeof MODES)[number];

function preopens(options: Options, maxBytes: number | undefined): Preopen[] {
  const inMemory = options.has('memory-fs') || isDeterministic(options);
  const made: Preopen[] = options.all('dir').map((text) => {
    const [host, guest = host, mode = inMemory ? 'copy' : 'rw', ...more] = text.split('::');
    if (host === '' || guest === '' || more.length > 0) {
      throw new UsageError(`--dir ${text}: expected HOST, HOST::GUEST or HOST::GUEST::MODE`);
    }
    if (!MODES.includes(mode as Mode))
      throw new UsageError(`--dir ${text}: MODE is one of ${MODES.join(', ')}`);
    return { path: guest, directory: openDirectory(host, mode as Mode, maxBytes, text) };
  });
  for (const text of options.all('fs-tar')) {
    const [file, guest = '/'] = text.split('::');
    made.push({ path: guest, directory: tarDirectory(file, maxBytes) });
  }
  if (options.has('memory-fs') && made.length === 0)
    made.push({ path: '/', directory: memory(maxBytes, () => undefined).directory() });
  return made;
}

/** Other programs have one colon there. */
function colonHint(text: string): string {
  const match = text.includes('::') ? null : /^(.+):([^:]+)$/.exec(text);
  return match !== null && existsSync(match[1]) ? ` (did you mean ${match[1]}::${match[2]}?)` : '';
}

/** Files in memory. What `fill` puts there is no growth; it has the room that there is by default. */
function memory(maxBytes: number | undefined, fill: (files: MemoryFileSystem) => void): MemoryFileSystem {
  const files = MemoryFileSystem.create();
  fill(files);
  if (maxBytes !== undefined) files.limitGrowth(maxBytes);
  return files;
}

function openDirectory(
  host: string,
  mode: Mode,
  maxBytes: number | undefined,
  text: string,
): DirectoryHandle {
  let directory: DirectoryHandle;
  try {
    directory = nodeDirectory(host, maxBytes === undefined ? {} : { maxBytes });
  } catch (error) {
    throw new InputError(`--dir ${host}: ${reasonOf(error)}${colonHint(text)}`);
  }
  if (mode === 'rw') return directory;
  if (mode === 'ro') return readOnly(directory);
  if (mode === 'overlay') return overlay(directory, maxBytes === undefined ? {} : { maxBytes }).directory();
  const files = memory(maxBytes, (copy) => {
    try {
      copyDirectory(directory, copy);
    } catch (error) {
      throw new InputError(`--dir ${host}: ${(error as Error).message}`);
    }
  });
  directory.close();
  return files.directory();
}

/** Refuses, before the run, what --fs-out could not do after it. */
export function checkFilesOut(options: Options, wasi: Wasi): void {
  for (const text of options.all('fs-out')) checkOutput('fs-out', filesOut(text, wasi).file);
}

function filesOut(text: string, wasi: Wasi): { readonly file: string; readonly files: MemoryFileSystem } {
  const [file, guest = '/'] = text.split('::');
  const files = wasi.memoryFiles(guest);
  if (files !== undefined) return { file, files };
  throw new InputError(
    `--fs-out ${text}: the files of ${guest} are not in memory (--memory-fs puts them there)`,
  );
}

/** What --fs-out asks for, after the run. */
export function writeFiles(options: Options, wasi: Wasi): void {
  for (const text of options.all('fs-out')) {
    const { file, files } = filesOut(text, wasi);
    try {
      writeFileSync(file, saveTar(files));
    } catch (error) {
      throw new InputError(`--fs-out ${file}: ${reasonOf(error)}`);
    }
  }
}

function tarDirectory(file: string, maxBytes: number | undefined): DirectoryHandle {
  const fill = (files: MemoryFileSystem) => {
    try {
      loadTar(readInput(file), files);
    } catch (error) {
      if (error instanceof TarError) throw new InputError(`--fs-tar ${file}: ${error.message}`);
      throw error;
    }
  };
  return memory(maxBytes, fill).directory();
}
