/**
 * `qjs dist/quickjs/run.js [options] program.wasm [arguments...]`: runs a WASI program, or goes on with a stopped one. A part of what the
 * command `tswasm` does, with the same names and the same files.
 */

import { Budget, parseTimeout, StoppedError, type Timeout } from './budget';
import {
  copyDirectory,
  type DirectoryHandle,
  Execution,
  Func,
  findMachine,
  inheritedStreams,
  instantiatePaused,
  type Machine,
  MemoryFileSystem,
  postmortem,
  quickjsDirectory,
  quickjsHost,
  restore,
  Store,
  snapshot,
  Wasi,
  WasiExit,
} from './index';

const USAGE = `usage: qjs run.js [options] program.wasm [arguments...]
  --dir HOST[::GUEST]    give the program a directory
  --env NAME=VALUE       set a variable
  --snapshot-to F.dmp    with --after-fuel: stop and write a snapshot
  --after-fuel N         after N safepoints (branches to loops, function entries)
  --fuel N               end the program after N of those
  --timeout TIME         end it after this time, for example 500ms, 5s or 2m
  --resume F.dmp         go on from a snapshot of this program
  --deterministic        virtual clocks, repeatable random numbers, and copies of directories: every run is the same
  --seed N               of the random numbers of --deterministic (0)
  --state-hash           at the end print a hash of the whole state
`;

/** The user typed something that is not understood, or a file is not there. */
class UsageError extends Error {}

interface Options {
  dirs: [host: string, guest: string][];
  env: [name: string, value: string][];
  snapshotTo?: string;
  afterFuel?: number;
  fuel?: number;
  timeout?: Timeout;
  resume?: string;
  seed?: number;
  stateHash: boolean;
  words: string[];
}

function timeoutOf(name: string, text: string): Timeout {
  const timeout = parseTimeout(text);
  if (timeout === undefined) throw new UsageError(`${name} needs a time, for example 500ms, 5s or 2m`);
  return timeout;
}

function parse(words: string[]): Options {
  const options: Options = { dirs: [], env: [], stateHash: false, words: [] };
  let k = 0;
  const value = (): string => {
    const next = words[k + 1];
    if (next === undefined) throw new UsageError(`${words[k]} needs a value`);
    k++;
    return next;
  };
  for (; k < words.length && words[k].startsWith('--'); k++) parseOption(words[k], value, options);
  options.words = words.slice(k);
  if (options.words.length === 0) throw new UsageError('no program is given');
  return options;
}

function parseOption(name: string, value: () => string, options: Options): void {
  const pair = (separator: string | RegExp): [string, string] => {
    const [left, right = left] = value().split(separator);
    return [left, right];
  };
  if (name === '--dir') options.dirs.push(pair('::'));
  else if (name === '--env') options.env.push(pair(/=(.*)/s));
  else if (name === '--snapshot-to') options.snapshotTo = value();
  else if (name === '--after-fuel') options.afterFuel = count(name, value(), 1);
  else if (name === '--fuel') options.fuel = count(name, value(), 0);
  else if (name === '--timeout') options.timeout = timeoutOf(name, value());
  else if (name === '--resume') options.resume = value();
  else if (name === '--deterministic') options.seed ??= 0;
  else if (name === '--seed') options.seed = count(name, value(), 0);
  else if (name === '--state-hash') options.stateHash = true;
  else throw new UsageError(`unknown option ${name}`);
}

function count(name: string, text: string, least: number): number {
  if (!/^\d+$/.test(text) || Number(text) < least) throw new UsageError(`${name} needs a number`);
  return Number(text);
}

function readFile({ std }: Machine, path: string): Uint8Array {
  const file = std.open(path, 'rb');
  if (file === null) throw new UsageError(`${path}: cannot be read`);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const part = new Uint8Array(65536);
    const count = file.read(part.buffer, 0, part.length);
    if (count <= 0) break;
    parts.push(part.subarray(0, count));
    size += count;
  }
  file.close();
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function writeFile({ std }: Machine, path: string, bytes: Uint8Array): void {
  const file = std.open(path, 'wb');
  if (file === null) throw new UsageError(`${path}: cannot be written`);
  file.write(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
  file.close();
}

function openDirectory({ os }: Machine, host: string, copy: boolean): DirectoryHandle {
  const directory = quickjsDirectory(os, host);
  if (!copy) return directory;
  const files = MemoryFileSystem.create();
  copyDirectory(directory, files);
  directory.close();
  return files.directory();
}

/** Gives the exit code. */
async function run(machine: Machine, options: Options): Promise<number> {
  const [file, ...args] = options.words;
  const { seed } = options;
  const preopens = options.dirs.map(([host, path]) => {
    return { path, directory: openDirectory(machine, host, seed !== undefined) };
  });
  const wasi = new Wasi({
    host: quickjsHost(machine, inheritedStreams(machine)),
    args: [file.replace(/^.*\//s, ''), ...args],
    env: options.env,
    preopens,
    ...(seed !== undefined && { deterministic: { seed } }),
    blocking: false,
  });
  const budget = new Budget(machine, options);
  const module = budget.decode(readFile(machine, file));
  const store = new Store();
  const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host));
  const executions: Execution[] = [];
  if (options.resume === undefined) {
    const main = instance.exports.get('_start');
    if (!(main instanceof Func)) throw new UsageError(`${file}: the module exports no function "_start"`);
    if (instance.startFunc !== undefined) executions.push(new Execution(instance.startFunc, []));
    executions.push(new Execution(main, []));
  } else {
    const saved = readFile(machine, options.resume);
    executions.push(restore(saved, instance, { loadHostState: (state) => wasi.restoreState(state) }));
  }
  const tell = (text: string) => machine.std.err.puts(`tswasm: ${file}: ${text}\n`);
  try {
    return await runAll(machine, options, executions, wasi, budget, tell);
  } finally {
    // However it ends: an exit is an exception too. The hash of a stopped program is that of its snapshot.
    if (options.stateHash && executions.every(({ state }) => state !== 'paused')) {
      tell(`state sha256:${wasi.stateDigest(postmortem(instance))}`);
    }
  }
}

async function runAll(
  machine: Machine,
  options: Options,
  executions: readonly Execution[],
  wasi: Wasi,
  budget: Budget,
  tell: (text: string) => void,
): Promise<number> {
  let fuel = options.snapshotTo === undefined ? undefined : options.afterFuel;
  for (const execution of executions) {
    const outcome = await budget.run(execution, fuel);
    if (outcome.kind === 'trapped') throw outcome.error;
    if (outcome.kind === 'paused') {
      const bytes = snapshot(execution, { hostState: wasi.saveState() });
      writeFile(machine, options.snapshotTo!, bytes);
      tell(`stopped; the snapshot is in ${options.snapshotTo} (${bytes.length} bytes)`);
      return 0;
    }
    if (fuel !== undefined) fuel = Math.max(1, fuel - execution.fuelUsed);
  }
  if (fuel !== undefined) tell('the program ended before --after-fuel; there is no snapshot of it');
  return 0;
}

function exitCodeOf(error: unknown, { std }: Machine): number {
  const cause = error instanceof Error ? ((error as { cause?: unknown }).cause ?? error) : error;
  if (cause instanceof WasiExit) return cause.code;
  const isUsage = error instanceof UsageError;
  std.err.puts(
    `tswasm: ${error instanceof Error ? `${error.message}` : String(error)}\n${isUsage ? USAGE : ''}`,
  );
  if (isUsage) return 2;
  if (error instanceof StoppedError) return 134;
  const { name, backtrace } = error as {
    name?: string;
    backtrace?: { name?: string; funcidx: number; offset: number }[];
  };
  for (const frame of backtrace ?? []) {
    std.err.puts(`  at ${frame.name ?? `function ${frame.funcidx}`} (0x${frame.offset.toString(16)})\n`);
  }
  return name === 'RuntimeError' ? 134 : 1;
}

async function main(): Promise<void> {
  const machine = await findMachine();
  if (machine === undefined) throw new Error('this QuickJS has no std and os');
  const words = (globalThis as unknown as { scriptArgs: string[] }).scriptArgs.slice(1);
  let code: number;
  try {
    code = await run(machine, parse(words));
  } catch (error) {
    code = exitCodeOf(error, machine);
  }
  machine.std.out.flush();
  machine.std.exit(code);
}

void main();
