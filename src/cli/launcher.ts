#!/usr/bin/env node
/**
 * The file that runs as `tswasm`. It runs the command line's main file, with the bytecode that V8 made of it in an earlier run: that halves what
 * a start takes. So it does with the files that are loaded later for tiers. The bytecode lies beside each, as Python's does, one file for each
 * version of Node. Where nothing can be written, or NODE_DISABLE_COMPILE_CACHE is set, there is none. V8 refuses what belongs to another version
 * or to other flags.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Script } from 'node:vm';
import type * as told from './bytecode';

/** Its name changes with its text (scripts/library.mjs). */
declare const MAIN_FILE: string;

type Require = (name: string) => unknown;
declare const require: Require;
declare const __dirname: string;

interface Main {
  /** What it is made of, for files that are loaded later. */
  chunks?: Readonly<Record<string, unknown>>;
  bytecode?: typeof told.bytecode;
}

/**
 * What a start runs, and what tiers are made of, runs for a tenth of a second at most, and V8's compiler would take longer for it than that, in
 * threads beside, and 4 MB. So it waits for eight times as much work of a function as it does by default (whole processes in tiers: 0.7 to 0.95
 * of the processor time). It optimises a function of the program after as much work as later V8s do: that of Node 20 does so after a seventh,
 * half a millisecond, and takes longer for it.
 */
const FLAGS = '--interrupt-budget=540000 --wasm-tiering-budget=13000000';

/** On Node 20 alone. Later V8s count calls, and on flags that they do not know they complain to whoever reads standard error. */
function setFlags(): void {
  if (!process.versions.v8.startsWith('11.')) return;
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    // What `node:v8` calls, which loads 25 modules, for 2 ms.
    (process as typeof process & Bindings).binding('v8').setFlagsFromString(FLAGS);
  } catch {
    // A Node that asks for permissions gives it to nobody.
  } finally {
    process.noDeprecation = noDeprecation;
  }
}
interface Bindings {
  binding(name: 'v8'): { setFlagsFromString(flags: string): void };
}
setFlags();

/** With flags of its own, V8 makes bytecode that others cannot use. */
const hasFlags = process.execArgv.length > 0 || Boolean(process.env['NODE_OPTIONS']);
const isUsed = !(hasFlags || process.env['NODE_DISABLE_COMPILE_CACHE']);

/** Seconds of a run whose bytecode is kept: from what has not run for long, V8 takes it. */
const LONGEST_KEPT = 10;
/** Runs that add to a file's bytecode what they are the first to run. So does one of a program that calls what no program has called by then. */
const MOST_RUNS = 4;

/** What there is of a file's bytecode. */
interface Kept {
  readonly data: Buffer;
  readonly runs: number;
  readonly calls: readonly string[];
}
/** Behind the bytecode: names of calls, their length in two bytes, and how many runs have added to it. */
const TAIL = 3;

/** A file of ours. */
class Source {
  readonly file: string;
  readonly script: Script;
  private readonly bytecodeFile: string;
  /** Of how many runs the bytecode is that there is, and which calls of the host these may have made. */
  private runs = 0;
  calls: readonly string[] = [];

  /** `parameters`: of the function whose body the file is. Without them its text is a function. */
  constructor(name: string, hasBytecode: boolean, parameters?: string) {
    this.file = path.join(__dirname, name);
    this.bytecodeFile = `${this.file}-${process.version}-${process.arch}.bytecode`;
    const kept = hasBytecode ? this.read() : undefined;
    const text = readFileSync(this.file, 'latin1');
    const whole = parameters === undefined ? text : `(function(${parameters}){${text}\n})`;
    this.script = new Script(whole, { filename: this.file, cachedData: kept?.data });
    if (kept === undefined || this.script.cachedDataRejected) return;
    this.runs = kept.runs;
    this.calls = kept.calls;
  }

  /** Undefined where there is none, or what there is has no end. */
  private read(): Kept | undefined {
    try {
      const bytes = readFileSync(this.bytecodeFile);
      const end = bytes.length - TAIL;
      const start = end - bytes.readUInt16LE(end);
      const calls = bytes.toString('latin1', start, end).split(' ');
      return { data: bytes.subarray(0, start), runs: bytes[end + 2], calls };
    } catch {
      return undefined;
    }
  }

  get isWhole(): boolean {
    return this.runs >= MOST_RUNS;
  }

  /** Keeps its bytecode, of a run that may have made these calls. Whole or not at all: others may be starting. */
  keep(called: readonly string[] = []): void {
    const partial = `${this.bytecodeFile}-${process.pid}`;
    const calls = Buffer.from([...this.calls, ...called].join(' '), 'latin1');
    const tail = Uint8Array.of(calls.length, calls.length >> 8, Math.min(this.runs + 1, MOST_RUNS));
    try {
      // Before it is made, which takes longer.
      writeFileSync(partial, '');
      writeFileSync(partial, Buffer.concat([this.script.createCachedData(), calls, tail]));
      renameSync(partial, this.bytecodeFile);
    } catch {
      // Not ours to write, or no room: then the next start takes as long as this one.
      rmSync(partial, { force: true });
    }
  }
}

/** Those that are loaded for tiers, if their bytecode may be kept. */
const later: Source[] = [];
const loaded = new Map<string, { exports: unknown }>();
/** `require` for files of ours. */
const requireOurs: Require = (name) => {
  if (!name.startsWith('./cli-')) return require(name);
  let module = loaded.get(name);
  if (module === undefined) {
    module = { exports: {} };
    loaded.set(name, module);
    const hasBytecode = isUsed && inside.exports.bytecode?.isChunkTypical() === true;
    const source = new Source(name, hasBytecode, 'module,require,__filename');
    (source.script.runInThisContext() as Body)(module, requireOurs, source.file);
    if (hasBytecode) later.push(source);
  }
  return module.exports;
};

const main = new Source(MAIN_FILE, isUsed);
const inside: { exports: Main } = { exports: {} };
type Body = (
  module: { exports: unknown },
  require: Require,
  filename: string,
  load?: (name: string) => Promise<unknown>,
) => void;
// A script with bytecode cannot import by itself.
(main.script.runInThisContext() as Body)(inside, requireOurs, main.file, (name) => import(name));
/** @internal */
export const { chunks } = inside.exports;

const { bytecode } = inside.exports;
if (bytecode !== undefined && isUsed) {
  process.once('exit', () => {
    if (process.uptime() > LONGEST_KEPT) return;
    const added = later.filter(({ isWhole }) => !isWhole);
    for (const source of added) source.keep();
    // What runs in tiers is more of the main file, too.
    const called = bytecode.callsBeside(main.calls);
    const isMore = !main.isWhole || added.length > 0 || called.length > 0;
    if (isMore && bytecode.isMainTypical()) main.keep(called);
  });
}
