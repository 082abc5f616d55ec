/** What consoles show of our objects: a summary in place of whatever fields they happen to have. */

/** The method that `console.log` and `util.inspect` of Node, Deno and Bun ask objects for; the key needs no host. */
export const SUMMARY: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** An object of the same class that has these fields alone; what is undefined is left out. */
export function summary(object: object, fields: Readonly<Record<string, unknown>>): object {
  const shown = Object.create(Object.getPrototypeOf(object)) as object;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value !== undefined) Object.defineProperty(shown, name, { value, enumerable: true });
  }
  // Or it would be asked for a summary of its own.
  return Object.defineProperty(shown, SUMMARY, { value: undefined });
}
