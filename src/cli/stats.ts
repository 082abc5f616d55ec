/** `--stats`: what a run took, and what of it ran where. */
import type { Instance, Store } from '../index';
import { codeOf } from '../interpreter/code';
import { INTERPRETER, policyOf } from '../interpreter/policy';
import type { Tier } from '../interpreter/tiers';
import { now } from './clock';
import type { OptionSpec, Options } from './options';
import { complain } from './output';

export const STATS: OptionSpec = {
  name: 'stats',
  help: 'at the end print time, fuel, and what ran in which tier',
};

/** Takes the time. */
export class Stats {
  private readonly begun = now();
  private decoded = 0;

  constructor(
    private readonly options: Options,
    private readonly file: string,
  ) {}

  /** The program is about to run. */
  ready(): void {
    this.decoded = now() - this.begun;
  }

  /** If they are asked for. */
  tell(instance: Instance, fuel: number): void {
    const { options, file, decoded } = this;
    if (!options.has(STATS.name)) return;
    const running = now() - this.begun - decoded;
    complain(`${file}: ${decoded.toFixed(1)} ms until it ran, then ${running.toFixed(1)} ms; fuel ${fuel}`);
    for (const line of tierLines(instance.store, instance)) complain(`${file}: ${line}`);
  }
}

/** Each tier of the store, then the interpreter. The process has one store. */
function* tierLines(store: Store, instance: Instance): Iterable<string> {
  for (const tier of policyOf(store).tiers) yield* linesOf(tier);
  let interpreted = 0;
  for (const func of instance.knownFuncs()) {
    if (func.callback === undefined && codeOf(func).code !== undefined) interpreted++;
  }
  yield `${INTERPRETER}: ${functions(interpreted)}`;
}

function* linesOf({ name, counts }: Tier): Iterable<string> {
  const { offered, entered, continued, refused } = counts;
  yield `${name}: ${functions(offered)} asked for, entered ${times(entered)} by calls and ${times(continued)} at loops`;
  for (const [why, count] of refused) yield `${name}: not ${functions(count)}: ${why}`;
}

const functions = (count: number): string => `${count} function${count === 1 ? '' : 's'}`;
const times = (count: number): string => `${count} time${count === 1 ? '' : 's'}`;
