/**
 * Exceptions between a store and a snapshot (draft, "Section 5"). They are numbered in the order in which they are met: in globals, in
 * tables, in the values of those, then in frames, and in the values of those.
 */
import type { TagType } from '../decoder/types';
import { Exception, type Value } from '../runtime';
import { type ExceptionRecord, isNull, type TypedValue } from './document';
import type { Space } from './space';

/** Numbers exceptions, and writes what they hold. */
export class ExceptionNumbers {
  private readonly numbers = new Map<Exception, number>();
  private readonly met: Exception[] = [];
  private readonly records: ExceptionRecord[] = [];

  numberOf(exception: Exception): number {
    let number = this.numbers.get(exception);
    if (number === undefined) {
      number = this.met.length;
      this.met.push(exception);
      this.numbers.set(exception, number);
    }
    return number;
  }

  /** All that have been met so far, and those that they hold. */
  recordsOf(
    tagNumber: (exception: Exception) => number,
    value: (value: Value) => TypedValue,
  ): ExceptionRecord[] {
    for (let id = this.records.length; id < this.met.length; id++) {
      const { values } = this.met[id];
      this.records.push({ tag: tagNumber(this.met[id]), args: values.map(value) });
    }
    return this.records.slice();
  }
}

/**
 * The exceptions in an order in which each comes behind those that it holds. Fewer than there are when some hold each other, as no program
 * can make them: an exception is made of what is there before it.
 */
export function exceptionOrder(exceptions: readonly ExceptionRecord[]): number[] {
  const holders: number[][] = exceptions.map(() => []);
  const missing = exceptions.map(({ args }, id) => {
    const held = args.filter((value) => value.type === 'exnref' && !isNull(value));
    for (const { lo } of held) holders[lo >>> 0].push(id);
    return held.length;
  });
  const order = missing.flatMap((count, id) => (count === 0 ? [id] : []));
  for (let next = 0; next < order.length; next++) {
    for (const holder of holders[order[next]]) if (--missing[holder] === 0) order.push(holder);
  }
  return order;
}

/** The exceptions of a document that has been verified, by number. */
export function makeExceptions(
  records: readonly ExceptionRecord[],
  space: Pick<Space, 'tag'>,
  value: (value: TypedValue, type: TagType['type']['params'][number], made: readonly Exception[]) => Value,
): Exception[] {
  const made = new Array<Exception>(records.length);
  for (const id of exceptionOrder(records)) {
    const tag = space.tag(records[id].tag);
    made[id] = new Exception(
      tag,
      records[id].args.map((arg, k) => value(arg, tag.type.params[k], made)),
    );
  }
  return made;
}
