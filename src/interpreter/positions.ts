/** Where instructions stand: in the module, and in the source if somebody knows it. */
import type { Module } from '../decoder';
import { type BacktraceFrame, printable } from '../errors';
import { moduleOf } from './backtrace';

/** Where in a source text an instruction comes from. */
export interface SourcePosition {
  /** As the module's debug information names it. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1; 0 is unknown. */
  readonly column: number;
}

/** Finds the source of the instruction at a byte offset of a module. */
export type SourceFinder = (module: Module, offset: number) => SourcePosition | undefined;

let findSource: SourceFinder | undefined;

/** Lets stack traces name lines of sources. `sourcePosition` of `tswasm/debug` reads DWARF and source maps. */
export function useSourcePositions(finder: SourceFinder | undefined): void {
  findSource = finder;
}

/** The source of a frame of a backtrace, if `useSourcePositions` has said how it is found. */
export function positionOf(frame: BacktraceFrame, module = moduleOf(frame)): SourcePosition | undefined {
  return module && findSource?.(module, frame.offset);
}

/** `file:line:column`, as editors and terminals read it. */
export function positionText({ file, line, column }: SourcePosition): string {
  return `${printable(file)}:${line}${column > 0 ? `:${column}` : ''}`;
}

/** The place in the module. */
export function placeOf({ funcidx, offset }: BacktraceFrame): string {
  return `wasm-function[${funcidx}]:0x${offset.toString(16)}`;
}
