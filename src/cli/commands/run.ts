/** `tswasm run`. */

import type { DriveOptions } from '../../../embed/node/drive';
import { exportedFunc, type Program, type ProgramEnding, startProgram } from '../../../embed/node/program';
import { Func, Module, Store, type Value } from '../../index';
import type { Wasi } from '../../wasi';
import type { Command } from '../command';
import { formatResult, parseArguments } from '../invoke';
import { loadModule } from '../load';
import { type OptionSpec, type Options, parseCount, parseDuration, parseSize, UsageError } from '../options';
import { complain, print } from '../output';
import { backtraceLines, EXIT, reportFailure, reportTrap } from '../report';
import { makeWasi, openListeners, WASI_OPTIONS } from '../wasi-options';

const ENGINE_OPTIONS: readonly OptionSpec[] = [
  { name: 'invoke', value: 'NAME', help: 'call this function with the arguments and print its results' },
  { name: 'fuel', value: 'N', help: 'stop after N loop turns and calls' },
  { name: 'timeout', value: 'TIME', help: 'stop after this time, for example 500ms, 5s or 2m' },
  { name: 'max-memory', value: 'SIZE', help: 'linear memory that the program may have, for example 64MiB' },
];

/** How long we wait, in milliseconds, for peers to take what the program sent before it ended. */
const FLUSH_TIME = 5000;

export const runCommand: Command = {
  name: 'run',
  summary: 'run a program',
  usage: 'run [options] module.wasm [arguments...]',
  options: [...WASI_OPTIONS, ...ENGINE_OPTIONS],
  notes: `
Options come before the module; what follows it belongs to the program. The module may be '-' for standard
input, or in the text format (.wat, with the package "wabt" installed). The program gets no variables and no
files but those that you name. Its exit code becomes ours; a trap, and a limit that is reached, give 134.`,
  async run(options) {
    const [file, ...args] = options.rest;
    if (file === undefined) throw new UsageError('no module is given');
    const limits = driveOptions(options);
    const store = new Store(storeLimits(options));
    const listeners = await openListeners(options);
    const wasi = makeWasi(options, file, args, listeners);
    try {
      const module = Module.decode(await loadModule(file));
      const imports = wasi.imports(store, module, Func.host);
      const { program, ending } = await startProgram(store, module, imports, limits);
      const last = ending ?? (await runEntry(program, options.get('invoke'), args));
      return last === undefined ? EXIT.success : report(file, last, options, wasi);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(file, error);
    } finally {
      await Promise.all(listeners.map((listener) => listener.flushed(FLUSH_TIME)));
    }
  },
};

function driveOptions(options: Options): DriveOptions {
  const fuel = options.get('fuel');
  const timeout = options.get('timeout');
  return {
    ...(fuel === undefined ? {} : { fuel: parseCount('fuel', fuel) }),
    ...(timeout === undefined ? {} : { timeout: parseDuration('timeout', timeout) }),
  };
}

function storeLimits(options: Options): { maxMemoryBytes?: number } {
  const text = options.get('max-memory');
  return text === undefined ? {} : { maxMemoryBytes: parseSize('max-memory', text) };
}

/** The function asked for, or `_start`, or (in a reactor) only `_initialize`. */
async function runEntry(
  program: Program,
  invoke: string | undefined,
  args: readonly string[],
): Promise<ProgramEnding | undefined> {
  const { instance } = program;
  if (invoke === undefined) {
    const entry = exportedFunc(instance, '_start') ?? exportedFunc(instance, '_initialize');
    return entry && hideResults(await program.run(entry, []));
  }
  const func = exportedFunc(instance, invoke);
  if (func === undefined) throw new UsageError(`--invoke ${invoke}: ${missingExport(instance.exports)}`);
  const values = parseArguments(invoke, func.type, args);
  const initialize = invoke === '_initialize' ? undefined : exportedFunc(instance, '_initialize');
  if (initialize !== undefined) {
    const ending = await program.run(initialize, []);
    if (ending.kind !== 'done') return ending;
  }
  return program.run(func, values);
}

function hideResults(ending: ProgramEnding): ProgramEnding {
  return ending.kind === 'done' ? { kind: 'done', results: [] } : ending;
}

function missingExport(exports: ReadonlyMap<string, unknown>): string {
  const names = [...exports].filter(([, value]) => value instanceof Func).map(([name]) => name);
  const some = names.slice(0, 10).join(', ') + (names.length > 10 ? ', ...' : '');
  return `there is no such exported function${names.length === 0 ? '' : `; there is ${some}`}`;
}

function report(file: string, ending: ProgramEnding, options: Options, wasi: Wasi): number {
  switch (ending.kind) {
    case 'exited':
      return ending.code & 0xff;
    case 'done':
      print(ending.results.map((value: Value) => `${formatResult(value)}\n`).join(''));
      return EXIT.success;
    case 'trapped':
      return reportTrap(file, ending.error);
    case 'stopped': {
      wasi.cancelWait();
      const why =
        ending.reason === 'fuel'
          ? `all ${options.get('fuel')} units of fuel are used`
          : `not finished after ${options.get('timeout')}`;
      complain(`${file}: stopped: ${why}${backtraceLines(ending.backtrace)}`);
      return EXIT.trap;
    }
  }
}
