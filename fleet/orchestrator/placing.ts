/** How an execution comes onto a device that it was not on: which one, from which checkpoint, and under which ticket. */

import { integer, optional, shape } from '../protocol/checked';
import { decodeCheckpoint, encodeCheckpoint, isNewer } from '../protocol/checkpoint';
import type { ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { executionReport } from '../protocol/reports';
import { sha256Hex } from '../security/digest';
import { issueTicket, specDigest } from '../security/tickets';
import { type Destination, placement } from '../security/transfer';
import { Attestation } from './attestation';
import type { Enforcement } from './enforcement';
import { type Office, PLACE_TIMEOUT, PROBE_TIMEOUT, pathOf, textOf } from './office';
import type { ExecutionRecord } from './records';
import { type Candidate, type Decision, schedule } from './scheduler';

const copyHead = shape({ epoch: optional(integer(1)), sequence: optional(integer(0)) });

export class Placing {
  private readonly attestation: Attestation;

  constructor(
    private readonly office: Office,
    private readonly enforcement: Enforcement,
  ) {
    this.attestation = new Attestation(office);
  }

  /** Where an execution should be, and not. */
  decide(record: ExecutionRecord, without: readonly (string | undefined)[]): Decision {
    const { devices } = this.office;
    const { device } = record.spec;
    const named = device !== undefined && devices.has(device) ? [device] : undefined;
    return schedule(record.spec, this.candidates(record.spec, named ?? devices.inTurn(), without));
  }

  private *candidates(
    spec: ExecutionSpec,
    names: Iterable<string>,
    without: readonly (string | undefined)[],
  ): Generator<Candidate> {
    const { devices, executions, zones } = this.office;
    const computes = spec.permissions.includes('nn');
    for (const name of names) {
      const { description, draining, blacklisted } = devices.record(name);
      const { alive, report, blobs } = devices.presence(name);
      const there = spec.modules.filter(({ digest }) => blobs.has(digest)).length;
      yield {
        description,
        alive: alive && !without.includes(name),
        draining,
        blacklisted,
        report,
        executions: executions.on(name).size,
        forbidden: zones.judge(spec, name).reasons[0] ?? this.attestation.refusalOf(name, spec),
        borrows: computes && devices.lendersFor(name, 1).length > 0,
        blobsThere: there / spec.modules.length,
      };
    }
  }

  /** Before anything is changed for it: throws when the execution, or the device's zone, asks for evidence, and there is none. */
  attest(record: ExecutionRecord, device: string, epoch: number): Promise<void> {
    return this.attestation.require(record, device, epoch);
  }

  /** Under a new epoch, from the newest checkpoint that anybody has. */
  async placeOn(record: ExecutionRecord, device: string): Promise<void> {
    const { executions, copies } = this.office;
    const { id, spec } = record;
    const epoch = record.lastEpoch + 1;
    await this.attest(record, device, epoch);
    // Taken before anybody acts on it: no epoch is given out twice, and nothing older is acknowledged from now on.
    await executions.save({ ...record, lastEpoch: epoch, epoch, device: undefined, moving: undefined });
    await copies.raise(id, epoch);
    // One that has never been anywhere has left no copies.
    const newest = record.lastEpoch === 0 ? undefined : await this.newestCopy(id, epoch);
    const born = { execution: id, deployment: record.deployment, begun: 0, answered: [] };
    const head = { ...(newest?.head ?? born), spec, epoch, sequence: 0 };
    const bytes = encodeCheckpoint({ head, snapshot: newest?.snapshot ?? new Uint8Array(0) });
    const checkpoint = await sha256Hex(bytes);
    const to = await this.ticketFor({ id, spec: head.spec }, device, epoch, { checkpoint });
    await this.send(device, bytes, to, [...spec.modules, ...spec.files]);
    this.noteArrival(id, device, epoch);
    await executions.save({ ...executions.get(id), device });
  }

  /** What the device will report of it, until it does. */
  noteArrival(id: string, device: string, epoch: number): void {
    const { devices, hearing } = this.office;
    const presence = devices.presence(device);
    const report = {
      id,
      epoch,
      sequence: 0,
      state: 'running',
      fuelUsed: 0,
      memoryBytes: 0,
      waiting: 0,
    } as const;
    presence.executions = new Map([...presence.executions, [id, report]]);
    presence.placed.set(id, hearing.now());
  }

  /** Whether a device has what it should have. A report that does not say so may have been made before it came: then it is asked. */
  async has(device: string, { id, epoch }: ExecutionRecord): Promise<boolean> {
    const { devices } = this.office;
    const presence = devices.presence(device);
    const isIt = (report = presence.executions.get(id)): boolean =>
      report !== undefined && report.epoch === epoch && report.state !== 'failed';
    if (isIt()) return true;
    if (epoch === 0) return false;
    try {
      const report = executionReport(await this.office.order(device, 'GET', pathOf(id)), 'execution');
      presence.executions = new Map([...presence.executions, [id, report]]);
      return isIt();
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      return false;
    }
  }

  /** Lets an execution onto a device: for these bytes, or for what that source sends. */
  async ticketFor(
    { id, spec }: Pick<ExecutionRecord, 'id' | 'spec'>,
    device: string,
    epoch: number,
    contents: { readonly checkpoint: string } | { readonly source: string },
  ): Promise<Destination> {
    const { identity, registrar } = this.office.options;
    await this.enforcement.admit({ id, spec }, device, epoch);
    const state = 'checkpoint' in contents ? contents.checkpoint : undefined;
    await this.attestation.require({ id, spec }, device, epoch, state);
    const { nonce } = (await this.office.order(device, 'GET', 'nonce')) as { nonce: string };
    const told = { execution: id, epoch, target: device, nonce, spec: await specDigest(spec), ...contents };
    const { sealing } = registrar.member(device);
    return {
      url: this.office.devices.url(device),
      ticket: await issueTicket(identity, told),
      epoch,
      sealing,
    };
  }

  /** Sends a checkpoint, and what the device says it lacks for it. */
  private async send(
    device: string,
    bytes: Uint8Array,
    to: Destination,
    needed: readonly { digest: string }[],
  ): Promise<void> {
    const { client, identity } = this.office.options;
    const place = { ...(await placement(identity, bytes, to)), timeout: PLACE_TIMEOUT };
    try {
      await client.send(place);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'module-unknown') throw error;
      for (const { digest } of needed) {
        const body = await this.office.blobs.get(digest);
        if (body === undefined || !error.message.includes(digest)) continue;
        const url = `${to.url}/liquid/v1/blobs/sha256/${digest}`;
        await client.send({ method: 'PUT', url, body, timeout: PLACE_TIMEOUT });
      }
      await client.send(place);
    }
    for (const { digest } of needed) this.office.devices.presence(device).blobs.add(digest);
  }

  /**
   * The newest checkpoint that anybody has: ours, or a neighbour's that could not reach us. Whoever is asked takes none of an older epoch from then
   * on: what a device that is cut off still answers is not kept anywhere, so it is not given out.
   */
  private async newestCopy(id: string, epoch: number) {
    const { copies, devices, options } = this.office;
    let best = await copies.get(id);
    const alive = devices.names().filter((name) => devices.isAlive(name));
    await Promise.all(
      alive.map(async (name) => {
        try {
          const url = `${devices.url(name)}/liquid/v1/checkpoints/${encodeURIComponent(id)}`;
          const found = copyHead(
            await options.client.json('POST', `${url}/fence`, { epoch }, { timeout: PROBE_TIMEOUT }),
            'checkpoint',
          );
          if (found.epoch === undefined || found.sequence === undefined) return;
          const { epoch: of, sequence } = found;
          if (best !== undefined && !isNewer({ epoch: of, sequence }, best.head)) return;
          const { body } = await options.client.send({ method: 'GET', url, timeout: PLACE_TIMEOUT });
          const other = decodeCheckpoint(body);
          if (other.head.execution === id && (best === undefined || isNewer(other.head, best.head)))
            best = other;
        } catch (error) {
          this.office.log(`is not asked for copies: ${textOf(error)}`, { device: name });
        }
      }),
    );
    return best;
  }
}
