/**
 * A move as its source sees it. While the execution runs on, its memory is sent, then what has been written since, until little is left or the rounds are
 * used up; it stands still only until it runs there. It is kept here as it stands until the target says that it is there for good.
 */
import { flag, shape } from '../protocol/checked';
import { encodeCheckpoint } from '../protocol/checkpoint';
import type { Client } from '../protocol/client';
import type { ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { type MoveReport, settlement } from '../protocol/reports';
import { sha256 } from '../security/digest';
import type { Identity } from '../security/keys';
import type { Sealer } from '../security/seal';
import { type Destination, placement, rowTo, StageDigest, TICKET_HEADER } from '../security/transfer';
import type { Blobs } from '../store/blobs';
import type { FleetExecution } from './execution';
import type { Leaving } from './guest';
import { type Clock, sleep } from './world';

/** Bytes of a piece: sent in a few milliseconds, while the guest has its turns between two. */
const PIECE = 1024 * 1024;
/** Bytes that are not worth another round: a last stage of this size takes as long as an empty one. */
const LITTLE = 64 * 1024;
/** Milliseconds between two questions of whether a move has arrived. */
const ASK_AGAIN = 500;

export interface MoveOrder extends Destination {
  /** Of copying, before it stands still. */
  readonly rounds: number;
  /** What it is there: the deployment may have been made again since it came here. */
  readonly spec: ExecutionSpec;
}

export interface MoveParts {
  readonly clock: Clock;
  readonly client: Client;
  readonly identity: Identity;
  readonly blobs: Blobs;
  /** Base URL of the orchestrator, which knows how a move has ended that neither end can tell. */
  readonly orchestrator: () => string | undefined;
  readonly log: (text: string) => void;
  /** Writes down that it may be there from now on, so that this outlasts the process. */
  readonly noteLeaving: () => Promise<void>;
  /** As the world's. */
  readonly makeRoom: (passed: number) => void;
}

/** Where an execution goes, and its epoch there. */
export type Goal = Pick<Destination, 'url' | 'epoch'>;

/** Milliseconds that so many bytes may take: a second, and what a slow link needs. */
function timeoutFor(bytes: number): number {
  return 4_000 + bytes / 50;
}

export async function moveAway(
  execution: FleetExecution,
  to: MoveOrder,
  parts: MoveParts,
): Promise<MoveReport> {
  const { now } = parts.clock;
  const start = now();
  const departure = await execution.depart();
  const stages = new Stages(execution.id, to, parts, await rowTo(to));
  try {
    const opening = await execution.opening(departure, to.epoch, to.spec);
    await stages.open(encodeCheckpoint(opening), to.spec);
    const done = await copy(departure, stages, to.rounds);
    await stages.arrived();
    // Before it stands: neither the disk nor the collection of garbage takes a part of the pause.
    await Promise.all([parts.noteLeaving(), stages.announceLast()]);
    parts.makeRoom(stages.bytes);
    await execution.stand();
    const stood = now();
    const ran = await finish(execution, departure, stages, parts);
    return { bytes: stages.bytes, rounds: done + 1, milliseconds: now() - start, pause: ran - stood };
  } catch (error) {
    if (execution.state.kind === 'leaving' && !(error instanceof UnsettledError)) execution.stay();
    void stages.giveUp();
    throw error;
  }
}

/** Sends the memory while the execution runs on. Gives the rounds that it took. */
async function copy(departure: Leaving, stages: Stages, rounds: number): Promise<number> {
  let before = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const left = await departure.left();
    // However small it is: what has been sent takes no part of the pause.
    const enough = round === 0 ? 0 : LITTLE;
    // A guest that writes as fast as the link takes it gains nothing by another round.
    if (left <= enough || left >= before) return round;
    before = left;
    for (let sent = 0; sent < left; ) {
      const piece = await departure.next(Math.min(PIECE, left - sent));
      if (piece === undefined) break;
      sent += piece.length;
      await stages.send(piece);
    }
  }
  return rounds;
}

/** Sends the last stage. Gives when the execution ran there, as far as is known here; settles when it is there for good. */
async function finish(
  execution: FleetExecution,
  departure: Leaving,
  stages: Stages,
  parts: MoveParts,
): Promise<number> {
  const { to } = stages;
  const last = encodeCheckpoint(await execution.lastStage(departure, to.epoch, to.spec, stages.digest.value));
  let ran: number | undefined;
  let refused: unknown;
  try {
    await stages.end(last);
    ran = parts.clock.now();
  } catch (error) {
    refused = error;
  }
  if (!(await isThere(execution, to, parts)))
    throw refused ?? new FleetError('unavailable', `${to.url} could not keep ${execution.id}`);
  if (ran === undefined) parts.log(`has arrived at ${to.url}, which did not say so at once`);
  return ran ?? parts.clock.now();
}

/** What goes to the target, in its order. */
class Stages {
  readonly digest = new StageDigest();
  bytes = 0;
  /** The piece that has been sent last. */
  private onItsWay: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly id: string,
    readonly to: MoveOrder,
    private readonly parts: MoveParts,
    private readonly row: Sealer,
  ) {}

  private get base(): string {
    return `${this.to.url}/liquid/v1/arrivals`;
  }

  /** The first one, and before it the modules that the target says it lacks. */
  async open(opening: Uint8Array, spec: ExecutionSpec): Promise<void> {
    const { client, blobs } = this.parts;
    const request = {
      method: 'POST',
      url: this.base,
      headers: { [TICKET_HEADER]: this.to.ticket },
      body: await this.row.seal(opening),
      timeout: timeoutFor(opening.length),
    } as const;
    try {
      await client.send(request);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'module-unknown') throw error;
      for (const { digest } of [...spec.modules, ...spec.files]) {
        const body = await blobs.get(digest);
        if (body === undefined || !error.message.includes(digest)) continue;
        const url = `${this.to.url}/liquid/v1/blobs/sha256/${digest}`;
        await client.send({ method: 'PUT', url, body, timeout: timeoutFor(body.length) });
      }
      await client.send(request);
    }
    await this.note(opening);
  }

  /** A piece is sealed while the one before it is on its way. */
  async send(piece: Uint8Array): Promise<void> {
    const url = `${this.base}/${encodeURIComponent(this.id)}/${this.row.count}`;
    const [body] = await Promise.all([this.row.seal(piece), this.note(piece)]);
    await this.onItsWay;
    this.onItsWay = this.parts.client.send({ method: 'PUT', url, body, timeout: timeoutFor(body.length) });
    // Who sends the next one, or waits for all, is told.
    this.onItsWay.catch(() => undefined);
  }
  /** All that has been sent is there. */
  async arrived(): Promise<void> {
    await this.onItsWay;
  }

  /** The target gets ready for the last one. An agent of an older version does not know how. */
  async announceLast(): Promise<void> {
    const url = `${this.base}/${encodeURIComponent(this.id)}/last`;
    await this.parts.client.send({ method: 'POST', url, timeout: timeoutFor(0) }).catch(() => undefined);
  }

  async end(last: Uint8Array): Promise<void> {
    this.bytes += last.length;
    const { client, identity } = this.parts;
    const request = await placement(identity, last, this.to, this.row);
    await client.send({ ...request, timeout: timeoutFor(last.length) });
  }

  /** The target need not keep what it has. */
  async giveUp(): Promise<void> {
    const url = `${this.base}/${encodeURIComponent(this.id)}`;
    await this.parts.client.send({ method: 'DELETE', url }).catch(() => undefined);
  }

  private async note(stage: Uint8Array): Promise<void> {
    this.bytes += stage.length;
    await this.digest.add(await sha256(stage));
  }
}

const refused = shape({ refused: flag });

/** The execution may be at the target, so it must not go on here: the orchestrator brings it to life again, with a new epoch. */
export class UnsettledError extends FleetError {
  constructor(message: string) {
    super('unavailable', message);
  }
}

/** Asks until somebody knows: the target has it, or refuses that epoch from now on; or the orchestrator has found out. */
export async function isThere(
  execution: FleetExecution,
  to: Goal,
  parts: Pick<MoveParts, 'client' | 'clock' | 'orchestrator' | 'log'>,
): Promise<boolean> {
  const path = `liquid/v1/executions/${encodeURIComponent(execution.id)}`;
  const { client, clock } = parts;
  const ask = (url: string) => client.json('POST', url, { epoch: to.epoch }, { timeout: timeoutFor(0) });
  while (execution.state.kind === 'leaving') {
    try {
      return !refused(await ask(`${to.url}/${path}/refuse`), 'answer').refused;
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      if (error.code !== 'unavailable')
        parts.log(`${to.url} does not say whether it has arrived: ${error.message}`);
    }
    const orchestrator = parts.orchestrator();
    if (orchestrator !== undefined) {
      const told = await ask(`${orchestrator}/${path}/settled`).catch(() => ({}));
      const { arrived, lost } = settlement(told, 'answer');
      if (arrived !== undefined) return arrived;
      if (lost) throw new UnsettledError(`nobody knows whether ${execution.id} has arrived at ${to.url}`);
    }
    await sleep(clock, ASK_AGAIN);
  }
  throw new FleetError('unavailable', `${execution.id} has been taken away in its move`);
}
