/** What launcher.ts is told of this run: which bytecode of our files later starts have use for. V8's flags are a part of what it belongs to. */
let hasRun = false;
/** Those of the next start; those of every run in tiers; or others. */
let flags: 'initial' | 'of tiers' | 'others' = 'initial';

/** A program has run. */
export function noteRun(): void {
  hasRun = true;
}

/** V8's flags are about to be changed for this run. */
export function noteFlags(): void {
  flags = 'others';
}

/** The same in the way of every run in tiers. */
export function noteTierFlags(): void {
  if (hasRun && flags === 'initial') bytecode.keepMain();
  flags = flags === 'others' ? 'others' : 'of tiers';
}

export const bytecode = {
  /** launcher.ts puts its own in the place of this. */
  keepMain(): void {},
  /** Whether the main file's is what most starts have use for, at the end of the run. */
  isMainTypical: () => hasRun && flags === 'initial',
  /** Whether that of files which are loaded now is kept. */
  isChunkTypical: () => flags === 'of tiers',
};
