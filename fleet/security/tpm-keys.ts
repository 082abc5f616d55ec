/**
 * Keys of TPMs that an orchestrator has been told, a device each, and what a quote of one has to be: signed by that key, of this evidence, of these
 * registers, and with these values in them when they are told too.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { digest, name, optional, record, shape, text, wrong } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import { qualifying } from './attestation';
import { hex } from './digest';
import { type QuoteDocument, readQuote, registers } from './tpm-quote';

/** Bits of an RSA key below which none is taken. */
const MIN_RSA_BITS = 2048;
const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1'];

function attestationKey(value: unknown, place: string): KeyObject {
  const pem = text(4096)(value, place);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    return wrong(place, 'a public key in PEM', value);
  }
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details = {} } = key;
  const isTaken =
    (kind === 'ec' && CURVES.includes(details.namedCurve)) ||
    (kind === 'rsa' && (details.modulusLength ?? 0) >= MIN_RSA_BITS);
  return isTaken ? key : wrong(place, `a key of P-256, P-384 or RSA of ${MIN_RSA_BITS} bits`, kind);
}

const pin = shape({
  key: attestationKey,
  pcrs: registers,
  /** SHA-256 of these registers' values, one after the other. */
  digest: optional(digest),
});
export type TpmPin = ReturnType<typeof pin>;
/** As `up --tpm-keys` reads it: devices by name. */
export const tpmPins = (value: unknown, place: string): Readonly<Record<string, TpmPin>> => {
  const pins = record(pin)(value, place);
  for (const device of Object.keys(pins)) name(device, place);
  return pins;
};

/** Throws unless the device's own TPM has quoted what is pinned, for this evidence. */
export async function checkQuote(
  { key, pcrs, digest: values }: TpmPin,
  quote: QuoteDocument | undefined,
  evidence: string,
): Promise<void> {
  if (quote === undefined)
    throw new FleetError('forbidden', 'the evidence has come without a quote of its TPM');
  const { attest, signature } = quote;
  const told = readQuote(attest);
  if (!verify('sha256', attest, key, signature))
    throw new FleetError('forbidden', 'the quote is not signed by the key of its TPM that is pinned');
  if (hex(told.extraData) !== hex(await qualifying(evidence)))
    throw new FleetError('forbidden', 'the quote is for other evidence');
  if (told.registers.join() !== pcrs.join())
    throw new FleetError(
      'forbidden',
      `the quote is of the registers ${told.registers}, and ${pcrs} are pinned`,
    );
  if (values !== undefined && hex(told.digest) !== values)
    throw new FleetError(
      'forbidden',
      `the registers ${pcrs} have the digest ${hex(told.digest)}, and ${values} is pinned`,
    );
}
