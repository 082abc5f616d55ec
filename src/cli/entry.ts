/** What of a program runs after what, and how its end is told. */
import type { DriveLimits } from '../../embed/loop/drive';
import { exportedFunc, type Program, type ProgramEnding } from '../../embed/loop/program';
import { funcTypeName } from '../decoder';
import { Func, type Instance, type StoreLimits, type Value } from '../index';
import type { Wasi } from '../wasi';
import { FEATURE } from './features';
import { formatResult, parseArguments, parseCall } from './invoke';
import { closest, type OptionSpec, type Options, parseCount, parseSize, UsageError } from './options';
import { complain, print } from './output';
import { backtraceLines, EXIT, reportTrap } from './report';
import { TIMEOUT, timeoutOf } from './time-limit';

export const ENGINE_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'invoke',
    value: 'NAME',
    help: "call this function with the arguments and print its results; also 'NAME(1, 2)'",
  },
  {
    name: 'fuel',
    value: 'N',
    help: 'stop after N (for example 1e6) loop turns and calls; bulk work counts in proportion',
  },
  TIMEOUT,
  { name: 'max-memory', value: 'SIZE', help: 'linear memory that the program may have, for example 64MiB' },
  { name: 'max-table-elements', value: 'N', help: 'elements that its tables may have together' },
  { name: 'max-depth', value: 'N', help: 'calls that may be nested' },
  FEATURE,
];

export function runLimits(options: Options): DriveLimits {
  const fuel = options.get('fuel');
  const timeout = timeoutOf(options);
  return {
    ...(fuel === undefined ? {} : { fuel: parseCount('fuel', fuel) }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

/** One program has the store to itself: nothing is reclaimed, so every run is alike. */
export const ALIKE = { reclaim: false } as const;

/** How much the program may have. */
export function storeLimits(options: Options): Partial<StoreLimits> {
  const memory = options.get('max-memory');
  const elements = options.get('max-table-elements');
  const depth = options.get('max-depth');
  return {
    ...(memory === undefined ? {} : { maxMemoryBytes: parseSize('max-memory', memory) }),
    ...(elements === undefined ? {} : { maxTableElements: parseCount('max-table-elements', elements) }),
    ...(depth === undefined ? {} : { maxFrames: parseCount('max-depth', depth) }),
  };
}

/** What the command line asks for: the function of --invoke and its arguments. */
export interface Wanted {
  readonly invoke: string | undefined;
  readonly args: readonly string[];
}

/** The start function, then the function asked for, or `_start`, or (in a reactor) only `_initialize`. */
export async function runWhole(program: Program, wanted: Wanted): Promise<ProgramEnding> {
  const start = program.instance.startFunc;
  const ending = start && (await program.run(start, []));
  return ending === undefined || ending.kind === 'done' ? runEntry(program, wanted) : ending;
}

/** The rest of a program that was stopped in a call of `func`, when that call has returned. */
export async function runRest(
  program: Program,
  func: Func,
  ending: ProgramEnding,
  wanted: Wanted,
): Promise<ProgramEnding> {
  if (ending.kind !== 'done') return ending;
  const { instance } = program;
  if (func === instance.startFunc) return runEntry(program, wanted);
  const initialize = func === exportedFunc(instance, '_initialize');
  if (initialize && wanted.invoke !== undefined) return invoke(program, wanted.invoke, wanted.args);
  return initialize || func === exportedFunc(instance, '_start') ? NOTHING : ending;
}

const NOTHING: ProgramEnding = { kind: 'done', results: [] };

async function runEntry(program: Program, wanted: Wanted): Promise<ProgramEnding> {
  const { instance } = program;
  const initialize = exportedFunc(instance, '_initialize');
  if (wanted.invoke === undefined) {
    const entry = exportedFunc(instance, '_start') ?? initialize;
    const ending = entry && (await program.run(entry, []));
    return ending === undefined || ending.kind === 'done' ? NOTHING : ending;
  }
  // Wrong arguments are told before anything runs.
  const call = prepare(program, wanted.invoke, wanted.args);
  if (initialize !== undefined && wanted.invoke !== '_initialize') {
    const ending = await program.run(initialize, []);
    if (ending.kind !== 'done') return ending;
  }
  return program.run(...call);
}

function invoke(program: Program, name: string, args: readonly string[]): Promise<ProgramEnding> {
  return program.run(...prepare(program, name, args));
}

function prepare({ instance }: Program, text: string, words: readonly string[]): [Func, Value[]] {
  const { name, args } = parseCall(text, words, (one) => instance.exports.has(one));
  const func = exportedFunc(instance, name);
  if (func === undefined) throw new UsageError(`--invoke ${name}: ${missingExport(name, instance)}`);
  return [func, parseArguments(name, func.type, args)];
}

function missingExport(wanted: string, instance: Instance): string {
  const names = exportedFuncs(instance).map(([name]) => name);
  const similar = closest(wanted, names);
  const some = names.slice(0, MANY).join(', ') + (names.length > MANY ? ', ...' : '');
  if (similar !== undefined) return `there is no such exported function (did you mean ${similar}?)`;
  return `there is no such exported function${names.length === 0 ? '' : `; there is ${some}`}`;
}

function exportedFuncs({ exports }: Instance): [string, Func][] {
  return [...exports].filter((entry): entry is [string, Func] => entry[1] instanceof Func);
}

/** Exports that a message lists. */
const MANY = 10;

/** What there is to call, for a module that is no program. */
export function tellExports(file: string, instance: Instance): void {
  const funcs = exportedFuncs(instance).filter(([name]) => name !== '_initialize');
  const [first] = funcs;
  if (first === undefined) {
    complain(`${file}: no function "_start", and no other exported function to call`);
    return;
  }
  const [name, { type }] = first;
  const example = `${name}(${type.params.map((_, k) => k + 1).join(', ')})`;
  const lines = funcs.slice(0, MANY).map(([one, func]) => `\n  ${one}: func ${funcTypeName(func.type)}`);
  const more = funcs.length > MANY ? `\n  and ${funcs.length - MANY} more` : '';
  complain(
    `${file}: no function "_start" to run; it exports${lines.join('')}${more}\n` +
      `call one of them: tswasm run --invoke '${example}' ${file}`,
  );
}

/** Tells how the program ended, and gives our exit code. */
export function reportEnding(file: string, ending: ProgramEnding, options: Options, wasi: Wasi): number {
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
