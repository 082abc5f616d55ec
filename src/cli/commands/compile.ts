/** `tswasm compile`. */
import { writeFileSync } from 'node:fs';
import {
  BOARD_NAMES,
  BOARDS,
  type CompiledFile,
  compileFile,
  fits,
  needsOf,
  TARGETS,
  type Target,
  tableOf,
} from '../../compiler/javascript/ahead';
import type { Command } from '../command';
import { loadModule, reasonOf } from '../load';
import { closest, type Options, parseCount, parseSize, UsageError } from '../options';
import { complain, print } from '../output';
import { checkOutput } from '../output-files';
import { EXIT, reportFailure } from '../report';
import { TIMEOUT, TimeLimit } from '../time-limit';

export const compileCommand: Command = {
  usage: `compile --target ${TARGETS.join('|')} [-o out.js] [options] module.wasm`,
  options: [
    { name: 'target', value: 'ENGINE', help: `what the file is for: ${TARGETS.join(', ')}` },
    { name: 'output', short: 'o', value: 'FILE', help: 'write the file there instead of to standard output' },
    { name: 'name', value: 'NAME', help: 'what a script (es5, espruino) calls the module; wasm by default' },
    {
      name: 'profile',
      value: 'BOARD',
      help: `espruino: whether the board has room: ${BOARD_NAMES.join(', ')}`,
    },
    {
      name: 'depth',
      value: 'N',
      help: 'let functions call each other so often before the call stack is exhausted',
    },
    { name: 'memory', value: 'SIZE', help: 'give memories so many bytes only, whatever their pages say' },
    { name: 'pausable', help: 'let the file stop at safepoints, and write and read snapshots' },
    TIMEOUT,
  ],
  notes: `
node and quickjs give an ES module, es5 and espruino a script that sets a variable and module.exports:
  tswasm compile --target node fib.wasm -o fib.mjs
  import { instantiate } from './fib.mjs';
  instantiate({ env: { log: console.log } }).exports.fib(20);`,
  optionsAnywhere: true,
  async run(options) {
    const [file, ...others] = options.rest;
    if (file === undefined) throw new UsageError('give a module');
    if (others.length > 0) throw new UsageError(`one module at a time: ${others.join(' ')}`);
    const target = targetOf(options);
    const board = boardOf(options, target);
    const name = options.get('name');
    if (name !== undefined && !/^[A-Za-z_$][\w$]*$/.test(name)) {
      throw new UsageError(`--name ${name}: not a name; for example fib`);
    }
    const depth = options.get('depth');
    const memory = options.get('memory');
    const output = options.get('output');
    if (output !== undefined) checkOutput('output', output);
    const time = new TimeLimit(options);
    try {
      const module = time.decode(file, await loadModule(file));
      const made = compileFile(module, {
        target,
        name,
        depth: depth === undefined ? undefined : parseCount('depth', depth),
        memory: memory === undefined ? undefined : parseSize('memory', memory),
        pausable: options.has('pausable'),
      });
      if (made.kind === 'refused') {
        complain(`${file}: cannot be compiled ahead of time:\n  ${made.reasons.join('\n  ')}`);
        return EXIT.failure;
      }
      if (board !== undefined && !hasRoom(file, made, board)) return EXIT.failure;
      if (output === undefined) print(made.text);
      else write(output, made.text);
      return EXIT.success;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(file, error);
    }
  },
};

function boardOf(options: Options, target: Target): keyof typeof BOARDS | undefined {
  const word = options.get('profile');
  if (word === undefined) return undefined;
  if (target !== 'espruino') throw new UsageError('--profile is for --target espruino');
  const board = BOARD_NAMES.find((known) => known === word);
  if (board === undefined) {
    throw new UsageError(`--profile ${word}: no such board (one of ${BOARD_NAMES.join(', ')})`);
  }
  return board;
}

/** Says what the file needs of the board. */
function hasRoom(file: string, made: CompiledFile & { kind: 'file' }, board: keyof typeof BOARDS): boolean {
  const needs = needsOf(made.text, made.memory, BOARDS[board]);
  complain(`${file}: ${tableOf(needs, BOARDS[board], made.density)}`);
  return fits(needs);
}

function targetOf(options: Options): Target {
  const word = options.get('target');
  if (word === undefined) throw new UsageError(`give a target: --target ${TARGETS.join('|')}`);
  const target = TARGETS.find((known) => known === word);
  if (target !== undefined) return target;
  const similar = closest(word, TARGETS);
  const hint = similar === undefined ? `one of ${TARGETS.join(', ')}` : `did you mean ${similar}?`;
  throw new UsageError(`--target ${word}: no such target (${hint})`);
}

function write(output: string, text: string): void {
  try {
    writeFileSync(output, text);
  } catch (error) {
    throw new Error(`${output}: ${reasonOf(error)}`);
  }
}
