/** Executions whose deployment says `"attest": "required"` go nowhere before the device has given evidence of what it runs. */
import { FleetError } from '../protocol/errors';
import { Appraiser, evidenceDocument } from '../security/attestation';
import { specDigest } from '../security/tickets';
import { type Office, textOf } from './office';
import type { ExecutionRecord } from './records';

/** Milliseconds after which a device whose evidence has been refused is asked again: it may have another runtime by then. */
const AGAIN = 10_000;

export class Attestation {
  private readonly appraiser: Appraiser;
  private readonly refused = new Map<string, { readonly reason: string; readonly since: number }>();

  constructor(private readonly office: Office) {
    const { registrar, runtimes = new Set() } = office.options;
    this.appraiser = new Appraiser(registrar.trust, runtimes);
  }

  /** Throws when the device must not have this state. */
  async require(
    { id, spec }: Pick<ExecutionRecord, 'id' | 'spec'>,
    device: string,
    epoch: number,
    state?: string,
  ): Promise<void> {
    if (spec.attest === undefined) return;
    const { office, appraiser } = this;
    const about = appraiser.ask({ execution: id, epoch, spec: await specDigest(spec), state });
    try {
      const answer = await office.order(device, 'POST', 'evidence', about);
      const { evidence } = evidenceDocument(answer, 'evidence');
      await appraiser.judge(evidence, about, device);
      this.refused.delete(device);
    } catch (error) {
      appraiser.forget(about);
      const reason = `no good evidence: ${textOf(error)}`;
      // One that does not answer is asked as soon as it is there.
      if (!(error instanceof FleetError) || error.code === 'unavailable') throw error;
      this.refused.set(device, { reason, since: office.hearing.now() });
      throw new FleetError('forbidden', `${id} may not be on ${device}: ${reason}`);
    }
  }

  /** Why the device may not have such an execution, as far as that is known. */
  refusalOf(device: string): string | undefined {
    const found = this.refused.get(device);
    return found === undefined || this.office.hearing.now() - found.since >= AGAIN ? undefined : found.reason;
  }
}
