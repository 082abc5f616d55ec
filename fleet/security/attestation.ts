/**
 * Evidence: a device says what it runs, in answer to a question that is asked once, and signs that with its key. Who asks compares it with the runtimes
 * that the fleet knows before any state goes there. The question names the state, so evidence for one execution is none for another.
 */
import { digest, integer, list, optional, shape, text } from '../protocol/checked';
import { executionIdOf } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Trust } from './certificates';
import { hex, sha256 } from './digest';
import { type Identity, unverified, verified } from './keys';
import { quoteDocument, registers } from './tpm-quote';

const asked = {
  nonce: text(64),
  execution: executionIdOf,
  epoch: integer(1),
  /** SHA-256 of its specification, which names its modules by digest. */
  spec: digest,
  /** SHA-256 of the checkpoint, where there is one when the question is asked. */
  state: optional(digest),
  /** Registers of its TPM, which a quote is wanted of beside the evidence. */
  pcrs: optional(registers),
};
export const question = shape(asked);
export type Question = ReturnType<typeof question>;

const evidence = shape({
  ...asked,
  /** SHA-256 of the files that it runs. */
  runtime: digest,
  engine: text(64),
  features: list(text(64), 64),
  /** Whose the key is. */
  certificate: text(8192),
});
export type Evidence = ReturnType<typeof evidence>;

/** What a device has found out of itself. */
export type Measured = Pick<Evidence, 'runtime' | 'engine' | 'features'>;

/** A quote covers the evidence, and so the nonce in it. */
export const evidenceDocument = shape({ evidence: text(16_384), quote: optional(quoteDocument) });
export type EvidenceDocument = ReturnType<typeof evidenceDocument>;

/** Has a TPM sign its registers together with `qualifying`: the signed bytes, and the signature (DER for ECDSA). */
export type Quoter = (
  pcrs: readonly number[],
  qualifying: Uint8Array,
) => Promise<{ readonly attest: Uint8Array; readonly signature: Uint8Array }>;

/** What a device can give evidence with. */
interface Witness {
  readonly name: string;
  readonly identity: Identity;
  readonly measured: Measured | undefined;
  readonly tpm: Quoter | undefined;
}

/** An evidence document as it travels. */
export interface Answered {
  readonly evidence: string;
  readonly quote?: { readonly attest: string; readonly signature: string };
}

/** What a device answers, or why it cannot. */
export async function evidenceFor(about: Question, device: Witness): Promise<Answered> {
  const { name, identity, measured, tpm } = device;
  if (measured === undefined) throw new FleetError('capability-missing', `${name} gives no evidence`);
  const evidence = await testify(identity, measured, about);
  if (about.pcrs === undefined) return { evidence };
  if (tpm === undefined)
    throw new FleetError('capability-missing', `${name} has no TPM to quote (agent --tpm)`);
  const { attest, signature } = await tpm(about.pcrs, await qualifying(evidence));
  return { evidence, quote: { attest: hex(attest), signature: hex(signature) } };
}

/** What a TPM is asked to say with a quote: the digest of the evidence. */
export function qualifying(evidence: string): Promise<Uint8Array> {
  return sha256(new TextEncoder().encode(evidence));
}

export function testify(device: Identity, measured: Measured, about: Question): Promise<string> {
  const { runtime, engine, features } = measured;
  const { certificate } = device;
  return device.sign('evidence', { ...about, runtime, engine, features, certificate });
}

const FIELDS = ['nonce', 'execution', 'epoch', 'spec', 'state'] as const;

/** Asks, and judges what comes back: each question has one answer. */
export class Appraiser {
  private readonly open = new Set<string>();

  /** `runtimes`: digests of those that may have state. */
  constructor(
    private readonly trust: Trust,
    private readonly runtimes: ReadonlySet<string>,
  ) {}

  ask(about: Omit<Question, 'nonce'>): Question {
    const nonce = crypto.randomUUID();
    this.open.add(nonce);
    return { ...about, nonce };
  }
  /** No answer comes. */
  forget({ nonce }: Question): void {
    this.open.delete(nonce);
  }

  /** The evidence, if it is this device's, for this question, and of a runtime that is known. */
  async judge(jws: string, about: Question, device: string): Promise<Evidence> {
    const isOpen = this.open.delete(about.nonce);
    const named = unverified(jws, 'evidence', evidence, 'forbidden');
    const { name, signing } = await this.trust.check(named.certificate);
    const told = await verified(jws, 'evidence', signing, evidence);
    if (!isOpen) throw new FleetError('forbidden', 'the evidence is for a question that has been answered');
    for (const field of FIELDS)
      if (told[field] !== about[field])
        throw new FleetError(
          'forbidden',
          `the evidence is for ${field} ${told[field]}, and the question for ${about[field]}`,
        );
    if (name !== device)
      throw new FleetError('forbidden', `the evidence is of ${name}, and ${device} was asked`);
    if (!this.runtimes.has(told.runtime))
      throw new FleetError('forbidden', `${device} runs sha256:${told.runtime}, which is no known runtime`);
    return told;
  }
}
