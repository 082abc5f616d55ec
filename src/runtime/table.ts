/** Table instances (spec "exec/runtime", "table instances"). A null reference is null; others are `Func`s or the host's values. */
import type { TableType } from '../decoder';
import { trap } from '../errors';
import type { Store } from './store';

export class Table {
  readonly store: Store;
  readonly type: TableType;
  /** @internal */
  readonly elements: unknown[];

  /** Throws a RangeError when the store's limit does not suffice. */
  constructor(store: Store, type: TableType, init: unknown = null) {
    this.store = store;
    this.type = type;
    if (!store.reserveElements(type.min))
      throw new RangeError(`table of ${type.min} elements exceeds the limit`);
    this.elements = new Array(type.min);
    this.elements.fill(init);
  }

  get length(): number {
    return this.elements.length;
  }
  get(index: number): unknown {
    if (index >= this.elements.length) throw new RangeError('table index out of bounds');
    return this.elements[index];
  }
  set(index: number, reference: unknown): void {
    if (index >= this.elements.length) throw new RangeError('table index out of bounds');
    this.elements[index] = reference;
  }

  /** table.grow: the old length, or -1 when it cannot be. */
  grow(delta: number, init: unknown): number {
    const old = this.elements.length;
    const { max, address } = this.type;
    const length = old + delta;
    if (length > (max ?? Number.POSITIVE_INFINITY) || (address === 'i32' && length > 0xffffffff)) return -1;
    if (!this.store.reserveElements(delta)) return -1;
    for (let k = 0; k < delta; k++) this.elements.push(init);
    return old;
  }

  /** @internal Traps unless the range is in bounds. */
  check(from: number, length: number): void {
    if (from + length > this.elements.length) throw trap('tableBounds');
  }
  /** @internal */
  fill(to: number, value: unknown, length: number): void {
    this.check(to, length);
    this.elements.fill(value, to, to + length);
  }
  /** @internal */
  copy(to: number, source: Table, from: number, length: number): void {
    source.check(from, length);
    this.check(to, length);
    const [into, out] = [this.elements, source.elements];
    // From the end when the ranges overlap so that the start would be overwritten.
    if (source === this && to > from) for (let k = length - 1; k >= 0; k--) into[to + k] = out[from + k];
    else for (let k = 0; k < length; k++) into[to + k] = out[from + k];
  }
  /** @internal Traps unless the range is in bounds, and that of a segment with `count` elements too. */
  checkInit(to: number, count: number, from: number, length: number): void {
    if (from + length > count) throw trap('tableBounds');
    this.check(to, length);
  }
}
