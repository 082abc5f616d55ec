/** What launcher.ts is told of this run: which bytecode of our files later starts have use for. V8's flags are a part of what it belongs to. */
let hasRun = false;
let hasTiers = false;
let hasOtherFlags = false;

/** A program has run. */
export function noteRun(): void {
  hasRun = true;
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
  isMainTypical: () => hasRun && !hasOtherFlags,
  /** Whether that of files which are loaded now is kept. */
  isChunkTypical: () => hasTiers && !hasOtherFlags,
};
