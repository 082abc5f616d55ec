#!/usr/bin/env node
/**
 * The file that runs as `tswasm`. It runs the command line's main file, with the bytecode that V8 made of it in an earlier run: that halves what
 * a start takes. The bytecode lies beside the main file, as Python's does, one file for each version of Node. Where nothing can be written,
 * or NODE_DISABLE_COMPILE_CACHE is set, there is none. V8 refuses what belongs to another version or to other flags.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Script } from 'node:vm';

/** Its name changes with its text (scripts/library.mjs). */
declare const MAIN_FILE: string;

type Require = (name: string) => unknown;
declare const require: Require;
declare const __dirname: string;

interface Main {
  /** What it is made of, for files that are loaded later. */
  chunks?: Readonly<Record<string, unknown>>;
  /** Whether this run's bytecode is what most starts have use for (bytecode.ts). */
  isTypicalRun?: () => boolean;
}

const main = path.join(__dirname, MAIN_FILE);
const file = `${main}-${process.version}-${process.arch}.bytecode`;

function readBytecode(): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Whole or not at all: others may be starting. */
function writeBytecode(script: Script): void {
  const partial = `${file}-${process.pid}`;
  try {
    writeFileSync(partial, script.createCachedData());
    renameSync(partial, file);
  } catch {
    // Not ours to write, or no room: then the next start takes as long as this one.
    rmSync(partial, { force: true });
  }
}

/** With flags of its own, V8 makes bytecode that others cannot use. */
const hasFlags = process.execArgv.length > 0 || Boolean(process.env['NODE_OPTIONS']);
const isUsed = !(hasFlags || process.env['NODE_DISABLE_COMPILE_CACHE']);

const cachedData = isUsed ? readBytecode() : undefined;
const script = new Script(readFileSync(main, 'latin1'), { filename: main, cachedData });
const inside: { exports: Main } = { exports: {} };
type Body = (
  module: { exports: Main },
  require: Require,
  filename: string,
  load: (name: string) => Promise<unknown>,
) => void;
// A script with bytecode cannot import by itself.
(script.runInThisContext() as Body)(inside, require, main, (name) => import(name));
/** @internal */
export const { chunks } = inside.exports;

if (isUsed && (cachedData === undefined || script.cachedDataRejected)) {
  process.once('exit', () => {
    if (inside.exports.isTypicalRun?.()) writeBytecode(script);
  });
}
