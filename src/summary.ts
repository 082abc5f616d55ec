/** What consoles show of our objects: a summary in place of whatever fields they happen to have. */

/** The method that `console.log` and `util.inspect` of Node, Deno and Bun ask objects for; the key needs no host. */
const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** Objects of the class are shown as one that has these fields alone; what is undefined is left out. */
export function summarize<T extends object>(
  type: { readonly prototype: T },
  fieldsOf: (object: T) => Readonly<Record<string, unknown>>,
): void {
  function summary(this: T): object {
    const fields = fieldsOf(this);
    const shown = Object.create(Object.getPrototypeOf(this)) as object;
    for (const name of Object.keys(fields)) {
      const value = fields[name];
      if (value !== undefined) Object.defineProperty(shown, name, { value, enumerable: true });
    }
    // Or it would be asked for a summary of its own.
    return Object.defineProperty(shown, INSPECT, { value: undefined });
  }
  Object.defineProperty(type.prototype, INSPECT, { value: summary, writable: true, configurable: true });
}
