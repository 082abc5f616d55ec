/** What launcher.ts is told of this run: which bytecode of our files later starts have use for. V8's flags are a part of what it belongs to. */
import type { Import, Module } from '../decoder';
import { CALLS } from '../wasi/table';

/** What the program may have called, when one has run. */
let imports: readonly Import[] | undefined;
let hasTiers = false;
let hasOtherFlags = false;

/** A program has run. */
export function noteRun(program: Module): void {
  imports = program.imports;
}

/** What is loaded from now on is for tiers. */
export function noteTiers(): void {
  hasTiers = true;
}

/** V8's flags are about to be changed for this run. */
export function noteFlags(): void {
  hasOtherFlags = true;
}

export const bytecode = {
  /** Whether the main file's is what most starts have use for, at the end of the run. */
  isMainTypical: () => imports !== undefined && !hasOtherFlags,
  /** The calls of WASI that the program may have made, but for those that are known. */
  callsBeside: (known: readonly string[]) =>
    (imports ?? [])
      .map(({ name }) => name)
      .filter((name) => !known.includes(name) && CALLS.some((row) => row.name === name)),
  /** Whether that of files which are loaded now is kept. */
  isChunkTypical: () => hasTiers && !hasOtherFlags,
};
