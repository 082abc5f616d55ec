/** Calls that come to the orchestrator go to the device that has the execution, and again when that changes, under the same key. */
import type { Answer, PendingCall } from '../protocol/checkpoint';
import { FleetError } from '../protocol/errors';
import type { Placements } from './placements';

/** Milliseconds that a call may look for a device that answers. What is being computed takes as long as it takes. */
const PATIENCE = 60_000;
/** Milliseconds until a call is tried again. */
const AGAIN = 50;
/** Milliseconds of one try; the next one with the same key waits for the same computation. */
const TRY = 30_000;

export class Calls {
  constructor(private readonly orchestrator: Placements) {}

  async call(id: string, call: PendingCall): Promise<Answer> {
    const { client, world } = this.orchestrator.options;
    let since = world.now();
    let last: unknown;
    while (world.now() - since < PATIENCE) {
      const { device, wanted, epoch, held } = this.orchestrator.record(id);
      if (held) throw new FleetError('forbidden', `${id} stands still: its zone does not allow it`);
      if (wanted !== 'running') throw new FleetError('not-found', `no execution ${id}`);
      if (device !== undefined && this.orchestrator.isAlive(device)) {
        try {
          const url = `${this.orchestrator.devices.url(device)}/liquid/v1/executions/${encodeURIComponent(id)}/calls`;
          const document = { function: call.function, args: call.args };
          const headers = { 'idempotency-key': call.key };
          const answer = (await client.json('POST', url, document, { headers, timeout: TRY })) as Answer;
          // Placed anew in the meantime, it may know nothing of this answer: whoever has it now is asked. After a move it is the same one.
          if (this.orchestrator.record(id).epoch === epoch) return answer;
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
}

/** The device is away or has been superseded, or the execution is on its way: another try may find it. */
function isPassing({ code, message }: FleetError): boolean {
  return (
    code === 'unavailable' || code === 'not-found' || code === 'older-epoch' || message.startsWith('HTTP 307')
  );
}
