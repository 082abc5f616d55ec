/** What the harness asks of a child process and what the child answers: one line of JSON each. */

/** The engines that run inside a Node process. */
export type JsEngine = 'tswasm' | 'native' | 'polywasm';

/** What a program that Asyncify made imports, and calls when its fuel is used up: from there it may unwind. */
export const PAUSE = { module: 'bench', name: 'pause' } as const;

export interface Task {
  readonly engine: JsEngine;
  /** What runs functions, in tswasm. */
  readonly tier?: string;
  readonly file: string;
  /** A program whose functions are made hot before `file` is loaded. */
  readonly warmFile?: string;
  readonly warmUpMs: number;
  readonly sampleMs: number;
  readonly samples: number;
}

/** The same program in a process that does nothing else: loads it, and runs so many repetitions. */
export interface ColdTask extends Pick<Task, 'engine' | 'tier' | 'file'> {
  readonly repetitions: number;
}
export interface ColdAnswer {
  /** Processor time of the process until then. */
  readonly processMs: number;
}

export interface Measurement {
  /** Result of `run(2)`, the same on every engine. */
  readonly checksum: number;
  /** Compile and instantiate. */
  readonly loadMs?: number;
  /** The first call, `run(2)`, lazy translation included. */
  readonly firstMs?: number;
  /** Median time of one repetition, after warm-up. */
  readonly repMs: number;
  /** Processor time of a whole process that loads it and runs it a number of times (ColdTask). */
  readonly coldMs?: number;
}

/** The part of the `WebAssembly` namespace that the bench uses; every engine in JavaScript offers it. */
export interface Namespace {
  validate: (bytes: Uint8Array) => boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports?: object) => { readonly exports: Record<string, unknown> };
  Memory: new (descriptor: { initial: number; maximum?: number }) => object;
  Table: new (descriptor: { element: string; initial: number; maximum?: number }) => object;
  Global: new (descriptor: { value: string; mutable: boolean }, value: unknown) => object;
}

/** How to make a stand-in for one import. */
export interface ImportStub {
  readonly module: string;
  readonly name: string;
  readonly kind: 'function' | 'memory' | 'table' | 'global';
  readonly initial?: number;
  readonly maximum?: number | undefined;
  readonly value?: string;
  readonly mutable?: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function geomean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}
