/**
 * `migrate.ts` through the tiers: each leg goes on from its snapshot in the next one - native, JavaScript, native in parts, the interpreter -
 * and a twin makes it again in the interpreter, from the same bytes. It must come to the same snapshot, or to the same end and the same state.
 * NaNs are canonical in all of them.
 */
import { type Execution, Store } from '../../src/interpreter/index';
import { usePolicy } from '../../src/interpreter/machine';
import type { TierPolicy } from '../../src/interpreter/tiers';
import type { Engine } from '../engine';
import { soonIn } from '../tiers/policy';
import type { Group, StoreMaker } from './groups';
import { tier as javascript } from './javascript-tier';
import { type Companion, type Ending, endingOf, MigrateSession, type Stepping, Tally } from './migrate';
import { tier as native, inParts as nativeInParts } from './native-tier';
import { fromWasm, tswasmEngine } from './tswasm';

const POLICIES: readonly (TierPolicy | undefined)[] = [
  soonIn(native),
  soonIn(javascript),
  soonIn(nativeInParts),
  undefined,
];

const interpreting: StoreMaker = () => new Store({ canonicalNans: true });

/** Stores in one tier after the other. */
function tierByTier(): StoreMaker {
  let turn = 0;
  return () => {
    const store = interpreting();
    const policy = POLICIES[turn++ % POLICIES.length];
    if (policy !== undefined) usePolicy(store, policy);
    return store;
  };
}

class Twin implements Companion {
  legs = 0;

  async leg(group: Group, snapshot: Uint8Array, fuel: number): Promise<(ending: Ending) => void> {
    // What is linked would import from the group itself.
    if (!group.plain) return () => undefined;
    const twin = group.twin(snapshot, interpreting);
    const expected = told(end(twin.execution, twin.group, fuel));
    this.legs++;
    return (ending) => {
      const found = told(ending);
      if (found !== expected) throw new Error(`a tier comes to ${found}, the interpreter to ${expected}`);
    };
  }
  async close(): Promise<void> {}
}

function end(execution: Execution, group: Group, fuel: number): Ending {
  const outcome = execution.run({ fuel });
  if (outcome.kind === 'paused') return { kind: 'stopped', snapshot: group.snapshot(execution) };
  if (outcome.kind === 'waiting') throw new Error('no host function of the suite makes a guest wait');
  return endingOf(outcome, group);
}

function told(ending: Ending): string {
  switch (ending.kind) {
    case 'stopped':
      return `a stop with ${hex(ending.snapshot)}`;
    case 'done':
      return `${JSON.stringify(ending.results.map(fromWasm), plainly)} and ${hex(ending.state)}`;
    case 'trapped':
      return `${ending.message} and ${hex(ending.state)}`;
  }
}
const plainly = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

export function tiersEngine(step: number): Engine {
  const tally = new Tally();
  const twin = new Twin();
  const stepping: Stepping = { step, dense: 100, growth: 2 };
  return {
    ...tswasmEngine,
    name: `tiers${step}`,
    open: (script) => new MigrateSession(script, stepping, tally, twin, tierByTier()),
    finish: () => {
      const entered = [native, javascript, nativeInParts].map(
        ({ name, counts }) => `${name}: ${counts.entered} calls, ${counts.continued} loops`,
      );
      return `${tally}\n${twin.legs} legs made again by the interpreter; entered ${entered.join('; ')}`;
    },
  };
}

/** For differential tests, whose host functions must not be called twice: in the interpreter in all stores, or tier by tier. */
const TRAVELS: Stepping = { step: 3, dense: 20, growth: 4 };
function exact(name: string, makeStore: () => StoreMaker): Engine {
  const open = (script: string) => new MigrateSession(script, TRAVELS, new Tally(), undefined, makeStore());
  return { ...tswasmEngine, name, open };
}
export const exactEngine = exact('exact', () => interpreting);
export const exactTiersEngine = exact('exact-tiers', tierByTier);
