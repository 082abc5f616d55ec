/** What runs functions: `--tier`. Other tiers than the interpreter are loaded when a run has use for them. */
import type { DriveHost } from '../../embed/loop/drive';
import { late } from '../../embed/node/late';
import type { NativeTier } from '../../embed/node/native-tier';
import { type Execution, type Func, Store } from '../index';
import { usePolicy } from '../interpreter/machine';
import { installTiers, policyFor, TIER_CHOICES, type TierChoice } from '../interpreter/policy';
import { noteFlags, noteTiers } from './bytecode';
import { now } from './clock';
import { ALIKE, storeLimits } from './entry';
import { type OptionSpec, type Options, UsageError } from './options';
import { STATE_HASH } from './state-hash';
import { isDeterministic } from './wasi-options';

export const TIER: OptionSpec = {
  name: 'tier',
  value: 'NAME',
  help: `what runs functions: ${TIER_CHOICES.join(', ')} (the default: auto)`,
};

/**
 * Milliseconds that a program computes in the interpreter before the other tiers are loaded, unless one is asked for by name. Loading them
 * and writing the module again takes longer than that, so a short run is over sooner without.
 */
const BEFORE_TIERS = 3;

/**
 * A small program waits for so many units of fuel as well: what it has computed until then are the closures of code that is new, of which
 * little is left. Those of a large one take longer than its tiers would: programs of PolyBench, which wait for nothing, would need 30 to 60 ms more.
 */
const UNITS_BEFORE_TIERS = 256;
const SMALL_CODE = 8192;

/** The tier asked for. */
export function choiceOf(options: Options): TierChoice {
  const given = options.get(TIER.name) ?? 'auto';
  const tier = TIER_CHOICES.find((choice) => choice === given);
  if (tier === undefined) throw new UsageError(`--tier ${given}: expected ${TIER_CHOICES.join(', ')}`);
  return tier;
}

/** When it is loaded. */
let native: NativeTier | undefined;
/** The native tier, if this run has had use for it so far. */
export const nativeTierIfUsed = (): NativeTier | undefined => native;

async function loadNativeTier(): Promise<void> {
  ({ nativeTier: native } = await import('../../embed/node/native-tier'));
}
/** Has this host's tiers installed. */
export async function loadTiers(): Promise<void> {
  noteTiers();
  await import('../../embed/node/tiers');
  await loadNativeTier();
}

/**
 * Hot guests are chains of small closures while they are interpreted: V8 may inline twice as much of them as it would of a program written by
 * hand (CoreMark: 1.1 times as fast), and compiles them as early as it does by default, which launcher.ts has put off. The process is ours.
 */
function inlineMore(): void {
  noteFlags();
  const flags = late('node:v8');
  flags.setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000');
  if (process.versions.v8.startsWith('11.')) flags.setFlagsFromString('--interrupt-budget=67584');
}

/** A command's store, and what its programs are driven with. */
export interface Engine {
  readonly store: Store;
  readonly host: DriveHost;
}

/** Whether programs make the NaNs that all hosts make. */
export function isExact(options: Options): boolean {
  return isDeterministic(options) || options.has(STATE_HASH.name);
}

/** Throws UsageError for what `engineOf` would. */
export function checkEngine(options: Options): void {
  choiceOf(options);
  storeLimits(options);
}

/** What the options ask for. `known`: which tiers an earlier run of the program has had use for (kept-module.ts): it begins there. */
export async function engineOf(options: Options, known: 'none' | 'native' | 'all' = 'none'): Promise<Engine> {
  const tier = choiceOf(options);
  const isLater = tier === 'auto' && known === 'none';
  if (tier === 'interpret') inlineMore();
  else if (tier === 'auto' && known === 'native') await loadNative();
  else if (!isLater) await loadTiers();
  const store = new Store({
    ...storeLimits(options),
    tier: isLater ? 'interpret' : tier,
    canonicalNans: isExact(options),
    ...ALIKE,
  });
  return { store, host: isLater ? new LaterTiers(store) : { now } };
}

/** The native tier alone. */
async function loadNative(): Promise<void> {
  noteTiers();
  await loadNativeTier();
  if (native !== undefined) installTiers([native]);
}

/** Whether all code of the function's module is little. */
function isSmall({ instance }: Func): boolean {
  if (instance === undefined) return true;
  const { codeStart, codeEnd } = instance.module;
  return codeStart.length === 0 || codeEnd[codeEnd.length - 1] - codeStart[0] <= SMALL_CODE;
}

/** A host of runs that begin in the interpreter. */
class LaterTiers implements DriveHost {
  readonly now = now;
  private loaded = false;

  constructor(private readonly store: Store) {}

  get later(): DriveHost['later'] {
    if (this.loaded) return undefined;
    const isDue = ({ fuelPaid, func }: Execution) => fuelPaid >= UNITS_BEFORE_TIERS || !isSmall(func);
    return { after: BEFORE_TIERS, isDue, load: () => this.load() };
  }

  private async load(): Promise<void> {
    this.loaded = true;
    try {
      await loadTiers();
    } catch {
      // The program may hold every descriptor that we may have: then no file can be read, and it stays where it is.
      return;
    }
    usePolicy(this.store, policyFor('auto'));
  }
}
