/** The address of a load or a store, in the text of factories. */

/**
 * Effective address (spec "exec/memory") as v: the quick check, and `far` decides the rest, and traps. Compilers like 32-bit integers, so
 * theirs holds below 2 GiB; interpreters like few operators.
 */
const address = {
  compiled: ([x, o, at, bytes]: string[]) =>
    `${x === 'x' ? '' : `const x=${x};`}let v=x+${o}|0;if((x|v)<0||v>m.top${bytes})v=m.far(x,${o},${bytes},${at});`,
  interpreted: ([x, o, at, bytes]: string[]) =>
    `let v=(${x}>>>0)+${o};if(v>m.top${bytes})v=m.far(v-${o},${o},${bytes},${at});`,
};
/** In the text of a factory until it is written: the address' expression, or x, the operands o and at, and how many bytes. */
export function addressed(x: string, bytes: number, offset = 'o'): string {
  return `<${x};${offset};at;${bytes}>`;
}
export const addressOf = (how: string) => (how === 'r' ? 'I[fp+a]' : 'a(fp)');
export function withAddresses(
  factories: ReadonlyMap<string, string>,
  how: keyof typeof address,
): Map<string, string> {
  const expand = (text: string) =>
    text.replace(/<([^<>;]+;\w+;\w+;\d+)>/g, (_, parts: string) => address[how](parts.split(';')));
  return new Map([...factories].map(([name, text]) => [name, expand(text)]));
}

/** Marks what a store of so many bytes at v writes. */
export function marksOf(bytes: number): string {
  return `m.dirty[v>>>12]=1;${bytes > 1 ? `m.dirty[v+${bytes - 1}>>>12]=1;` : ''}`;
}
