/**
 * Calls that deployments ask for again and again. Each has a number, which is written down before it is made and again when it has ended: so the next
 * process, or the next one that leads, makes the one that has not ended under the same key, and none twice. No clock on a wall is asked: the time
 * between two is counted from when this process began to look after them, and what was due while nobody did is not made up for.
 */
import type { Clock } from '../agent/world';
import { flag, integer, shape } from '../protocol/checked';
import type { Answer, PendingCall } from '../protocol/checkpoint';
import { type Deployment, deployment, executionId, type RecurringCall } from '../protocol/deployment';
import type { Database } from '../store/database';
import type { About } from './office';

const SECOND = 1000;

const counter = shape({ number: integer(0), ended: flag });

export interface Caller {
  readonly options: {
    readonly world: Clock;
    readonly database: Database;
    readonly log: (text: string, about?: About) => void;
  };
  call(id: string, call: PendingCall): Promise<Answer>;
}

/** One call of one deployment, and how it stops to be made. */
interface Series {
  readonly execution: string;
  readonly call: RecurringCall;
  isOver: boolean;
  callOff: () => void;
}

const placesOf = (id: string): string => `recurring/${id}/`;

export class Recurring {
  private readonly series = new Map<string, readonly Series[]>();

  constructor(private readonly caller: Caller) {}

  async open(): Promise<void> {
    for (const { key, value } of await this.caller.options.database.list('deployment/'))
      this.take(deployment(value, key));
  }

  close(): void {
    for (const id of [...this.series.keys()]) this.stop(id);
  }

  /** What is called from now on for a deployment. */
  take({ id, recurring = [] }: Deployment): void {
    this.stop(id);
    const begun = recurring.map((call, k) => this.begin(id, k, call));
    if (begun.length > 0) this.series.set(id, begun);
  }

  async forget(id: string): Promise<void> {
    this.stop(id);
    const { database } = this.caller.options;
    for (const { key } of await database.list(placesOf(id))) await database.remove(key);
  }

  private stop(id: string): void {
    for (const one of this.series.get(id) ?? []) {
      one.isOver = true;
      one.callOff();
    }
    this.series.delete(id);
  }

  private begin(id: string, index: number, call: RecurringCall): Series {
    const { world, log } = this.caller.options;
    const execution = executionId(id, call.execution);
    const series: Series = { execution, call, isOver: false, callOff: () => undefined };
    const about = { execution };
    const interval = call.every * SECOND;
    let due = world.now() + interval;
    /** Said once, and again when something else is the matter. */
    let trouble: string | undefined;
    const turn = async (isNext: boolean): Promise<void> => {
      try {
        const { failure } = (await this.make(series, `${placesOf(id)}${index}`, isNext)) ?? {};
        if (failure !== undefined && failure !== trouble) log(`${call.function}: ${failure}`, about);
        trouble = failure;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (!series.isOver && reason !== trouble) log(`${call.function}: ${reason}`, about);
        trouble = reason;
      }
      if (series.isOver) return;
      series.callOff = world.after(Math.max(0, due - world.now()), () => void turn(true));
      // One that takes longer than the time between two is followed at once by the next, and not by all that were due.
      due = Math.max(due, world.now()) + interval;
    };
    void turn(false);
    return series;
  }

  /** The next one, or the last one if it has not ended; undefined when there is none to be made. What is over writes nothing down: the next to look does. */
  private async make(series: Series, place: string, isNext: boolean): Promise<Answer | undefined> {
    const { database } = this.caller.options;
    const entry = await database.get(place);
    const { number, ended } = entry === undefined ? { number: 0, ended: true } : counter(entry.value, place);
    if ((ended && !isNext) || series.isOver) return undefined;
    const mine = ended ? number + 1 : number;
    if (ended) await database.put(place, { number: mine, ended: false });
    const { function: name, args } = series.call;
    const answer = await this.caller.call(series.execution, {
      key: `${place} ${mine}`,
      function: name,
      args,
    });
    if (!series.isOver) await database.put(place, { number: mine, ended: true });
    return answer;
  }
}
