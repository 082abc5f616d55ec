/**
 * A fleet in which things go wrong at random: everything that happens to it, the callers who count on it, and an observer who hears what they hear
 * and keeps his own book.
 */
import { sleep } from '../agent/world';
import type { Reply, Request } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import { TestClock } from './clock';
import { TestFleet } from './fleet';
import { assemble, COUNTER } from './modules';

/** The execution that holds a lease. */
export const EXCLUSIVE = 'exclusive';
const NAMES = ['ash', 'birch', 'cedar'];
/** The one that nobody reaches by itself, as a page of a browser. */
const PAGE = 'cedar';
const ORCHESTRATOR = 'http://orchestrator';
const CALLS = /^http:\/\/orchestrator\/liquid\/v1\/executions\/([^/]+)\/calls$/;

/** A linear congruential generator: the same seed, the same mishaps. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

/** Writes down each answer that leaves the orchestrator for a caller. */
export class Observer {
  /** By execution: the values by key, in the order in which they were first heard. */
  readonly book = new Map<string, Map<string, number>>();
  readonly faults: string[] = [];

  hear(from: string, request: Request, reply: Reply): void {
    const match = CALLS.exec(request.url);
    if (match === null || from !== '' || reply.status !== 200) return;
    const told = JSON.parse(new TextDecoder().decode(reply.body)) as { key: string; results?: number[] };
    const [id, value] = [decodeURIComponent(match[1]), told.results?.[0]];
    if (value === undefined) this.faults.push(`${id} ${told.key}: ${JSON.stringify(told)}`);
    else this.write(id, told.key, value);
  }

  private write(id: string, key: string, value: number): void {
    const values = this.book.get(id) ?? new Map<string, number>();
    this.book.set(id, values);
    const before = values.get(key);
    if (before !== undefined && before !== value)
      this.faults.push(`${id} ${key} was ${before}, and is ${value}`);
    if (before === undefined && [...values.values()].includes(value))
      this.faults.push(`${id} gave ${value} twice: again for ${key}`);
    values.set(key, value);
  }
}

export class Chaos {
  readonly clock = new TestClock();
  readonly fleet = new TestFleet(this.clock);
  readonly observer = new Observer();
  /** What the callers of each execution have heard. */
  readonly heard = new Map<string, number[]>();
  /** Mishaps by kind. */
  readonly happened: Record<string, number> = {};
  private stop = false;
  private callers: Promise<void>[] = [];
  private readonly random: (below: number) => number;

  constructor(
    seed: number,
    private readonly executions: readonly string[],
  ) {
    this.random = generator(seed);
  }

  async open(): Promise<void> {
    const { fleet } = this;
    fleet.network.observe = (from, request, reply) => this.observer.hear(from, request, reply);
    await fleet.startOrchestrator();
    for (const name of NAMES) await start(fleet, name);
    const module = await assemble(COUNTER);
    for (const name of this.executions) await fleet.deploy(name, module, { exclusive: name === EXCLUSIVE });
    this.clock.onPass = () => this.countCopies();
    this.callers = this.executions.map((name) => this.caller(`${name}~main`));
  }

  /** Looks all the time whether two copies of the exclusive execution may run. */
  private countCopies(): void {
    const id = `${EXCLUSIVE}~main`;
    const running = [...this.fleet.agents].filter(([, { agent }]) => {
      const execution = agent.executions.get(id);
      return execution?.state.kind === 'running' && execution.mayRun();
    });
    if (running.length > 1)
      this.observer.faults.push(`${id} runs on ${running.map(([name]) => name)} at ${this.clock.now()}`);
  }

  /** Calls until it is told to stop; a call without an answer is made again under its key. */
  private async caller(id: string): Promise<void> {
    const heard: number[] = [];
    this.heard.set(id, heard);
    const url = `${ORCHESTRATOR}/liquid/v1/executions/${encodeURIComponent(id)}/calls`;
    for (let k = 0; !this.stop; ) {
      try {
        const headers = { 'idempotency-key': `k${k}` };
        const document = { function: 'next', args: [] };
        const told = (await this.fleet.operator.json('POST', url, document, { headers, timeout: 5_000 })) as {
          results: number[];
        };
        heard.push(told.results[0]);
        k++;
      } catch (error) {
        if (!(error instanceof FleetError) || !['unavailable', 'unauthorized'].includes(error.code))
          throw error;
      }
      await this.pass(100 + this.random(200));
    }
  }

  private readonly pass = (milliseconds: number) => sleep(this.clock, milliseconds);

  /** One mishap at random, to one execution; then its callers have to hear more. */
  async mishap(): Promise<void> {
    const id = `${this.executions[this.random(this.executions.length)]}~main`;
    const kinds = Object.keys(MISHAPS);
    const kind = kinds[this.random(kinds.length)];
    this.happened[kind] = (this.happened[kind] ?? 0) + 1;
    const owner = this.fleet.orchestrator.record(id).device ?? NAMES[this.random(NAMES.length)];
    const other = NAMES.filter((name) => name !== owner)[this.random(NAMES.length - 1)];
    this.fleet.note(`--- ${kind}: ${id} of ${owner}, ${other}`);
    await MISHAPS[kind]({ ...this.parts(), id, owner, other });
    await this.goesOn();
  }

  private parts() {
    return { fleet: this.fleet, clock: this.clock, random: this.random, pass: this.pass };
  }

  /** Every execution answers again, twice. */
  private async goesOn(): Promise<void> {
    const before = new Map([...this.heard].map(([id, heard]) => [id, heard.length]));
    const late = () => [...this.heard].filter(([id, heard]) => heard.length < before.get(id)! + 2);
    const start = this.clock.now();
    while (late().length > 0) {
      if (this.clock.now() - start > PATIENCE)
        throw new Error(`${late().map(([id]) => id)} gave no answer in ${PATIENCE} ms`);
      await this.pass(100);
    }
  }

  /** Lets the calls that are under way end, and waits until everybody knows who has what. */
  async end(): Promise<void> {
    this.stop = true;
    await Promise.all(this.callers);
    await this.pass(5_000);
  }

  /** The agents that have an execution, with its epoch. */
  copiesOf(id: string): string[] {
    return [...this.fleet.agents].flatMap(([name, { agent }]) => {
      const execution = agent.executions.get(id);
      return execution?.state.kind === 'running' ? [`${name} ${execution.epoch}`] : [];
    });
  }

  async close(): Promise<void> {
    this.stop = true;
    await this.fleet.close();
    this.clock.stop();
  }
}

/** Milliseconds of the fleet's time in which every execution has to answer after any mishap. */
const PATIENCE = 120_000;

interface Mishap {
  readonly fleet: TestFleet;
  readonly clock: TestClock;
  readonly random: (below: number) => number;
  readonly pass: (milliseconds: number) => Promise<void>;
  readonly id: string;
  readonly owner: string;
  readonly other: string;
}

function orderMove({ fleet, id, other }: Mishap): Promise<unknown> {
  const url = `${ORCHESTRATOR}/liquid/v1/executions/${encodeURIComponent(id)}/move`;
  return fleet.operator.json('POST', url, { device: other }, { timeout: 30_000 }).catch((error) => {
    if (!(error instanceof FleetError)) throw error;
    fleet.note(`no move: ${error.message}`);
  });
}

/** Some way into what has been ordered: between two of its messages, or behind all of them. */
async function midway({ clock, random }: Mishap): Promise<void> {
  for (let k = random(150); k > 0; k--) await clock.turn();
}

function start(fleet: TestFleet, name: string): Promise<unknown> {
  return name === PAGE ? fleet.startPage(name) : fleet.startAgent(name);
}

async function restart({ fleet, pass, random }: Mishap, name: string): Promise<void> {
  if (fleet.agents.has(name)) fleet.kill(name);
  await pass(random(2) * random(6_000));
  await start(fleet, name);
}

async function restartOrchestrator({ fleet, pass, random }: Mishap): Promise<void> {
  fleet.stopOrchestrator();
  await pass(random(4_000));
  await fleet.startOrchestrator();
}

const at = (name: string) => `http://${name}`;

const MISHAPS: Readonly<Record<string, (mishap: Mishap) => Promise<void>>> = {
  kill: (mishap) => restart(mishap, mishap.owner),
  'kill of a neighbour': (mishap) => restart(mishap, mishap.other),
  move: async (mishap) => {
    await orderMove(mishap);
  },
  'kill of the source in a move': async (mishap) => {
    const order = orderMove(mishap);
    await midway(mishap);
    await restart(mishap, mishap.owner);
    await order;
  },
  'kill of the target in a move': async (mishap) => {
    const order = orderMove(mishap);
    await midway(mishap);
    await restart(mishap, mishap.other);
    await order;
  },
  'restart of the orchestrator': restartOrchestrator,
  'restart of the orchestrator in a move': async (mishap) => {
    const order = orderMove(mishap);
    await midway(mishap);
    await restartOrchestrator(mishap);
    await order;
  },
  'owner cut off from the orchestrator': async ({ fleet, owner, pass, random }) => {
    fleet.network.cutLink(at(owner), ORCHESTRATOR);
    await pass(1_000 + random(6_000));
    fleet.network.mend();
  },
  'owner cut off from everybody': async ({ fleet, owner, pass, random }) => {
    for (const name of NAMES) if (name !== owner) fleet.network.cutLink(at(owner), at(name));
    fleet.network.cutLink(at(owner), ORCHESTRATOR);
    await pass(1_000 + random(6_000));
    fleet.network.mend();
  },
  'move over a link that is cut': async (mishap) => {
    const { fleet, owner, other, pass, random } = mishap;
    const order = orderMove(mishap);
    await midway(mishap);
    fleet.network.cutLink(at(owner), at(other));
    await pass(1_000 + random(6_000));
    fleet.network.mend();
    await order;
  },
  'slow links, and a move': async (mishap) => {
    const { fleet, random, pass } = mishap;
    const slowest = 50 + random(1_500);
    fleet.network.delay = () => random(slowest);
    const order = orderMove(mishap);
    await pass(3_000);
    fleet.network.mend();
    await order;
  },
  'copies that come nowhere, and a kill': async (mishap) => {
    const { fleet, owner, pass } = mishap;
    fleet.network.intercept = async (from, { url, method }) => {
      if (from === at(owner) && method === 'PUT' && url.includes('/checkpoints/'))
        throw new FleetError('unavailable', `${url} does not answer`);
      return undefined;
    };
    await pass(2_000);
    await restart(mishap, owner);
    fleet.network.intercept = undefined;
  },
  'machines that sleep': async ({ clock, random, pass }) => {
    clock.sleepMachine(1_000 + random(20_000));
    await pass(500);
  },
  'a clock that is set': async ({ clock, random, pass }) => {
    clock.setWall((random(2) === 0 ? -1 : 1) * random(100_000_000));
    await pass(500);
  },
};
