/**
 * tswasm, but every call is stopped again and again, and each time goes on from a snapshot, in instances that have just been made in a
 * store that has just been made. What the script sees must not depend on that. `moves.ts` also sends each snapshot to other engines.
 */
import type { Module } from '../../src/decoder/index';
import { LinkError, SnapshotError } from '../../src/errors';
import { Execution, type Outcome } from '../../src/interpreter/index';
import { Func, Global, type Value as WasmValue } from '../../src/runtime/index';
import {
  type Engine,
  type EngineExports,
  type EngineExtern,
  type EngineModule,
  type Registry,
  ScriptFailure,
  type Session,
} from '../engine';
import type { Value } from '../script/values';
import {
  type Group,
  Groups,
  type Handle,
  type HostMaker,
  type Part,
  plainStore,
  type StoreMaker,
  spectestHandles,
} from './groups';
import { featuresFor, fromWasm, TswasmSession, toWasm, tswasmEngine } from './tswasm';

/** Where the stops of a call are: all `dense` first at every `step`-th safepoint, the others farther and farther apart. */
export interface Stepping {
  readonly step: number;
  readonly dense: number;
  /** How much longer each leg after those is than the one before, at random between half and one and a half of it. */
  readonly growth: number;
}

/** What happened, over all scripts. */
export class Tally {
  calls = 0;
  stops = 0;
  safepoints = 0;
  /** Calls in which every safepoint was a stop. */
  whole = 0;
  /** Stops with a snapshot of several linked instances. */
  linked = 0;
  largest = 0;
  readonly refusals = new Map<string, number>();

  refused(why: string): void {
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
  }
  toString(): string {
    const refusals = [...this.refusals].map(([why, n]) => `${n} (${why})`).join(', ') || 'none';
    return [
      `${this.calls} calls with safepoints, ${this.safepoints} safepoints; ${this.stops} stops, each with a snapshot and a restore,`,
      `${this.linked} of them of several instances, the largest of ${this.largest} bytes; ${this.whole} calls stopped at every safepoint`,
      `NOT MOVED: ${refusals}`,
    ].join('\n');
  }
}

/** Makes the same leg somewhere else, and compares. `after` tells where the session itself has come to. */
export interface Companion {
  leg(group: Group, snapshot: Uint8Array, fuel: number): Promise<(ending: Ending) => void>;
  close(): Promise<void>;
}
export type Ending =
  | { readonly kind: 'stopped'; readonly snapshot: Uint8Array }
  | { readonly kind: 'done'; readonly results: readonly WasmValue[]; readonly state: Uint8Array }
  | { readonly kind: 'trapped'; readonly message: string; readonly state: Uint8Array };

/** Tells states apart: two sums over the bytes (FNV-1a), as hexadecimal. */
function digest(bytes: Uint8Array): string {
  let [a, b] = [0x811c9dc5, 0x1b873593];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b) ^ (b >>> 13);
  }
  return `${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`;
}

/** Seeded: the same stops each time. */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

export class MigrateSession implements Session {
  readonly spectest = spectestHandles();
  private readonly home: TswasmSession;
  private readonly groups: Groups;
  /** What there has been at each stop since somebody has looked, and the fuel of calls that have ended well. */
  private trail: string[] = [];
  private readonly random = randomFrom(1);

  constructor(
    script: string,
    private readonly stepping: Stepping,
    private readonly tally: Tally,
    private readonly companion?: Companion,
    makeStore: StoreMaker = plainStore,
  ) {
    this.groups = new Groups(makeStore);
    this.home = new TswasmSession(featuresFor(script));
  }

  compile(bytes: Uint8Array): EngineModule {
    return this.home.compile(bytes);
  }

  async instantiate(module: EngineModule, registry: Registry): Promise<EngineExports> {
    const decoded = module as Module;
    const imports = decoded.imports.map((item) => {
      const found = registry.get(item.module)?.get(item.name);
      if (!found) throw new LinkError(`unknown import "${item.module}" "${item.name}"`);
      return found as Handle;
    });
    const part = this.groups.part(decoded, imports);
    const { startFunc } = part.group.instantiate(part);
    if (startFunc) await this.call(startFunc, part, []);
    return part.exports;
  }

  async invoke(handle: EngineExtern, args: readonly Value[]): Promise<Value[]> {
    const { part } = handle as Handle;
    const func = (handle as Handle).now();
    if (part === undefined || !(func instanceof Func)) throw new ScriptFailure('export is not a function');
    return (await this.call(func, part, args.map(toWasm))).map(fromWasm);
  }

  get(handle: EngineExtern): Value {
    const global = (handle as Handle).now();
    if (!(global instanceof Global)) throw new ScriptFailure('export is not a global');
    return fromWasm(global.get());
  }

  /** Something of the host that modules can import, besides `spectest`. */
  fromHost(name: string, make: HostMaker): Handle {
    return this.groups.fromHost(name, make);
  }

  takeTrail(): string[] {
    const { trail } = this;
    this.trail = [];
    return trail;
  }

  async close(): Promise<void> {
    await this.companion?.close();
  }

  private async call(func: Func, { group }: Part, args: readonly WasmValue[]): Promise<WasmValue[]> {
    // A host function that is exported again: nothing of it is a guest's.
    if (func.instance === undefined) return func.callRaw(args);
    const { tally, companion } = this;
    let execution = new Execution(func, args);
    let elsewhere: ReturnType<Companion['leg']> | undefined;
    tally.calls++;
    // The first stop is the first safepoint that there is.
    for (let stops = 0, fuel: number | undefined = 0; ; ) {
      const outcome = execution.run({ ...(fuel !== undefined && { fuel }) });
      tally.safepoints += execution.fuelUsed;
      if (outcome.kind === 'waiting') throw new Error('no host function of the suite makes a guest wait');
      if (outcome.kind !== 'paused') {
        if (stops <= this.stepping.dense && this.stepping.step === 1) tally.whole++;
        await this.compare(elsewhere, () => endingOf(outcome, group));
        if (outcome.kind === 'trapped') throw outcome.error;
        this.trail.push(`fuel ${execution.fuelUsed}`);
        return outcome.results;
      }
      const bytes = this.leave(group, execution);
      await this.compare(elsewhere, () => ({ kind: 'stopped', snapshot: bytes ?? new Uint8Array(0) }));
      if (bytes !== undefined) this.trail.push(`stop ${digest(bytes)}`);
      fuel = bytes && this.legAfter(++stops);
      elsewhere = bytes && fuel !== undefined ? companion?.leg(group, bytes, fuel) : undefined;
      if (bytes !== undefined) execution = group.restore(bytes);
    }
  }

  private async compare(
    elsewhere: ReturnType<Companion['leg']> | undefined,
    here: () => Ending,
  ): Promise<void> {
    if (elsewhere !== undefined) (await elsewhere)(here());
  }

  /** Safepoints until the next stop. */
  private legAfter(stops: number): number {
    const { step, dense, growth } = this.stepping;
    if (stops <= dense) return step;
    return Math.ceil(step * growth ** (stops - dense) * (0.5 + this.random()));
  }

  /** A snapshot, or undefined when there is something that no file of ours can say. */
  private leave(group: Group, execution: Execution): Uint8Array | undefined {
    const { tally } = this;
    try {
      const bytes = group.snapshot(execution);
      tally.stops++;
      if (!group.plain) tally.linked++;
      tally.largest = Math.max(tally.largest, bytes.length);
      return bytes;
    } catch (error) {
      if (!(error instanceof SnapshotError) || error.kind !== 'unsupported') throw error;
      tally.refused(error.message);
      return undefined;
    }
  }
}

export function endingOf(outcome: Extract<Outcome, { kind: 'done' | 'trapped' }>, group: Group): Ending {
  const state = group.atRest();
  if (outcome.kind === 'done') return { kind: 'done', results: outcome.results, state };
  return { kind: 'trapped', message: outcome.error.message, state };
}

/** A leg is one safepoint a hundred times, and then longer and longer. */
export function migrateEngine(step: number): Engine {
  const tally = new Tally();
  const stepping: Stepping = { step, dense: 100, growth: 2 };
  return {
    ...tswasmEngine,
    name: `migrate${step}`,
    open: (script) => new MigrateSession(script, stepping, tally),
    finish: () => String(tally),
  };
}
