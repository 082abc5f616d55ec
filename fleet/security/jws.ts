/** Compact JWS (RFC 7515) with Ed25519 alone (RFC 8037): `header.payload.signature`, each in base64url. */
const ALGORITHM = 'EdDSA';
/** Before the kinds of what is signed. */
const PREFIX = 'liquid-';
const PLACES = /^[A-Za-z0-9_-]+$/;

type Sign = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
type Verify = (bytes: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>;

function encoded(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decoded(text: string): Uint8Array {
  if (!PLACES.test(text)) throw new Error('it is not in base64url');
  const told = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(told.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = told.charCodeAt(k);
  return bytes;
}

export async function signed(payload: unknown, kind: string, sign: Sign): Promise<string> {
  const encoder = new TextEncoder();
  const parts = [{ alg: ALGORITHM, typ: PREFIX + kind }, payload].map((one) =>
    encoded(encoder.encode(JSON.stringify(one))),
  );
  const told = parts.join('.');
  return `${told}.${encoded(await sign(encoder.encode(told)))}`;
}

/** The payload as text, if its signature is right. Throws an Error that says why it is not. */
export async function payloadOf(jws: string, kind: string, verify: Verify): Promise<string> {
  const parts = jws.split('.');
  if (parts.length !== 3) throw new Error('it has not three parts');
  const [header, payload, signature] = parts.map(decoded);
  const told: Readonly<Record<string, unknown>> = JSON.parse(new TextDecoder().decode(header)) ?? {};
  if (told['alg'] !== ALGORITHM || 'crit' in told || 'b64' in told)
    throw new Error('its header asks for something else than EdDSA');
  if (told['typ'] !== PREFIX + kind) throw new Error(`it is no ${kind}`);
  const covered = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  if (!(await verify(covered, signature))) throw new Error('signature verification failed');
  return new TextDecoder().decode(payload);
}
