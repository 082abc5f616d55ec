/**
 * Executions whose deployment says `"attest": "required"` go nowhere before the device has given evidence of what it runs; those that say `"tpm"`,
 * not before its TPM has quoted that too. A zone may ask the same of all that comes to its devices.
 */
import { type AttestationKind, stronger } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { Appraiser, evidenceDocument, type Question } from '../security/attestation';
import { specDigest } from '../security/tickets';
import { checkQuote, type TpmPin } from '../security/tpm-keys';
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
    const asked = this.askedOf(device, spec);
    if (asked === undefined) return;
    const { office, appraiser } = this;
    const told = { execution: id, epoch, spec: await specDigest(spec), state };
    const refusal = `${asked}/${device}`;
    let about: Question | undefined;
    try {
      const tpm = asked === 'tpm' ? this.tpmOf(device) : undefined;
      about = appraiser.ask({ ...told, pcrs: tpm?.pcrs });
      const answer = await office.order(device, 'POST', 'evidence', about);
      const { evidence, quote } = evidenceDocument(answer, 'evidence');
      await appraiser.judge(evidence, about, device);
      if (tpm !== undefined) await checkQuote(tpm, quote, evidence);
      this.refused.delete(refusal);
    } catch (error) {
      if (about !== undefined) appraiser.forget(about);
      const judged = office.zones.judge(spec, device);
      const why = spec.attest === asked ? '' : `, which zone ${judged.zone} asks for`;
      const reason = `no good evidence${why}: ${textOf(error)}`;
      // One that does not answer is asked as soon as it is there.
      if (!(error instanceof FleetError) || error.code === 'unavailable') throw error;
      this.refused.set(refusal, { reason, since: office.hearing.now() });
      await office.zones.certify(id, epoch, device, { ...judged, reasons: [reason] });
      throw new FleetError('forbidden', `${id} may not be on ${device}: ${reason}`);
    }
  }

  private tpmOf(device: string): TpmPin {
    const found = this.office.options.tpms?.get(device);
    if (found === undefined)
      throw new FleetError('forbidden', `no key of a TPM of ${device} is pinned (up --tpm-keys)`);
    return found;
  }

  private askedOf(device: string, { attest }: ExecutionRecord['spec']): AttestationKind | undefined {
    return stronger(attest, this.office.zones.attestationIn(device));
  }

  /** Why the device may not have such an execution, as far as that is known. */
  refusalOf(device: string, spec: ExecutionRecord['spec']): string | undefined {
    const asked = this.askedOf(device, spec);
    const found = asked && this.refused.get(`${asked}/${device}`);
    return found === undefined || this.office.hearing.now() - found.since >= AGAIN ? undefined : found.reason;
  }
}
