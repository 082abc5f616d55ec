/** What comes with the functions in a file: the parts that they name (parts.generated.ts), in the order of their needs. */
import { TRAP_MESSAGES } from '../../../errors';
import type { Dialect } from './dialects';
import { PARTS } from './parts.generated';

export class Assets {
  private readonly dialect: Dialect;
  private readonly texts = new Map<string, string>();
  private readonly codes: ReadonlySet<string>;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
    this.codes = new Set(dialect.form === 'module' ? Object.keys(TRAP_MESSAGES) : []);
  }

  /** A part, behind those that it needs. */
  add(name: string): void {
    if (this.texts.has(name)) return;
    const given = this.given(name);
    const part = given ?? PARTS[name];
    // Functions may need each other: whoever is on its way counts as there.
    this.texts.set(name, '');
    for (const need of part.needs) this.add(need);
    this.texts.delete(name);
    this.texts.set(name, part.text);
  }

  has(name: string): boolean {
    return this.texts.has(name);
  }

  text(): string[] {
    return [...this.texts.values()];
  }

  /** What the dialect says of a name. */
  private given(name: string): { text: string; needs: readonly string[] } | undefined {
    const { bigInts, ownMath } = this.dialect;
    switch (name) {
      case 'messages': {
        const texts = Object.entries(TRAP_MESSAGES).filter(([code]) => this.codes.has(code));
        return { text: `var messages=${JSON.stringify(Object.fromEntries(texts))};`, needs: [] };
      }
      case 'toI64':
        return alias(name, bigInts ? 'toBig' : 'toPair');
      case 'fromI64':
        return alias(name, bigInts ? 'fromBig' : 'fromPair');
    }
    if (PARTS[name] !== undefined) return undefined;
    if (ownMath.has(name)) return alias(name, `own_${name}`);
    return { text: `var ${name}=Math.${name};`, needs: [] };
  }
}

function alias(name: string, other: string): { text: string; needs: readonly string[] } {
  return { text: `var ${name}=${other};`, needs: [other] };
}

/** Bytes as a literal of a string, and the part that reads it. */
export function bytesText(bytes: Uint8Array, base64: boolean): { text: string; part: string | undefined } {
  if (!base64) return { text: escaped(bytes), part: undefined };
  return { text: `unpack("${encode(bytes)}")`, part: 'unpack' };
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function encode(bytes: Uint8Array): string {
  let text = '';
  for (let k = 0; k < bytes.length; k += 3) {
    const word = (bytes[k] << 16) | ((bytes[k + 1] ?? 0) << 8) | (bytes[k + 2] ?? 0);
    const digits = Math.min(bytes.length - k, 3) + 1;
    for (let digit = 0; digit < digits; digit++) text += DIGITS[(word >> (18 - 6 * digit)) & 63];
  }
  return text;
}

/** A literal of a string of bytes. */
export function escaped(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `"${text}"`;
}
