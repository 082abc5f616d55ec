/** Names in the text of templates. */

export function count(code: string, name: string): number {
  return code.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0;
}

export function substitute(code: string, name: string, by: string): string {
  return code.replace(new RegExp(`\\b${name}\\b`, 'g'), by);
}
