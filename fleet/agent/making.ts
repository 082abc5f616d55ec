/** How an execution is made on this device: as a placement tells, in the stages of a move, or from what the folder has of it. */
import { type Checkpoint, type CheckpointHead, isNewer } from '../protocol/checkpoint';
import type { ExecutionSpec } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Signers } from '../security/module-signatures';
import type { Blobs } from '../store/blobs';
import type { Awaited } from './arrivals';
import { type ExecutionParts, FleetExecution } from './execution';
import type { House } from './guest';
import type { Keeping } from './keeping';
import type { Clock } from './world';

export interface MakingParts {
  readonly house: House;
  readonly blobs: Blobs;
  readonly keeping: Keeping;
  /** Who must have signed what runs here; undefined: nobody. */
  readonly signers: Signers | undefined;
  readonly clock: Clock;
  readonly log: (text: string, execution: string) => void;
  readonly rpc: ExecutionParts['rpc'];
  /** Called when one that has been made runs, stands still, fails or goes. */
  readonly onState: (execution: FleetExecution) => void;
}

export class Making {
  constructor(private readonly parts: MakingParts) {}

  /** The newer of its checkpoint and the stages in which it has come. */
  async kept(id: string): Promise<FleetExecution | undefined> {
    const checkpoint = await this.parts.keeping.checkpoint(id);
    const staged = await this.fromStages(id);
    if (checkpoint === undefined) return staged;
    if (staged === undefined || isNewer(checkpoint.head, staged)) {
      staged?.remove();
      return this.placed(checkpoint);
    }
    return staged;
  }

  /** As a placement tells: new when its checkpoint has no snapshot. */
  async placed(checkpoint: Checkpoint): Promise<FleetExecution> {
    const { head, snapshot } = checkpoint;
    await this.learn(head.spec);
    const execution = this.made(head);
    const guest =
      snapshot.length === 0
        ? await this.parts.house.fresh(execution, await this.filesOf(head.spec))
        : await this.parts.house.revived(execution, snapshot);
    execution.start(guest, checkpoint);
    return execution;
  }

  /** An execution that comes in stages, at the first one. */
  async arriving({ head, snapshot }: Checkpoint): Promise<Awaited> {
    await this.learn(head.spec);
    const execution = this.made(head);
    const guest = await this.parts.house.arriving(execution, snapshot);
    return { execution, guest };
  }

  /** One that has come in stages before this process began: undefined when its last stage is not there. */
  private async fromStages(id: string): Promise<FleetExecution | undefined> {
    const staged = await this.parts.keeping.staged(id);
    if (staged === undefined) return undefined;
    const { execution, guest } = await this.arriving(staged.opening);
    for (const piece of staged.pieces) await guest.take(piece);
    await guest.arrive(staged.last.snapshot);
    execution.start(guest, staged.last);
    return execution;
  }

  private made({ execution: id, deployment, spec }: CheckpointHead): FleetExecution {
    const { clock, keeping: keeper, rpc, log, onState } = this.parts;
    const execution: FleetExecution = new FleetExecution({
      id,
      deployment,
      spec,
      clock,
      keeper,
      log: (text) => log(text, id),
      rpc,
      onState: () => onState(execution),
    });
    return execution;
  }

  /** The house gets the modules that it lacks. */
  private async learn(spec: ExecutionSpec): Promise<void> {
    const digests = [...spec.modules, ...spec.files].map((one) => one.digest);
    const missing: string[] = [];
    for (const digest of digests) if (!(await this.parts.blobs.has(digest))) missing.push(digest);
    if (missing.length > 0)
      throw new FleetError('module-unknown', `not here: ${[...new Set(missing)].join(' ')}`);
    for (const { name, digest } of spec.modules) {
      if (this.parts.house.knows(digest)) continue;
      const bytes = (await this.parts.blobs.get(digest))!;
      await this.parts.signers?.check(bytes, name);
      await this.parts.house.learn(digest, bytes);
    }
  }

  private async filesOf(spec: ExecutionSpec): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    for (const { path, digest } of spec.files) files.set(path, (await this.parts.blobs.get(digest))!);
    return files;
  }
}
