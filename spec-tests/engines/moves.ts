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

  constructor(private readonly only: string | undefined) {}

  async next(): Promise<EngineProcess> {
    this.processes ??= findEngines({ vmBytes: VM_BYTES }).then((engines) =>
      engines
        .filter(({ name }) => this.only === undefined || name === this.only)
        .map((engine: EngineCommand) => new EngineProcess(engine)),
    );
    const processes = await this.processes;
    if (processes.length === 0) throw new Error(`no engine ${this.only} here`);
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

/** Replies that are waited for at most: snapshots of deep stacks have megabytes. */
const MOST_WAITING = { replies: 64, bytes: 8 * 2 ** 20 };

/** What of a script the other engines know. They go their own pace; what they answer is compared later, by the end of the script. */
class Escort implements Companion {
  /** Modules by their number, for each engine. */
  private readonly known = new Map<EngineProcess, Map<Module, string>>();
  /** Each becomes what is wrong with a reply, if anything is. */
  private waiting: Promise<Error | undefined>[] = [];
  private waitingBytes = 0;

  constructor(
    private readonly script: string,
    private readonly fleet: Fleet,
  ) {}

  async leg(group: Group, snapshot: Uint8Array, fuel: number): Promise<(ending: Ending) => void> {
    const { replies, bytes } = MOST_WAITING;
    if (this.waiting.length >= replies || this.waitingBytes >= bytes) await this.settle();
    const modules = group.parts.map((part) => part.module);
    const { plain } = group;
    const process = await this.fleet.next();
    const names = modules.map((module) => this.define(process, module));
    const reply = process.ask({
      kind: 'leg',
      module: names[0],
      ...(!plain && { linked: names }),
      entry: '',
      args: [],
      snapshot: toHex(snapshot),
      fuel,
      wantState: true,
    });
    const failed = reply.then(() => undefined, asError);
    this.waitingBytes += snapshot.length;
    return (ending) => {
      const here = JSON.stringify(wired(ending));
      const compare = (answer: LegReply) => {
        const there = JSON.stringify(told(answer));
        if (there === here) return undefined;
        return new Error(`${process.engine.name} differs: ${there}, but here ${here}`);
      };
      this.waiting.push(failed.then(async (error) => error ?? compare(await reply)));
    };
  }

  private define(process: EngineProcess, module: Module): string {
    let known = this.known.get(process);
    if (known === undefined) {
      known = new Map();
      this.known.set(process, known);
    }
    let name = known.get(module);
    if (name === undefined) {
      name = `#${known.size}`;
      const features = featuresFor(this.script);
      const reply = process.ask({ kind: 'define', name, module: toHex(module.bytes), features });
      this.waiting.push(reply.then(() => undefined, asError));
      known.set(module, name);
    }
    return name;
  }

  private async settle(): Promise<void> {
    const { waiting } = this;
    [this.waiting, this.waitingBytes] = [[], 0];
    for (const error of await Promise.all(waiting)) if (error !== undefined) throw error;
  }

  async close(): Promise<void> {
    await this.settle();
    for (const process of this.known.keys()) await process.ask({ kind: 'forget' });
  }
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

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

/** In turn with all of them, or with `only` one. Fewer legs than `migrate` has: a leg in QuickJS with a deep stack takes seconds. */
export function movesEngine(step: number, only?: string): Engine {
  const fleet = new Fleet(only);
  const tally = new Tally();
  const stepping: Stepping = { step, dense: 5, growth: 8 };
  return {
    ...tswasmEngine,
    name: only === undefined ? `moves${step}` : `moves${step}-${only}`,
    open: (script) => new MigrateSession(script, stepping, tally, new Escort(script, fleet)),
    async finish() {
      await fleet.close();
      return `${tally}\nlegs made again by ${[...fleet.legs].map(([name, n]) => `${name} ${n}`).join(', ')}`;
    },
  };
}
