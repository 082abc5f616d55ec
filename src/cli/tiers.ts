/** What runs functions: `--tier`. Other tiers than the interpreter are loaded when a run has use for them. */
import type { DriveHost } from '../../embed/loop/drive';
import { late } from '../../embed/node/late';
import { Store } from '../index';
import { usePolicy } from '../interpreter/machine';
import { policyFor, TIER_CHOICES, type TierChoice } from '../interpreter/policy';
import { noteFlags, noteTierFlags } from './bytecode';
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
 * and writing the module again takes longer than that, so a short run is over sooner without. A C program that prints a line takes longer, since
 * all its code is new; to wait for 100 or 5,000 units of fuel as well saved it 25 ms, and cost the programs of PolyBench 30 to 60, which begin alike.
 */
const BEFORE_TIERS = 3;

/** The tier asked for. */
export function choiceOf(options: Options): TierChoice {
  const given = options.get(TIER.name) ?? 'auto';
  const tier = TIER_CHOICES.find((choice) => choice === given);
  if (tier === undefined) throw new UsageError(`--tier ${given}: expected ${TIER_CHOICES.join(', ')}`);
  return tier;
}

/** Has this host's tiers installed. */
export async function loadTiers(): Promise<void> {
  compileLess();
  await import('../../embed/node/tiers');
}

/**
 * What tiers are made of runs for a tenth of a second, and V8's compiler would take longer for it than that, in threads beside. So it waits for
 * four times as much work of a function as it does by default (whole processes in tiers: 0.7 to 0.95 of the processor time). It optimises a
 * function of the program after as much work as later V8s do: that of Node 20 does so after a seventh, half a millisecond, and takes longer for it.
 */
function compileLess(): void {
  noteTierFlags();
  late('node:v8').setFlagsFromString('--interrupt-budget=540000 --wasm-tiering-budget=13000000');
}

/**
 * Hot guests are chains of small closures while they are interpreted: V8 may inline twice as much of them as it would of a program written by
 * hand (CoreMark: 1.1 times as fast). The process is ours.
 */
function inlineMore(): void {
  noteFlags();
  late('node:v8').setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000');
}

/** A command's store, and what its programs are driven with. */
export interface Engine {
  readonly store: Store;
  readonly host: DriveHost;
}

/** What the options ask for. */
export async function engineOf(options: Options): Promise<Engine> {
  const tier = choiceOf(options);
  if (tier === 'interpret') inlineMore();
  else if (tier !== 'auto') await loadTiers();
  const store = new Store({
    ...storeLimits(options),
    tier: tier === 'auto' ? 'interpret' : tier,
    canonicalNans: isDeterministic(options) || options.has(STATE_HASH.name),
    ...ALIKE,
  });
  return { store, host: tier === 'auto' ? new LaterTiers(store) : { now } };
}

/** A host of runs that begin in the interpreter. */
class LaterTiers implements DriveHost {
  readonly now = now;
  private loaded = false;

  constructor(private readonly store: Store) {}

  get later(): DriveHost['later'] {
    return this.loaded ? undefined : { after: BEFORE_TIERS, load: () => this.load() };
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
