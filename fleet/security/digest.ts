/** SHA-256. */
import { cryptography } from './cryptography';

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return cryptography().sha256(bytes);
}

export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  return hex(await sha256(bytes));
}
