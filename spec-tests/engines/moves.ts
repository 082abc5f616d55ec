/**
 * `migrate.ts` in company: from each stop on, another engine makes the same leg from the same bytes - Node, Node without a compiler,
 * QuickJS - and must come to the same snapshot, or to the same end and the same state of the store.
 */
import { type EngineCommand, EngineProcess, findEngines } from '../../embed/quickjs/tests/engines';
import { type LegReply, toHex, type WireValue } from '../../embed/quickjs/tests/wire';
import type { Module } from '../../src/decoder/index';
import { isRef, valTypeName } from '../../src/decoder/types';
import type { Value as WasmValue } from '../../src/runtime/index';
import type { Engine } from '../engine';
import type { Group } from './groups';
import { HostRef } from './host-refs';
import { type Companion, type Ending, MigrateSession, type Stepping, Tally } from './migrate';
import { featuresFor, tswasmEngine } from './tswasm';

/** The deepest stacks of the suite are larger than a test of limits allows. */
const VM_BYTES = 1024 * 2 ** 20;

/** One process of each engine, for all scripts. */
class Fleet {
  private processes: Promise<EngineProcess[]> | undefined;
  private turn = 0;
  readonly legs = new Map<string, number>();

  async next(): Promise<EngineProcess> {
    this.processes ??= findEngines({ vmBytes: VM_BYTES }).then((engines) =>
      engines.map((engine: EngineCommand) => new EngineProcess(engine)),
    );
    const processes = await this.processes;
    const process = processes[this.turn++ % processes.length];
    const { name } = process.engine;
    this.legs.set(name, (this.legs.get(name) ?? 0) + 1);
    return process;
  }

  async close(): Promise<void> {
    const processes = (await this.processes) ?? [];
    await Promise.all(processes.map((one) => one.close()));
    this.processes = undefined;
  }
}

/** What of a script the other engines know. */
class Escort implements Companion {
  /** Modules by their number, for each engine. */
  private readonly known = new Map<EngineProcess, Map<Module, string>>();

  constructor(
    private readonly script: string,
    private readonly fleet: Fleet,
  ) {}

  async leg(group: Group, snapshot: Uint8Array, fuel: number): Promise<(ending: Ending) => void> {
    const modules = group.parts.map((part) => part.module);
    const { plain } = group;
    const process = await this.fleet.next();
    const names: string[] = [];
    for (const module of modules) names.push(await this.define(process, module));
    const reply = await process.ask({
      kind: 'leg',
      module: names[0],
      ...(!plain && { linked: names }),
      entry: '',
      args: [],
      snapshot: toHex(snapshot),
      fuel,
      wantState: true,
    });
    return (ending) => {
      const [there, here] = [JSON.stringify(told(reply)), JSON.stringify(wired(ending))];
      if (there !== here) throw new Error(`${process.engine.name} differs: ${there}, but here ${here}`);
    };
  }

  private async define(process: EngineProcess, module: Module): Promise<string> {
    let known = this.known.get(process);
    if (known === undefined) {
      known = new Map();
      this.known.set(process, known);
    }
    let name = known.get(module);
    if (name === undefined) {
      name = `#${known.size}`;
      const features = featuresFor(this.script);
      await process.ask({ kind: 'define', name, module: toHex(module.bytes), features });
      known.set(module, name);
    }
    return name;
  }

  async close(): Promise<void> {
    for (const process of this.known.keys()) await process.ask({ kind: 'forget' });
  }
}

/** What is compared of the end of a leg. */
function told(reply: LegReply): unknown {
  switch (reply.kind) {
    case 'stopped':
      return { snapshot: reply.snapshot };
    case 'done':
      return { results: reply.results, state: reply.state };
    case 'trapped':
      return { message: reply.message, state: reply.state };
  }
}
function wired(ending: Ending): unknown {
  switch (ending.kind) {
    case 'stopped':
      return { snapshot: toHex(ending.snapshot) };
    case 'done':
      return { results: ending.results.map(toWire), state: toHex(ending.state) };
    case 'trapped':
      return { message: ending.message, state: toHex(ending.state) };
  }
}

function toWire({ type, lo, hi, ref, bytes }: WasmValue): WireValue {
  const name = valTypeName(type);
  if (bytes !== undefined) return [name, 0, 0, toHex(bytes)];
  if (!isRef(type)) return [name, lo, name === 'i64' || name === 'f64' ? hi : 0];
  return [name, ref instanceof HostRef ? ref.n + 1 : ref === null ? 0 : 1, 0];
}

/** Fewer legs than `migrate` has: a leg in QuickJS with a deep stack takes seconds. */
export function movesEngine(step: number): Engine {
  const fleet = new Fleet();
  const tally = new Tally();
  const stepping: Stepping = { step, dense: 5, growth: 8 };
  return {
    ...tswasmEngine,
    name: `moves${step}`,
    open: (script) => new MigrateSession(script, stepping, tally, new Escort(script, fleet)),
    async finish() {
      await fleet.close();
      return `${tally}\nlegs made again by ${[...fleet.legs].map(([name, n]) => `${name} ${n}`).join(', ')}`;
    },
  };
}
