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
 * eight times as much work of a function as it does by default (whole processes in tiers: 0.7 to 0.95 of the processor time).
 */
const BUDGET_OF_TIERS = 540_000;
/** What V8 begins with. */
const INITIAL_BUDGET = 67_584;

/** That of Node 20 alone. Later ones count calls, and on flags that they do not know they complain to whoever reads standard error. */
const HAS_BUDGET = process.versions.v8.startsWith('11.');

function setBudget(budget: number): void {
  if (HAS_BUDGET) late('node:v8').setFlagsFromString(`--interrupt-budget=${budget}`);
}

/** V8's flags from now on are those of every run in tiers. */
export function setTierFlags(): void {
  if (flags === 'initial') {
    bytecode.beforeFlags();
    flags = 'of tiers';
  }
  setBudget(BUDGET_OF_TIERS);
}

export const bytecode = {
  /** launcher.ts puts its own in the place of this: flags are those of the start for the last time. */
  beforeFlags(): void {},
  /** At the end of the run: V8's flags are those of the next start again, if they can be. */
  restoreFlags(): void {
    if (flags === 'of tiers') setBudget(INITIAL_BUDGET);
  },
  /** Whether the main file's is what most starts have use for, at the end of the run. */
  isMainTypical: () => hasRun && flags !== 'others',
  /** Whether that of files which are loaded now is kept. */
  isChunkTypical: () => flags === 'of tiers',
};
