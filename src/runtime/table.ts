/** Table instances (spec "exec/runtime", "table instances"). A null reference is null; others are `Func`s or the host's values. */
import { COUNT, check, checkClass, indexBelow } from '../checks';
import { type ExternTypeByKind, externTypeName, type TableType } from '../decoder';
import { trap } from '../errors';
import { summarize } from '../summary';
import type { Charge } from './ledger';
import { type Listeners, NOBODY } from './listeners';
import { Store } from './store';
import { fromJs, ownValue } from './values';

/** Elements of a table: what JavaScript engines allow (JS API, "Implementation-defined Limits"). */
export const MAX_TABLE_ELEMENTS = 10_000_000;

/** Told which elements have changed. */
export type Watcher = (from: number, count: number) => void;

/** A table of references. */
export class Table {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Table';
  }
  /** The store that it is in. */
  readonly store: Store;
  /** Its type. */
  readonly type: TableType;
  /** @internal */
  readonly elements: unknown[];
  /** @internal Whoever has made something of elements makes that anew. */
  watchers: Listeners<Watcher> = NOBODY;
  private readonly charge: Charge;

  /** Throws a RangeError when the store's limit does not suffice. */
  constructor(store: Store, type: TableType, ...init: [reference?: unknown]) {
    checkClass('the store', store, Store, 'Store');
    this.store = store;
    this.type = type;
    const charge = store.tables.reserve(type.min);
    if (charge === undefined) throw new RangeError(`table of ${type.min} elements exceeds the limit`);
    this.elements = new Array(type.min);
    this.elements.fill(this.given(init));
    charge.holdFor(this);
    this.charge = charge;
  }

  /** @internal Its type, with the size of now. */
  get externType(): ExternTypeByKind {
    return { kind: 'table', type: { ...this.type, min: this.length } };
  }
  /** How many elements it has. */
  get length(): number {
    return this.elements.length;
  }
  /** An element. A RuntimeError when there is none. */
  get(index: number): unknown {
    check('table index', index, indexBelow(this.elements.length));
    return this.elements[index];
  }
  /** Sets an element. A RuntimeError when there is none. */
  set(index: number, reference: unknown): void {
    check('table index', index, indexBelow(this.elements.length));
    this.put(index, this.own(reference));
  }

  /** @internal Every write of one element; the index is in bounds. */
  put(index: number, reference: unknown): void {
    this.elements[index] = reference;
    if (this.watchers.length > 0) this.changed(index, 1);
  }
  private changed(from: number, count: number): void {
    for (const watcher of this.watchers) watcher(from, count);
  }

  /** What is left out is null; undefined is a reference of the host. */
  private given(init: readonly unknown[]): unknown {
    return init.length === 0 || init[0] === null ? null : this.own(init[0]);
  }
  private own(reference: unknown): unknown {
    return ownValue('the element', fromJs(this.type.element, reference), this.store).ref;
  }

  /** table.grow: the old length, or -1 when it cannot be. */
  /** Grows by so many elements; the length before, or -1 when there is no room. */
  grow(delta: number, ...init: [reference?: unknown]): number {
    check('the number of elements', delta, COUNT);
    const element = this.given(init);
    const old = this.elements.length;
    const { max } = this.type;
    const length = old + delta;
    if (length > Math.min(max ?? MAX_TABLE_ELEMENTS, MAX_TABLE_ELEMENTS)) return -1;
    if (!this.charge.add(delta)) return -1;
    for (let k = 0; k < delta; k++) this.elements.push(element);
    this.changed(old, delta);
    return old;
  }

  /** @internal Gives back what the store has been charged: nobody can reach the table any more. */
  release(): void {
    this.charge.release();
  }

  /** @internal Traps unless the range is in bounds. */
  check(from: number, length: number): void {
    if (from + length > this.elements.length) throw trap('tableBounds');
  }
  /** @internal */
  fill(to: number, value: unknown, length: number): void {
    this.check(to, length);
    this.elements.fill(value, to, to + length);
    this.changed(to, length);
  }
  /** @internal */
  copy(to: number, source: Table, from: number, length: number): void {
    source.check(from, length);
    this.check(to, length);
    const [into, out] = [this.elements, source.elements];
    // From the end when the ranges overlap so that the start would be overwritten.
    if (source === this && to > from) for (let k = length - 1; k >= 0; k--) into[to + k] = out[from + k];
    else for (let k = 0; k < length; k++) into[to + k] = out[from + k];
    this.changed(to, length);
  }

  /** @internal Writes a range that is in bounds. */
  write(to: number, length: number, elementAt: (k: number) => unknown): void {
    for (let k = 0; k < length; k++) this.elements[to + k] = elementAt(k);
    this.changed(to, length);
  }
  /** @internal Traps unless the range is in bounds, and that of a segment with `count` elements too. */
  checkInit(to: number, count: number, from: number, length: number): void {
    if (from + length > count) throw trap('tableBounds');
    this.check(to, length);
  }
}
summarize(Table, ({ externType, length }) => ({ type: externTypeName(externType), length }));
