/**
 * `qjs dist/quickjs/run.js [options] program.wasm [arguments...]`: runs a WASI program, or goes on with a stopped one. A part of what the
 * command `tswasm` does, with the same names and the same files.
 */
import {
  Execution,
  Func,
  findMachine,
  inheritedStreams,
  instantiatePaused,
  type Machine,
  Module,
  type Outcome,
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
  --resume F.dmp         go on from a snapshot of this program
`;

/** The user typed something that is not understood, or a file is not there. */
class UsageError extends Error {}

interface Options {
  dirs: [host: string, guest: string][];
  env: [name: string, value: string][];
  snapshotTo?: string;
  afterFuel?: number;
  resume?: string;
  words: string[];
}

function parse(words: string[]): Options {
  const options: Options = { dirs: [], env: [], words: [] };
  let k = 0;
  for (; k < words.length && words[k].startsWith('--'); k += 2) {
    const value = words[k + 1];
    if (value === undefined) throw new UsageError(`${words[k]} needs a value`);
    const [left, right = left] = value.split(words[k] === '--env' ? /=(.*)/s : '::');
    if (words[k] === '--dir') options.dirs.push([left, right]);
    else if (words[k] === '--env') options.env.push([left, right]);
    else if (words[k] === '--snapshot-to') options.snapshotTo = value;
    else if (words[k] === '--after-fuel') options.afterFuel = Number(value);
    else if (words[k] === '--resume') options.resume = value;
    else throw new UsageError(`unknown option ${words[k]}`);
  }
  options.words = words.slice(k);
  if (options.words.length === 0) throw new UsageError('no program is given');
  if (!(options.afterFuel === undefined || options.afterFuel >= 1))
    throw new UsageError('--after-fuel needs a number');
  return options;
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

/** Gives the exit code. */
async function run(machine: Machine, options: Options): Promise<number> {
  const [file] = options.words;
  const wasi = new Wasi({
    host: quickjsHost(machine, inheritedStreams(machine)),
    args: options.words,
    env: options.env,
    preopens: options.dirs.map(([host, path]) => ({ path, directory: quickjsDirectory(machine.os, host) })),
    blocking: false,
  });
  const module = Module.decode(readFile(machine, file));
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
  let fuel = options.snapshotTo === undefined ? undefined : options.afterFuel;
  for (const execution of executions) {
    const outcome = await drive(execution, fuel);
    if (outcome.kind === 'trapped') throw outcome.error;
    if (outcome.kind === 'paused') {
      const bytes = snapshot(execution, { hostState: wasi.saveState() });
      writeFile(machine, options.snapshotTo!, bytes);
      machine.std.err.puts(
        `tswasm: ${file}: stopped; the snapshot is in ${options.snapshotTo} (${bytes.length} bytes)\n`,
      );
      return 0;
    }
    if (fuel !== undefined) fuel = Math.max(1, fuel - execution.fuelUsed);
  }
  if (fuel !== undefined) {
    machine.std.err.puts(
      `tswasm: ${file}: the program ended before --after-fuel; there is no snapshot of it\n`,
    );
  }
  return 0;
}

async function drive(execution: Execution, fuel: number | undefined): Promise<Outcome> {
  for (;;) {
    const outcome = execution.run(fuel === undefined ? {} : { fuel: fuel - execution.fuelUsed });
    if (outcome.kind !== 'waiting') return outcome;
    await outcome.promise;
  }
}

function exitCodeOf(error: unknown, { std }: Machine): number {
  const cause = error instanceof Error ? ((error as { cause?: unknown }).cause ?? error) : error;
  if (cause instanceof WasiExit) return cause.code;
  const isUsage = error instanceof UsageError;
  std.err.puts(
    `tswasm: ${error instanceof Error ? `${error.message}` : String(error)}\n${isUsage ? USAGE : ''}`,
  );
  if (isUsage) return 2;
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
