/**
 * Calls that come to the orchestrator go to the device that has the execution, and again when that changes, under the same key. An answer is passed on
 * when the state behind it is here: the device may have found nobody who keeps a copy, or somebody whom we cannot reach.
 */
import type { Answer, PendingCall } from '../protocol/checkpoint';
import { KEPT_HEADER } from '../protocol/checkpoint';
import { checkpointPolicy } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Placements } from './placements';
import type { ExecutionRecord } from './records';

/** Milliseconds that a call may look for a device that answers. What is being computed takes as long as it takes. */
const PATIENCE = 60_000;
/** Milliseconds until a call is tried again. */
const AGAIN = 50;
/** Milliseconds of one try; the next one with the same key waits for the same computation. */
const TRY = 30_000;
/** Milliseconds between two looks whether a try still waits at the right place. */
const LOOK = 250;
/** Milliseconds in which a checkpoint is fetched. */
const FETCH = 10_000;

interface Heard {
  readonly answer: Answer;
  /** The sequence of a checkpoint that has it. */
  readonly kept: number;
}

export class Calls {
  constructor(private readonly orchestrator: Placements) {}

  async call(id: string, call: PendingCall): Promise<Answer> {
    const { world } = this.orchestrator.options;
    let since = world.now();
    let last: unknown;
    while (world.now() - since < PATIENCE) {
      const record = this.orchestrator.record(id);
      const { device, wanted, epoch, held } = record;
      if (held) throw new FleetError('forbidden', `${id} stands still: its zone does not allow it`);
      if (wanted !== 'running') throw new FleetError('not-found', `no execution ${id}`);
      if (device !== undefined && this.orchestrator.isAlive(device)) {
        try {
          const heard = await this.fromDevice(device, id, this.ask(device, id, call));
          await this.fetchUnlessKept(record, device, call.key, heard);
          // Placed anew in the meantime, it may know nothing of this answer: whoever has it now is asked. After a move it is the same one.
          if (this.orchestrator.record(id).epoch === epoch) return heard.answer;
        } catch (error) {
          if (!(error instanceof FleetError) || !isPassing(error)) throw error;
          last = error;
          if (error.code === 'unavailable') await this.orchestrator.probe(device);
          // It is being computed there, or has gone on elsewhere in the middle of that.
          if (this.orchestrator.isAlive(device) && error.code !== 'not-found') since = world.now();
        }
      }
      await new Promise<void>((resolve) => world.after(AGAIN, resolve));
    }
    throw last ?? new FleetError('unavailable', `${id} is on no device`);
  }

  private urlOf(device: string, id: string): string {
    return `${this.orchestrator.devices.url(device)}/liquid/v1/executions/${encodeURIComponent(id)}`;
  }

  /**
   * An answer, unless its device is found dead, or the execution is elsewhere by then: a connection that nobody ends says nothing about that, nor
   * does a device that comes for its requests itself.
   */
  private fromDevice(device: string, id: string, asked: Promise<Heard>): Promise<Heard> {
    const { world } = this.orchestrator.options;
    const isThere = () => this.orchestrator.isAlive(device) && this.orchestrator.record(id).device === device;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        try {
          if (isThere()) callOff = world.after(LOOK, look);
          else reject(new FleetError('unavailable', `${device} has gone in the middle of a call of ${id}`));
        } catch (error) {
          // There is no such execution any more.
          reject(error);
        }
      };
      let callOff = world.after(LOOK, look);
      asked.then(resolve, reject).finally(() => callOff());
    });
  }

  private async ask(device: string, id: string, call: PendingCall): Promise<Heard> {
    const document = { function: call.function, args: call.args };
    const reply = await this.orchestrator.options.client.send({
      method: 'POST',
      url: `${this.urlOf(device, id)}/calls`,
      headers: { 'idempotency-key': call.key, 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify(document)),
      timeout: TRY,
    });
    const answer = JSON.parse(new TextDecoder().decode(reply.body)) as Answer;
    return { answer, kept: Number(reply.headers[KEPT_HEADER] ?? 0) };
  }

  /** Once it is settled, the answer outlasts its device. */
  private async fetchUnlessKept(
    record: ExecutionRecord,
    device: string,
    key: string,
    heard: Heard,
  ): Promise<void> {
    const { id, spec } = record;
    if (spec.copies === 0 || !checkpointPolicy(spec).afterCall) return;
    const { copies, options } = this.orchestrator;
    const isHere = (): boolean => {
      const head = copies.head(id);
      if (head === undefined) return false;
      // A head names the newest answers; so many others may have come since that it does not name this one.
      const isLater = head.epoch === record.epoch && heard.kept > 0 && head.sequence >= heard.kept;
      return isLater || head.answered.some((one) => one.key === key);
    };
    if (isHere()) return;
    const url = `${this.urlOf(device, id)}/snapshot`;
    const { body } = await options.client.send({ method: 'GET', url, timeout: FETCH });
    await copies.put(body);
    if (!isHere())
      throw new FleetError('unavailable', `${device} has no checkpoint with its answer to ${key}`);
    options.log('has found nobody who keeps its checkpoints: they are fetched', { execution: id, device });
  }
}

/** The device is away or has been superseded, or the execution is on its way: another try may find it. */
function isPassing({ code, message }: FleetError): boolean {
  return (
    code === 'unavailable' || code === 'not-found' || code === 'older-epoch' || message.startsWith('HTTP 307')
  );
}
