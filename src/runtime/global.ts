/** Global instances (spec "exec/runtime"). Numbers and vectors live in `cells`, which generated code reads and writes. */
import { check, checkClass, OBJECT } from '../checks';
import { type ExternTypeByKind, externTypeName, type GlobalType, isRef } from '../decoder';
import { summarize } from '../summary';
import { readWords, wordsOf, writeWords } from './cells';
import { Store } from './store';
import { reference, shownValue, type Value, valueFor } from './values';

/** A global. */
export class Global {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Global';
  }
  /** The store that it is in. */
  readonly store: Store;
  /** Its type. */
  readonly type: GlobalType;
  /** @internal Low word at `at`, high word at `at + 1`; a v128 has four. */
  readonly cells: Int32Array;
  /** Index of its first cell. */
  readonly at: number;
  /** Its reference, if that is its type. */
  ref: unknown = null;

  constructor(store: Store, type: GlobalType, value: Value, cells?: Int32Array, at = 0) {
    checkClass('the store', store, Store, 'Store');
    check('the type of a global', type, OBJECT);
    this.store = store;
    this.type = type;
    this.cells = cells ?? new Int32Array(wordsOf(type.value));
    this.at = at;
    this.put(valueFor('the value', type.value, value, store));
  }

  /** @internal */
  get externType(): ExternTypeByKind {
    return { kind: 'global', type: this.type };
  }
  /** What it holds. */
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
summarize(Global, (global) => ({ type: externTypeName(global.externType), value: shownValue(global.get()) }));
