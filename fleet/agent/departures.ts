/** How executions leave a device: one move of each at a time, and one that a process began before it was killed is settled by the next. */
import { integer, readJson, shape, text } from '../protocol/checked';
import type { Client } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import type { MoveReport } from '../protocol/reports';
import type { Identity } from '../security/keys';
import type { Blobs } from '../store/blobs';
import type { Files } from '../store/files';
import type { Locks } from '../store/locks';
import type { FleetExecution } from './execution';
import { type Goal, isThere, type MoveOrder, moveAway, UnsettledError } from './moves';
import type { World } from './world';

const goal = shape({ url: text(1024), epoch: integer(1) });

export interface DepartureParts {
  readonly world: World;
  readonly client: Client;
  readonly identity: Identity;
  readonly files: Files;
  readonly blobs: Blobs;
  readonly locks: Locks;
  /** The base URL of who knows where executions are. */
  readonly orchestrator: () => string | undefined;
  readonly log: (text: string, execution: string) => void;
  /** It runs elsewhere from now on. Called while its lock is held. */
  readonly left: (execution: FleetExecution, to: Goal) => Promise<void>;
}

/** The note that a process which begins again must not let it run on as if it had never been sent. */
const noteOf = (id: string): string => `leaving/${id}`;

export class Departures {
  private readonly leaving = new Set<string>();

  constructor(private readonly parts: DepartureParts) {}

  /** Moves an execution. */
  async move(execution: FleetExecution, to: MoveOrder): Promise<MoveReport> {
    const { id } = execution;
    if (this.leaving.has(id)) throw new FleetError('busy', `${id} is being moved already`);
    this.leaving.add(id);
    try {
      const { identity, blobs } = this.parts;
      const noteLeaving = () => this.note(id, to);
      const makeRoom = (passed: number) => this.parts.world.makeRoom?.(passed);
      const parts = { ...this.askers(id), identity, blobs, noteLeaving, makeRoom };
      const report = await moveAway(execution, to, parts);
      await this.end(execution, to);
      return report;
    } finally {
      this.leaving.delete(id);
    }
  }

  /** Where it was on its way to when the process before this one ended. */
  async goalOf(id: string): Promise<Goal | undefined> {
    const bytes = await this.parts.files.read(noteOf(id));
    return bytes && readJson(new TextDecoder().decode(bytes), goal, noteOf(id));
  }
  /** Finds out whether it has come there. */
  async settle(execution: FleetExecution, to: Goal): Promise<void> {
    const { id } = execution;
    try {
      if (await isThere(execution, to, this.askers(id))) await this.end(execution, to);
      else execution.stay();
    } catch (error) {
      this.parts.log(error instanceof Error ? error.message : String(error), id);
      if (!(error instanceof UnsettledError)) execution.stay();
    }
  }

  private askers(id: string) {
    const { world, client, orchestrator, log } = this.parts;
    return { clock: world, client, orchestrator, log: (text: string) => log(text, id) };
  }

  private note(id: string, { url, epoch }: Goal): Promise<void> {
    return this.parts.files.write(noteOf(id), new TextEncoder().encode(JSON.stringify({ url, epoch })));
  }
  private end(execution: FleetExecution, to: Goal): Promise<void> {
    return this.parts.locks.with(execution.id, async () => {
      await this.parts.left(execution, to);
      await this.parts.files.remove(noteOf(execution.id));
    });
  }
}
