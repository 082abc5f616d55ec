/** Global instances (spec "exec/runtime"). Numbers live in `cells`, two words each, which generated code reads and writes. */
import { checkClass } from '../checks';
import { type GlobalType, isRef } from '../decoder';
import { Store } from './store';
import { type Value, valueFor } from './values';

export class Global {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Global';
  }
  readonly store: Store;
  readonly type: GlobalType;
  /** @internal Low word at `at`, high word at `at + 1`. */
  readonly cells: Int32Array;
  readonly at: number;
  ref: unknown = null;

  constructor(store: Store, type: GlobalType, value: Value, cells = new Int32Array(2), at = 0) {
    checkClass('the store', store, Store, 'Store');
    this.store = store;
    this.type = type;
    this.cells = cells;
    this.at = at;
    this.put(valueFor('the value', type.value, value, store));
  }

  get(): Value {
    return { type: this.type.value, lo: this.cells[this.at], hi: this.cells[this.at + 1], ref: this.ref };
  }
  /** Throws a TypeError when the value is of another type. */
  set(value: Value): void {
    this.put(valueFor('the value', this.type.value, value, this.store));
  }
  private put(value: Value): void {
    if (isRef(this.type.value)) {
      this.ref = value.ref;
    } else {
      this.cells[this.at] = value.lo;
      this.cells[this.at + 1] = value.hi;
    }
  }
}
