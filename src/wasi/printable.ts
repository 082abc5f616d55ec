/** Names that a guest, a snapshot or a tar file chose, in messages that may reach a terminal. */

/** Control characters (C0, DEL, C1), line separators and what turns the direction of text. */
function isHarmful(code: number): boolean {
  const control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  return control || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** The text with harmful characters as `\u{1b}`. */
export function printable(text: string): string {
  const shown = (char: string) =>
    isHarmful(char.charCodeAt(0)) ? `\\u{${char.charCodeAt(0).toString(16)}}` : char;
  return Array.from(text, shown).join('');
}
