/** Failures in words, and the exit codes that go with them. */
import { isAbsolute, relative } from 'node:path';
import {
  type BacktraceFrame,
  CompileError,
  LinkError,
  printable,
  RuntimeError,
  SnapshotError,
} from '../errors';
import { fold, positionOf, positionText, type SourcePosition } from '../interpreter';
import { StateError, WasiExit } from '../wasi';
import { InputError } from './load';
import { UsageError } from './options';
import { complain } from './output';
import { TimeoutError } from './time-limit';

export const EXIT = { success: 0, failure: 1, usage: 2, trap: 134 } as const;

/** Lines of a wasm backtrace, innermost frame first. Offsets are those in the module's bytes; sources where they are known. */
export function backtraceLines(frames: readonly BacktraceFrame[]): string {
  if (frames.length === 0) return '';
  const width = Math.max(...frames.map(({ offset }) => offset.toString(16).length));
  const indent = ' '.repeat(width + 11);
  const line = (frame: BacktraceFrame, k: number) => {
    const { offset, module, name, funcidx } = frame;
    const at = `0x${offset.toString(16).padStart(width, '0')}`;
    const source = positionOf(frame);
    const below = source === undefined ? '' : `\n${indent}at ${nearText(source)}`;
    return `  ${String(k).padStart(4)}: ${at} - ${printable(module ?? '<unknown>')}!${printable(name ?? `<wasm function ${funcidx}>`)}${below}`;
  };
  const lines = fold(frames, line, (note) => `${' '.repeat(8)}... ${note}`);
  return `\nwasm backtrace:\n${lines.join('\n')}`;
}

/** Files below the current directory are named from there. */
function nearText(source: SourcePosition): string {
  const near = isAbsolute(source.file) ? relative('', source.file) : source.file;
  return positionText({ ...source, file: near.startsWith('..') ? source.file : near });
}

export function reportTrap(file: string, error: RuntimeError): number {
  complain(`${file}: wasm trap: ${error.message}${backtraceLines(error.backtrace)}`, 'error');
  return EXIT.trap;
}

/** Prints what went wrong and gives the exit code. What is no failure of the input is a defect and goes on its way. */
export function reportFailure(file: string | undefined, error: unknown): number {
  const where = file === undefined ? '' : `${file}: `;
  if (error instanceof WasiExit) return error.code;
  if (error instanceof RuntimeError) return reportTrap(file ?? 'module', error);
  if (error instanceof UsageError) {
    complain(error.message, 'error');
    return EXIT.usage;
  }
  if (error instanceof TimeoutError) {
    complain(`${where}${error.message}`);
    return EXIT.trap;
  }
  if (error instanceof InputError) complain(error.message, 'error');
  else if (error instanceof CompileError) complain(`${where}not a valid module: ${error.message}`, 'error');
  else if (error instanceof LinkError)
    complain(`${where}cannot be linked: ${error.message.replaceAll('\n', '\n  ')}`, 'error');
  else if (error instanceof SnapshotError) complain(`${where}${error.message}`, 'error');
  else if (error instanceof StateError)
    complain(`${where}the program's surroundings: ${error.message}`, 'error');
  else throw error;
  return EXIT.failure;
}
