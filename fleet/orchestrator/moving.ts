/** How a running execution goes from one device to another, and what is done when nobody tells how that has ended. */
import { flag, shape } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import { MAX_ROUNDS, moveReport, type Settlement } from '../protocol/reports';
import type { MoveStatus } from '../protocol/status';
import type { Enforcement } from './enforcement';
import { type Office, PLACE_TIMEOUT, pathOf, textOf } from './office';
import type { Placing } from './placing';
import type { ExecutionRecord } from './records';

const refusal = shape({ refused: flag });

/** Moves that are remembered. */
const MAX_MOVES = 100;

export class Moving {
  /** The newest moves, for people. */
  readonly moves: MoveStatus[] = [];

  constructor(
    private readonly office: Office,
    private readonly placing: Placing,
    private readonly enforcement: Enforcement,
  ) {}

  /** Moves a running execution with its state, after so many rounds of copying while it runs on. */
  move(id: string, device: string, rounds = MAX_ROUNDS): Promise<void> {
    const { executions, locks, counts } = this.office;
    return locks.with(id, async () => {
      if (!(await this.settle(id)))
        throw new FleetError('unavailable', `nobody knows how the last move of ${id} has ended`);
      const record = executions.get(id);
      const from = record.device;
      if (from === undefined) throw new FleetError('unavailable', `${id} is on no device now`);
      if (from === device) return;
      const epoch = record.lastEpoch + 1;
      await this.enforcement.admit(record, device, epoch);
      const decision = this.placing.decide({ ...record, spec: { ...record.spec, device } }, []);
      if (decision.device !== device) {
        const why = decision.refused[device] ?? 'no such device';
        throw new FleetError('forbidden', `${id} cannot go to ${device}: ${why}`);
      }
      await this.placing.attest(record, device, epoch);
      await executions.save({ ...record, lastEpoch: epoch, moving: { to: device, epoch } });
      const to = await this.placing.ticketFor(record, device, epoch, { source: from });
      try {
        const order = { ...to, rounds, spec: record.spec };
        const path = `${pathOf(id)}/migrate`;
        const told = moveReport(await this.office.order(from, 'POST', path, order, PLACE_TIMEOUT), 'move');
        this.moves.push({ execution: id, from, to: device, ...told });
        if (this.moves.length > MAX_MOVES) this.moves.shift();
        counts.moves++;
        counts.pauses += told.pause;
      } catch (error) {
        counts.failedMoves++;
        await this.settle(id);
        if (executions.get(id).device !== device) throw error;
        return;
      }
      await this.arrived(executions.get(id), device, epoch);
    });
  }

  /** A device has what was to be moved to it. */
  async arrived(record: ExecutionRecord, device: string, epoch: number): Promise<void> {
    const { executions, copies } = this.office;
    await executions.save({ ...record, device, epoch, moving: undefined });
    await copies.raise(record.id, epoch);
    this.placing.noteArrival(record.id, device, epoch);
    this.office.log(`runs on ${device} (epoch ${epoch})`, { execution: record.id, device });
  }

  /**
   * A move whose end nobody has told: the target is asked whether it has the execution. When it does not say so, nobody knows, and false is given: the
   * copy there, if there is one, has an epoch above that of the source, so the execution goes on only with one above both.
   */
  async settle(id: string): Promise<boolean> {
    const { executions, devices } = this.office;
    const record = executions.get(id);
    const { moving } = record;
    if (moving === undefined) return true;
    if (!devices.isAlive(moving.to)) return false;
    try {
      const asked = { epoch: moving.epoch };
      const told = await this.office.order(moving.to, 'POST', `${pathOf(id)}/refuse`, asked);
      if (refusal(told, 'answer').refused) await executions.save({ ...record, moving: undefined });
      else await this.arrived(record, moving.to, moving.epoch);
      return true;
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      this.office.log(`does not say whether it has arrived: ${textOf(error)}`, {
        execution: id,
        device: moving.to,
      });
      return false;
    }
  }

  /** How a move has ended, for its source, which cannot reach the target. */
  settled(id: string, epoch: number): Settlement {
    const { moving, epoch: current } = this.office.executions.get(id);
    if (current >= epoch) return { arrived: true };
    if (moving === undefined) return { arrived: false };
    return this.office.devices.isAlive(moving.to) ? {} : { lost: true };
  }

  /** Moves everything off a device, and gives nothing new to it. */
  async drain(device: string): Promise<{ readonly moved: string[]; readonly kept: Record<string, string> }> {
    const { devices, executions } = this.office;
    await devices.change(device, { draining: true });
    const moved: string[] = [];
    const kept: Record<string, string> = {};
    for (const id of [...executions.on(device)]) {
      const { device: to, refused } = this.placing.decide(executions.get(id), [device]);
      try {
        if (to === undefined) throw new FleetError('unavailable', JSON.stringify(refused));
        await this.move(id, to);
        moved.push(id);
      } catch (error) {
        kept[id] = textOf(error);
      }
    }
    return { moved, kept };
  }
}
