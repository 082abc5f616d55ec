/** Reports of devices: what they have is compared with what they should have, and they hear what to do. */
import { isNewer } from '../protocol/checkpoint';
import {
  type ExecutionReport,
  type Heartbeat,
  intervalFor,
  type Lender,
  type Orders,
  silenceFor,
} from '../protocol/reports';
import type { Enforcement } from './enforcement';
import type { Healing } from './healing';
import type { Leases } from './leases';
import type { Moving } from './moving';
import type { Office } from './office';

/** Neighbours that keep copies for a device, beside the orchestrator. */
const NEIGHBOURS = 2;
/** Devices that compute models for one without a runtime. */
const LENDERS = 3;

export class Reconciling {
  constructor(
    private readonly office: Office,
    private readonly parts: {
      readonly healing: Healing;
      readonly leases: Leases;
      readonly moving: Moving;
      readonly enforcement: Enforcement;
    },
  ) {}

  /** A report of a device: gives what it is to do. */
  async hear(beat: Heartbeat): Promise<Orders> {
    const { devices, options, counts } = this.office;
    counts.reports++;
    if (beat.description !== undefined) await devices.register(beat.description);
    const interval = intervalFor(devices.names().length);
    if (!devices.has(beat.name))
      return { describe: true, superseded: [], holders: [], revoked: [], leases: [], lenders: [], interval };
    if (devices.heard(beat)) this.office.log('is back', { device: beat.name });
    const superseded: { id: string; epoch: number }[] = [];
    for (const report of beat.executions) {
      const newer = await this.compare(beat.name, report);
      if (newer !== undefined) superseded.push({ id: report.id, epoch: newer });
    }
    this.findLost(beat);
    const revoked = [...options.registrar.trust.revocations];
    const leases = beat.executions.filter((one) => this.parts.leases.grants(beat.name, one));
    return {
      describe: false,
      superseded,
      holders: this.holdersFor(beat.name),
      revoked,
      leases: leases.map(({ id }) => id),
      lenders: this.lendersFor(beat.name),
      interval,
    };
  }

  /** One execution alone, between two reports. What is older than what is known counts for nothing. */
  async hearOne(device: string, report: ExecutionReport): Promise<void> {
    const { devices, executions, locks } = this.office;
    if (!devices.isAlive(device)) return;
    const presence = devices.presence(device);
    const known = presence.executions.get(report.id);
    if (known !== undefined && isNewer(known, report)) return;
    presence.executions = new Map([...presence.executions, [report.id, report]]);
    await this.compare(device, report);
    const record = executions.find(report.id);
    const isIts = record?.device === device && record.epoch === report.epoch && record.wanted === 'running';
    if (isIts && report.state === 'failed' && !locks.isHeld(report.id))
      this.parts.healing.soon(report.id, `it has failed on ${device}`);
  }

  /** Compares what a device has with what it should have; gives the epoch that has taken its place. */
  private async compare(device: string, report: ExecutionReport): Promise<number | undefined> {
    const { executions, locks, zones } = this.office;
    const record = executions.find(report.id);
    if (report.state === 'gone' || report.state === 'failed') return undefined;
    if (record === undefined) return undefined;
    if (record.wanted === 'removed') return record.lastEpoch + 1;
    if (locks.isHeld(record.id)) return report.epoch < record.epoch ? record.epoch : undefined;
    if (record.moving?.to === device && record.moving.epoch === report.epoch) {
      await this.parts.moving.arrived(record, device, report.epoch);
      return undefined;
    }
    if (report.epoch < record.epoch) return record.epoch;
    if (record.device === device && (record.held || zones.judge(record.spec, device).reasons.length > 0))
      void this.parts.enforcement.applyTo(record.id);
    return undefined;
  }

  /** A device that has come back without what it had has lost it, and what has failed there goes on from its checkpoint. */
  private findLost(beat: Heartbeat): void {
    const { devices, executions, hearing, locks } = this.office;
    const reported = new Map(beat.executions.map((one) => [one.id, one]));
    const { placed } = devices.presence(beat.name);
    const silence = silenceFor(devices.names().length);
    for (const id of executions.on(beat.name)) {
      const record = executions.get(id);
      if (record.wanted !== 'running' || record.moving !== undefined) continue;
      if (hearing.now() - (placed.get(id) ?? Number.NEGATIVE_INFINITY) < silence) continue;
      const report = reported.get(id);
      const lost = report === undefined || report.epoch < record.epoch || report.state === 'failed';
      if (lost && !locks.isHeld(id)) this.parts.healing.soon(id, `${beat.name} does not have it`);
    }
  }

  private lendersFor(device: string): Lender[] {
    const { devices } = this.office;
    return devices.lendersFor(device, LENDERS).map((name) => {
      const { url, models } = devices.record(name).description;
      return { url, encodings: models };
    });
  }

  /** The orchestrator first, then its neighbours. */
  private holdersFor(device: string): string[] {
    const { devices, options } = this.office;
    return [options.url(), ...devices.neighbours(device, NEIGHBOURS).map((name) => devices.url(name))];
  }
}
