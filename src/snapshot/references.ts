/** References between instances and a snapshot: functions by index, the host's values by names that the embedder gives. */
import type { ModuleData } from '../decoder/module';
import { isRef, V128, type ValType } from '../decoder/types';
import { SnapshotError } from '../errors';
import { type Func, reference, type Value, v128 } from '../runtime';
import { isNull, isRefTag, NULL_WORD, nullRef, type TypedValue, type U64 } from './document';
import type { Space } from './space';
import { u64, u64Hex } from './u64';
import { tagOf } from './value-types';

/** Gives a reference of the host a name, the same on every host that shall take the snapshot. All bits set is reserved. */
export type NameExternRef = (ref: unknown) => U64;
/** Gives the value that a name stands for on this host. */
export type BindExternRef = (name: U64) => unknown;

function unsupported(message: string): SnapshotError {
  return new SnapshotError(message, 'unsupported');
}

/** Values of instances -> values of a document. A type is written in the terms of a module. */
export class Namer {
  private readonly space: Space;
  private readonly nameExternRef: NameExternRef | undefined;

  constructor(space: Space, nameExternRef: NameExternRef | undefined) {
    this.space = space;
    this.nameExternRef = nameExternRef;
  }

  value({ type, lo, hi, ref, bytes }: Value, module: ModuleData): TypedValue {
    const tag = tagOf(type, module);
    if (isRefTag(tag)) return this.reference(type, ref, module);
    if (bytes !== undefined) return { type: tag, lo: 0, hi: 0, bytes };
    // The high half of a narrow value is whatever was there before: no state.
    return { type: tag, lo, hi: tag === 'i64' || tag === 'f64' ? hi : 0 };
  }

  reference(type: ValType, ref: unknown, module: ModuleData): TypedValue {
    const tag = tagOf(type, module);
    if (tag !== 'funcref' && tag !== 'externref') throw unsupported(`references of type ${tag}`);
    if (ref === null) return nullRef(tag);
    if (tag === 'funcref') return { type: tag, lo: this.funcIndex(ref as Func), hi: 0 };
    if (this.nameExternRef === undefined) {
      throw unsupported('an externref belongs to the host, and nothing here names it');
    }
    const { lo, hi } = this.nameExternRef(ref);
    const value: TypedValue = { type: tag, lo: lo | 0, hi: hi | 0 };
    if (isNull(value)) throw unsupported('the host named an externref with the reserved name of null');
    return value;
  }

  /** The number of a function that is defined or imported here. */
  funcIndex(func: Func): number {
    const index = this.space.numberOf(func);
    if (index === undefined) throw unsupported(`function ${func.name ?? ''} belongs to another instance`);
    return index;
  }
}

/** Values of a document -> values of instances. The document has been verified against their modules. */
export class Binder {
  private readonly space: Pick<Space, 'func'>;
  private readonly bindExternRef: BindExternRef | undefined;
  private readonly bound = new Map<string, unknown>();

  constructor(space: Pick<Space, 'func'>, bindExternRef: BindExternRef | undefined) {
    this.space = space;
    this.bindExternRef = bindExternRef;
  }

  value(value: TypedValue, type: ValType): Value {
    if (isRef(type)) return reference(type, this.reference(value.type, value.lo, value.hi));
    if (type === V128) return v128(value.bytes!);
    return { type, lo: value.lo, hi: value.hi, ref: null };
  }

  reference(tag: TypedValue['type'], lo: number, hi: number): unknown {
    if (lo === NULL_WORD && hi === NULL_WORD) return null;
    return tag === 'funcref' ? this.space.func(lo >>> 0) : this.extern(u64(lo, hi));
  }

  /** Each name is bound once, so that equal names are one value. */
  private extern(name: U64): unknown {
    const key = u64Hex(name);
    if (this.bound.has(key)) return this.bound.get(key);
    if (this.bindExternRef === undefined) {
      throw unsupported('the snapshot holds an externref, and nothing here binds one');
    }
    const value = this.bindExternRef(name);
    if (value === null) throw new SnapshotError(`the host bound externref ${key} to null`, 'mismatch');
    this.bound.set(key, value);
    return value;
  }
}
