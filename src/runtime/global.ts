/** Global instances (spec "exec/runtime"). Numbers and vectors live in `cells`, which generated code reads and writes. */
import { checkClass } from '../checks';
import { type GlobalType, isRef } from '../decoder';
import { readWords, wordsOf, writeWords } from './cells';
import { Store } from './store';
import { reference, type Value, valueFor } from './values';

export class Global {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Global';
  }
  readonly store: Store;
  readonly type: GlobalType;
  /** @internal Low word at `at`, high word at `at + 1`; a v128 has four. */
  readonly cells: Int32Array;
  readonly at: number;
  ref: unknown = null;

  constructor(
    store: Store,
    type: GlobalType,
    value: Value,
    cells = new Int32Array(wordsOf(type.value)),
    at = 0,
  ) {
    checkClass('the store', store, Store, 'Store');
    this.store = store;
    this.type = type;
    this.cells = cells;
    this.at = at;
    this.put(valueFor('the value', type.value, value, store));
  }

  get(): Value {
    const type = this.type.value;
    return isRef(type) ? reference(type, this.ref) : readWords(type, this.cells, this.at);
  }
  /** Throws a TypeError when the value is of another type. */
  set(value: Value): void {
    this.put(valueFor('the value', this.type.value, value, this.store));
  }
  private put(value: Value): void {
    if (isRef(this.type.value)) this.ref = value.ref;
    else writeWords(value, this.cells, this.at);
  }
}
