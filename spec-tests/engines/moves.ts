/**
 * tswasm, but every call is stopped again and again, and each time goes on from a snapshot in another engine: Node, Node without a
 * compiler, QuickJS. The session's own execution goes the same legs; whoever carries a snapshot further must come to the same bytes, and
 * at the end to the same results or trap. (So the session's store is always where the script thinks it is.)
 */
import { type EngineCommand, EngineProcess, findEngines } from '../../embed/quickjs/tests/engines';
import { type LegReply, toHex, type WireValue } from '../../embed/quickjs/tests/wire';
import type { Module } from '../../src/decoder/index';
import { isRef, valTypeName } from '../../src/decoder/types';
import { LinkError, SnapshotError } from '../../src/errors';
import {
  Execution,
  type Extern,
  Func,
  type Instance,
  instantiatePaused,
  type Outcome,
  type Value as WasmValue,
} from '../../src/interpreter/index';
import { postmortem, snapshot, u64FromNumber } from '../../src/snapshot/index';
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
import { HostRef } from './host-refs';
import { featuresFor, fromWasm, TswasmSession, toWasm, tswasmEngine } from './tswasm';

/** Legs of a call before the next ones are twice as long: a snapshot costs as much as the stack is deep. */
const MANY_LEGS = 6;
/** The deepest stacks of the suite are larger than a test of limits allows. */
const VM_BYTES = 1024 * 2 ** 20;

/** What is compared of the end of a leg. */
type Ending =
  | { readonly kind: 'stopped'; readonly snapshot: string }
  | { readonly kind: 'done'; readonly results: readonly WireValue[]; readonly state: string | undefined }
  | { readonly kind: 'trapped'; readonly message: string; readonly state: string | undefined };

class Fleet {
  private processes: EngineProcess[] | undefined;
  private turn = 0;
  readonly legs = new Map<string, number>();
  /** Why calls stayed at home, and how many. */
  readonly refusals = new Map<string, number>();
  calls = 0;

  /** The next engine. */
  async next(): Promise<EngineProcess> {
    this.processes ??= (await findEngines({ vmBytes: VM_BYTES })).map(
      (one: EngineCommand) => new EngineProcess(one),
    );
    const process = this.processes[this.turn++ % this.processes.length];
    count(this.legs, process.engine.name);
    return process;
  }
  async close(): Promise<void> {
    await Promise.all(this.processes?.map((one) => one.close()) ?? []);
    this.processes = undefined;
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

class MovesSession implements Session {
  private readonly home: TswasmSession;
  readonly spectest: EngineExports;
  private readonly sources = new WeakMap<Module, string>();

  constructor(
    script: string,
    private readonly fleet: Fleet,
    private readonly step: number,
  ) {
    this.home = new TswasmSession(featuresFor(script));
    this.spectest = this.home.spectest;
  }

  compile(bytes: Uint8Array): EngineModule {
    const module = this.home.compile(bytes);
    this.sources.set(module as Module, toHex(bytes));
    return module;
  }

  async instantiate(module: EngineModule, registry: Registry): Promise<EngineExports> {
    const decoded = module as Module;
    const imports = decoded.imports.map((item) => {
      const found = registry.get(item.module)?.get(item.name);
      if (!found) throw new LinkError(`unknown import "${item.module}" "${item.name}"`);
      return found as Extern;
    });
    const instance = instantiatePaused(this.home.store, decoded, imports);
    if (instance.startFunc) await this.call(instance.startFunc, []);
    return instance.exports;
  }

  async invoke(func: EngineExtern, args: readonly Value[]): Promise<Value[]> {
    if (!(func instanceof Func)) throw new ScriptFailure('export is not a function');
    return (await this.call(func, args.map(toWasm))).map(fromWasm);
  }

  get(global: EngineExtern): Value {
    return this.home.get(global);
  }

  private async call(func: Func, args: readonly WasmValue[]): Promise<WasmValue[]> {
    this.fleet.calls++;
    const execution = new Execution(func, args);
    const module = this.movable(func);
    let carried: string | undefined;
    // The first stop is the first safepoint there is, and at home.
    for (let legs = 0; ; legs++) {
      const fuel = legs === 0 ? 0 : this.step * 2 ** Math.floor(legs / MANY_LEGS);
      const outcome = execution.run(module === undefined ? {} : { fuel });
      if (carried === undefined && outcome.kind === 'paused') carried = this.leave(execution);
      else if (module !== undefined && carried !== undefined) {
        const ending = endingOf(outcome, execution, func.instance!);
        const away = await this.away(module, carried, fuel);
        if (JSON.stringify(away.ending) !== JSON.stringify(ending)) {
          throw new Error(
            `${away.engine} differs: ${describe(away.ending)}, but at home ${describe(ending)}`,
          );
        }
        carried = away.ending.kind === 'stopped' ? away.ending.snapshot : undefined;
      }
      if (outcome.kind === 'done') return outcome.results;
      if (outcome.kind === 'trapped') throw outcome.error;
      if (carried === undefined) return this.stayHome(execution);
    }
  }

  /** The module of a function that can move; undefined when its instance needs others of this store. */
  private movable({ instance }: Func): Module | undefined {
    const foreign = instance?.module.imports.find((item) => item.module !== 'spectest');
    if (instance === undefined || foreign !== undefined) {
      count(this.fleet.refusals, instance === undefined ? 'host functions' : 'imports from another instance');
      return undefined;
    }
    return instance.module;
  }

  /** The first snapshot of a call, or undefined when it says something that the format cannot. */
  private leave(execution: Execution): string | undefined {
    try {
      return snapshotOf(execution);
    } catch (error) {
      if (!(error instanceof SnapshotError) || error.kind !== 'unsupported') throw error;
      count(this.fleet.refusals, error.message.replace(/function \S* /, 'a function '));
      return undefined;
    }
  }

  private stayHome(execution: Execution): WasmValue[] {
    const outcome = execution.run();
    if (outcome.kind === 'done') return outcome.results;
    if (outcome.kind === 'trapped') throw outcome.error;
    throw new Error('no host function of the suite makes a guest wait');
  }

  private async away(
    module: Module,
    carried: string,
    fuel: number,
  ): Promise<{ readonly engine: string; readonly ending: Ending }> {
    const process = await this.fleet.next();
    const reply = await process.ask({
      kind: 'leg',
      module: this.sources.get(module)!,
      features: this.home.features,
      entry: '',
      args: [],
      snapshot: carried,
      fuel,
      wantState: true,
    });
    return { engine: process.engine.name, ending: plain(reply) };
  }
}

const naming = { nameExternRef: (ref: unknown) => u64FromNumber((ref as HostRef).n + 1) };

function snapshotOf(execution: Execution): string {
  return toHex(snapshot(execution, naming));
}

function endingOf(outcome: Outcome, execution: Execution, instance: Instance): Ending {
  switch (outcome.kind) {
    case 'paused':
    case 'waiting':
      return { kind: 'stopped', snapshot: snapshotOf(execution) };
    case 'done':
      return { kind: 'done', results: outcome.results.map(toWire), state: stateOf(instance) };
    case 'trapped':
      return { kind: 'trapped', message: outcome.error.message, state: stateOf(instance) };
  }
}

function stateOf(instance: Instance): string {
  return toHex(postmortem(instance, naming));
}

function toWire({ type, lo, hi, ref }: WasmValue): WireValue {
  const name = valTypeName(type);
  if (!isRef(type)) return [name, lo, name === 'i64' || name === 'f64' ? hi : 0];
  return [name, ref instanceof HostRef ? ref.n + 1 : ref === null ? 0 : 1, 0];
}

function plain(reply: LegReply): Ending {
  switch (reply.kind) {
    case 'stopped':
      return { kind: 'stopped', snapshot: reply.snapshot };
    case 'done':
      return { kind: 'done', results: reply.results, state: reply.state };
    case 'trapped':
      return { kind: 'trapped', message: reply.message, state: reply.state };
  }
}

function describe(ending: Ending): string {
  const text = JSON.stringify(ending);
  return ending.kind === 'stopped' ? `stopped with ${ending.snapshot.length / 2} bytes` : text;
}

/** Stops at the first safepoint of every call, and then at each `step`-th; less often in long calls. */
export function movesEngine(step: number): Engine {
  const fleet = new Fleet();
  return {
    ...tswasmEngine,
    name: `moves${step}`,
    open: (script) => new MovesSession(script, fleet, step),
    async finish() {
      await fleet.close();
      const legs = [...fleet.legs].map(([name, n]) => `${name} ${n}`).join(', ');
      const home = [...fleet.refusals].map(([why, n]) => `${n} (${why})`).join(', ');
      return `${fleet.calls} calls; legs: ${legs}; stayed at home: ${home || 'none'}`;
    },
  };
}
