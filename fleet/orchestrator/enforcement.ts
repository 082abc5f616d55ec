/** Zones are enforced: nothing gets a ticket for a device where it may not be, and what is there when that changes goes elsewhere or stands still. */
import { FleetError } from '../protocol/errors';
import type { Placements } from './placements';
import type { ExecutionRecord } from './records';
import type { Zones } from './zones';

export class Enforcement {
  /** What keeps an execution from where it should be, as it has been told last. */
  private readonly told = new Map<string, string>();
  /** Executions that are being brought to where they may be. */
  private readonly busy = new Map<string, Promise<void>>();

  constructor(
    private readonly orchestrator: Placements,
    private readonly zones: Zones,
  ) {}

  /** Before a ticket: throws when the execution may not be there. The decision is signed either way. */
  async admit(
    { id, spec }: Pick<ExecutionRecord, 'id' | 'spec'>,
    device: string,
    epoch: number,
  ): Promise<void> {
    const judgement = this.zones.judge(spec, device);
    await this.zones.certify(id, epoch, device, judgement);
    this.told.delete(id);
    if (judgement.reasons.length > 0)
      throw new FleetError('forbidden', `${id} may not be on ${device}: ${judgement.reasons.join('; ')}`);
  }

  /** No device can have it: says why, when that is new. */
  async noteRefusal({ id, spec, lastEpoch }: ExecutionRecord, refused: Readonly<Record<string, string>>) {
    const why = Object.entries(refused).map(([device, reason]) => `${device}: ${reason}`);
    const text = why.length === 0 ? 'there is no device' : why.join(', ');
    if (this.told.get(id) === `waits for a device (${text})`) return;
    this.say(id, `waits for a device (${text})`);
    for (const device of Object.keys(refused)) {
      const judgement = this.zones.judge(spec, device);
      if (judgement.reasons.length > 0) await this.zones.certify(id, lastEpoch, device, judgement);
    }
  }

  /** After the cards have changed: everything is where it may be, or on its way there, or stands still. */
  async apply(): Promise<void> {
    for (const { id } of this.orchestrator.list()) {
      // What has been begun before knows nothing of the change.
      for (let before = this.busy.get(id); before !== undefined; before = this.busy.get(id)) await before;
      await this.applyTo(id);
    }
  }

  /** The same for one, also when its device reports: it may have been away, or have been started again. */
  applyTo(id: string): Promise<void> {
    const known = this.busy.get(id);
    if (known !== undefined) return known;
    const mine = this.settle(this.orchestrator.record(id))
      .catch((error) => {
        const why = error instanceof Error ? error.message : error;
        this.say(id, `cannot be brought to where it may be: ${why}`);
      })
      .finally(() => this.busy.delete(id));
    this.busy.set(id, mine);
    return mine;
  }

  private async settle(record: ExecutionRecord): Promise<void> {
    const { id, device, spec, held } = record;
    if (device === undefined || !this.orchestrator.isAlive(device)) return;
    const { reasons } = this.zones.judge(spec, device);
    if (reasons.length === 0) {
      if (held) await this.orchestrator.hold(id, false);
      return;
    }
    const report = this.orchestrator.devices.presence(device).executions.get(id);
    if (!held || report?.state === 'running') await this.orchestrator.hold(id, true);
    const other = this.orchestrator.decide(record, [device]).device;
    const why = reasons.join('; ');
    this.say(id, other === undefined ? `stands still: ${why}` : `goes to ${other}: ${why}`);
    if (other === undefined) return;
    await this.orchestrator.move(id, other);
    await this.orchestrator.hold(id, false);
  }

  /** Once, as long as it stays so. */
  private say(id: string, text: string): void {
    if (this.told.get(id) === text) return;
    this.told.set(id, text);
    this.orchestrator.options.log(text, { execution: id });
  }
}
