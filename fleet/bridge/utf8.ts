/** What the Encoding standard says of UTF-8, for engines without TextDecoder. */

/** The least and the greatest second byte after a lead that does not take all. */
const SECOND: Readonly<Record<number, readonly [number, number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};
const REPLACEMENT = '\ufffd';

export function decodeLossy(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at++];
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      continue;
    }
    const more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    let code = lead & (0x3f >> more);
    let [least, greatest] = SECOND[lead] ?? [0x80, 0xbf];
    let left = lead < 0xc2 || lead > 0xf4 ? -1 : more;
    while (left > 0 && at < bytes.length && bytes[at] >= least && bytes[at] <= greatest) {
      code = (code << 6) | (bytes[at++] & 0x3f);
      [least, greatest] = [0x80, 0xbf];
      left--;
    }
    text += left === 0 ? String.fromCodePoint(code) : REPLACEMENT;
  }
  return text;
}
