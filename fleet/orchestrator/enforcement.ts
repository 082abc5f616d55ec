/** Zones are enforced: nothing gets a ticket for a device where it may not be, and what is there when that changes goes elsewhere or stands still. */
import { FleetError } from '../protocol/errors';
import type { Orchestrator } from './orchestrator';
import type { ExecutionRecord } from './records';
import type { Zones } from './zones';

export class Enforcement {
  /** What keeps an execution waiting, as it has been told last. */
  private readonly told = new Map<string, string>();

  constructor(
    private readonly orchestrator: Orchestrator,
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
    if (this.told.get(id) === text) return;
    this.told.set(id, text);
    this.orchestrator.options.log(`waits for a device (${text})`, { execution: id });
    for (const device of Object.keys(refused)) {
      const judgement = this.zones.judge(spec, device);
      if (judgement.reasons.length > 0) await this.zones.certify(id, lastEpoch, device, judgement);
    }
  }

  /** After the cards have changed: everything is where it may be, or on its way there, or stands still. */
  async apply(): Promise<void> {
    for (const record of this.orchestrator.list()) {
      const { id, device, spec, held } = record;
      if (device === undefined || !this.orchestrator.isAlive(device)) continue;
      const { reasons } = this.zones.judge(spec, device);
      if (reasons.length === 0) {
        if (held) await this.orchestrator.hold(id, false);
        continue;
      }
      if (!held) await this.orchestrator.hold(id, true);
      const other = this.orchestrator.decide(record, [device]).device;
      const why = reasons.join('; ');
      if (other === undefined) {
        this.orchestrator.options.log(`stands still: ${why}`, { execution: id, device });
        continue;
      }
      this.orchestrator.options.log(`goes to ${other}: ${why}`, { execution: id, device });
      await this.orchestrator.move(id, other);
      await this.orchestrator.hold(id, false);
    }
  }
}
