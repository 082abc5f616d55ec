/** Looks all the time for what has no living owner, and gives it to a device, from its newest checkpoint. */
import type { Enforcement } from './enforcement';
import type { Health } from './health';
import type { Leases } from './leases';
import type { Moving } from './moving';
import { LOOK, type Office, textOf } from './office';
import type { Placing } from './placing';
import type { ExecutionRecord } from './records';

export class Healing {
  private callOff: (() => void) | undefined;
  private stopped = false;
  private isWatching = false;

  constructor(
    private readonly office: Office,
    private readonly parts: {
      readonly health: Health;
      readonly leases: Leases;
      readonly placing: Placing;
      readonly moving: Moving;
      readonly enforcement: Enforcement;
    },
  ) {}

  open(): void {
    if (this.stopped) return;
    this.callOff = this.office.options.world.after(LOOK, () => {
      this.office.hearing.tick();
      void this.watch();
      this.open();
    });
  }

  close(): void {
    this.stopped = true;
    this.callOff?.();
  }

  /** Asks the silent devices, and heals what has no living owner. */
  private async watch(): Promise<void> {
    if (this.isWatching) return;
    this.isWatching = true;
    try {
      await this.parts.health.check();
      const { devices, executions } = this.office;
      const away = devices.names().filter((name) => !devices.isAlive(name));
      const homeless = [...executions.without(away)].filter((record) => this.isHomeless(record));
      await Promise.all(
        homeless.map(({ id, epoch }) => this.heal(id, epoch === 0 ? 'it is new' : 'its device is away')),
      );
    } catch (error) {
      this.noteFailure(error);
    } finally {
      this.isWatching = false;
    }
  }

  private isHomeless({ id, device, moving }: ExecutionRecord): boolean {
    const { locks, devices } = this.office;
    if (locks.isHeld(id)) return false;
    if (moving !== undefined && !devices.isAlive(moving.to)) return true;
    return device === undefined || !devices.isAlive(device);
  }

  /** Gives an execution to a device, from its newest checkpoint, unless it has a living one. */
  heal(id: string, reason: string): Promise<void> {
    const { executions, devices, locks } = this.office;
    const { moving, placing, enforcement, leases } = this.parts;
    return locks.with(id, async () => {
      if (executions.get(id).wanted !== 'running' || this.stopped) return;
      const known = await moving.settle(id);
      const record = executions.get(id);
      const { device } = record;
      const isThere = device !== undefined && devices.isAlive(device);
      if (known && isThere && (await placing.has(device, record))) return;
      const decision = placing.decide(record, isThere ? [] : [device]);
      if (decision.device === undefined) return enforcement.noteRefusal(record, decision.refused);
      if (leases.isLeased(record)) return;
      const about = { execution: id, device: decision.device };
      this.office.log(`goes to ${decision.device}: ${reason}`, about);
      try {
        await placing.placeOn(record, decision.device);
        this.office.counts.placements++;
      } catch (error) {
        this.office.counts.failedPlacements++;
        this.office.log(`cannot be placed on ${decision.device}: ${textOf(error)}`, about);
      }
    });
  }

  /** Nobody waits for it. */
  soon(id: string, reason: string): void {
    this.heal(id, reason).catch((error) => this.noteFailure(error, id));
  }

  /** Such as a full disk: it is tried again with the next look. */
  private noteFailure(error: unknown, execution?: string): void {
    this.office.log(`is not healed: ${textOf(error)}`, { execution });
  }
}
