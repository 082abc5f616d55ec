/** UTF-8 by hand (spec chapter "binary/values", names): the core may not use the host's TextDecoder. */

const CHUNK = 4096;

/** The string in `bytes[start, end)`, or undefined when it is not well-formed UTF-8. A byte order mark is kept. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string | undefined {
  let text = '';
  let units: number[] = [];
  let pos = start;
  while (pos < end) {
    const lead = bytes[pos++];
    if (lead < 0x80) {
      units.push(lead);
    } else {
      const extra = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
      if (lead < 0xc2 || lead > 0xf4 || pos + extra > end) return undefined;
      let code = lead & (0x3f >> extra);
      for (let i = 0; i < extra; i++) {
        const next = bytes[pos++];
        if ((next & 0xc0) !== 0x80) return undefined;
        code = (code << 6) | (next & 0x3f);
      }
      if (extra === 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return undefined;
      if (extra === 3 && (code < 0x10000 || code > 0x10ffff)) return undefined;
      if (code < 0x10000) units.push(code);
      else units.push(0xd7c0 + (code >> 10), 0xdc00 | (code & 0x3ff));
    }
    if (units.length >= CHUNK) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

/** UTF-8 of a string. A lone surrogate becomes U+FFFD, as in the Encoding standard. */
export function encodeUtf8(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  let pos = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code >= 0xd800 && code < 0xe000) {
      const low = text.charCodeAt(i + 1);
      if (code < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
        i++;
      } else {
        code = 0xfffd;
      }
    }
    if (code < 0x80) {
      out[pos++] = code;
      continue;
    }
    if (code < 0x800) {
      out[pos++] = 0xc0 | (code >> 6);
    } else {
      if (code < 0x10000) {
        out[pos++] = 0xe0 | (code >> 12);
      } else {
        out[pos++] = 0xf0 | (code >> 18);
        out[pos++] = 0x80 | ((code >> 12) & 0x3f);
      }
      out[pos++] = 0x80 | ((code >> 6) & 0x3f);
    }
    out[pos++] = 0x80 | (code & 0x3f);
  }
  return out.slice(0, pos);
}
