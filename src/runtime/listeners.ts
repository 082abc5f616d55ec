/**
 * Who is told of a change. Most memories and tables have nobody or one, so a list is an array that is made anew when it changes: an empty Set
 * takes 150 bytes of each instance.
 */
export type Listeners<T> = readonly T[];

/** Nobody: the same array for all. */
export const NOBODY: Listeners<never> = [];

/** As long as it must be, which what has been spread or pushed to is not. */
export function withOne<T>(listeners: Listeners<T>, one: T): Listeners<T> {
  return listeners.concat([one]);
}
export function without<T>(listeners: Listeners<T>, gone: T): Listeners<T> {
  return listeners.filter((listener) => listener !== gone);
}
