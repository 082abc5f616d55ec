/** Closures and factories as data; their text. */

/** `fp=>{before return value}`, or `fp=>value`; one that only throws has no value. */
export interface Closure {
  readonly takes: 'fp' | '()';
  readonly before: string;
  readonly value: string;
}
/** What a factory takes, and the closure that it returns, or its whole body. */
export type Row = readonly [params: readonly string[], makes: Closure | string];

export function closure(before: string, value: string, takes: Closure['takes'] = 'fp'): Closure {
  return { takes, before, value };
}

/** Passes the safepoint of a loop and goes to its header. */
export const BACK = '(--M.fuel<0?(M.yielded=site,null):header)';
/** Goes on with the next step. */
export const NEXT = 'n(fp)';

function bodyText({ before, value }: Closure): string {
  return value === '' ? before : `${before}return ${value}`;
}

/** Behind a factory's parameters. */
export function madeText(makes: Closure | string): string {
  if (typeof makes === 'string') return makes;
  const { takes, before, value } = makes;
  return `${takes}=>${before === '' ? value : `{${bodyText(makes)}}`}`;
}
