import { late } from '../../embed/node/late';

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

/**
 * What tiers are made of runs for a tenth of a second, and V8's compiler would take longer for it than that, in threads beside. So it waits for
 * eight times as much work of a function as it does by default (whole processes in tiers: 0.7 to 0.95 of the processor time). It optimises a
 * function of the program after as much work as later V8s do: that of Node 20 does so after a seventh, half a millisecond, and takes longer for it.
 */
const FLAGS_OF_TIERS = '--interrupt-budget=540000 --wasm-tiering-budget=13000000';
/** What V8 begins with. */
const INITIAL_FLAGS = '--interrupt-budget=67584 --wasm-tiering-budget=1800000';

/** Those of Node 20 alone. Later ones count calls, and on flags that they do not know they complain to whoever reads standard error. */
const KNOWS_FLAGS = process.versions.v8.startsWith('11.');

function setFlags(text: string): void {
  if (KNOWS_FLAGS) late('node:v8').setFlagsFromString(text);
}

/** V8's flags from now on are those of every run in tiers. */
export function setTierFlags(): void {
  if (flags === 'initial') {
    bytecode.beforeFlags();
    flags = 'of tiers';
  }
  setFlags(FLAGS_OF_TIERS);
}

export const bytecode = {
  /** launcher.ts puts its own in the place of this: flags are those of the start for the last time. */
  beforeFlags(): void {},
  /** At the end of the run: V8's flags are those of the next start again, if they can be. */
  restoreFlags(): void {
    if (flags === 'of tiers') setFlags(INITIAL_FLAGS);
  },
  /** Whether the main file's is what most starts have use for, at the end of the run. */
  isMainTypical: () => hasRun && flags !== 'others',
  /** Whether that of files which are loaded now is kept. */
  isChunkTypical: () => flags === 'of tiers',
};
