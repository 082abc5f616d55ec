/** References between instances and a snapshot: functions by index, the host's values by names that the embedder gives. */
import { isRef, V128, type ValType } from '../decoder/types';
import { SnapshotError } from '../errors';
import { type Exception, type Func, reference, type Value, v128 } from '../runtime';
import {
  type ExceptionRecord,
  isNull,
  isRefTag,
  NULL_WORD,
  nullRef,
  type TypedValue,
  type U64,
} from './document';
import { ExceptionNumbers, makeExceptions } from './exceptions';
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

/** Values of instances -> values of a document. */
export class Namer {
  private readonly space: Space;
  private readonly nameExternRef: NameExternRef | undefined;
  private readonly numbers = new ExceptionNumbers();

  constructor(space: Space, nameExternRef: NameExternRef | undefined) {
    this.space = space;
    this.nameExternRef = nameExternRef;
  }

  value({ type, lo, hi, ref, bytes }: Value): TypedValue {
    const tag = tagOf(type);
    if (isRefTag(tag)) return this.reference(type, ref);
    if (bytes !== undefined) return { type: tag, lo: 0, hi: 0, bytes };
    // The high half of a narrow value is whatever was there before: no state.
    return { type: tag, lo, hi: tag === 'i64' || tag === 'f64' ? hi : 0 };
  }

  reference(type: ValType, ref: unknown): TypedValue {
    const tag = tagOf(type);
    if (!isRefTag(tag) || tag === 'contref') throw unsupported(`references of type ${tag}`);
    if (ref === null) return nullRef(tag);
    if (tag === 'funcref') return { type: tag, lo: this.funcIndex(ref as Func), hi: 0 };
    if (tag === 'exnref') return { type: tag, lo: this.numbers.numberOf(ref as Exception), hi: 0 };
    if (this.nameExternRef === undefined) {
      throw unsupported('an externref belongs to the host, and nothing here names it');
    }
    const { lo, hi } = this.nameExternRef(ref);
    const value: TypedValue = { type: tag, lo: lo | 0, hi: hi | 0 };
    if (isNull(value)) throw unsupported('the host named an externref with the reserved name of null');
    return value;
  }

  /** The exceptions that have been met in values so far, and those that they hold. */
  exceptions(): ExceptionRecord[] {
    return this.numbers.recordsOf(
      ({ tag }) => {
        const number = this.space.tagNumberOf(tag);
        if (number === undefined) throw unsupported('an exception of the host, or of another instance');
        return number;
      },
      (value) => this.value(value),
    );
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
  private readonly space: Pick<Space, 'func' | 'tag'>;
  private readonly bindExternRef: BindExternRef | undefined;
  private readonly bound = new Map<string, unknown>();

  private exceptions: readonly Exception[] = [];

  constructor(
    space: Pick<Space, 'func' | 'tag'>,
    bindExternRef: BindExternRef | undefined,
    exceptions: readonly ExceptionRecord[],
  ) {
    this.space = space;
    this.bindExternRef = bindExternRef;
    this.exceptions = makeExceptions(exceptions, space, (value, type, made) => {
      this.exceptions = made;
      return this.value(value, type);
    });
  }

  value(value: TypedValue, type: ValType): Value {
    if (isRef(type)) return reference(type, this.reference(value.type, value.lo, value.hi));
    if (type === V128) return v128(value.bytes!);
    return { type, lo: value.lo, hi: value.hi, ref: null };
  }

  reference(tag: TypedValue['type'], lo: number, hi: number): unknown {
    if (lo === NULL_WORD && hi === NULL_WORD) return null;
    if (tag === 'exnref') return this.exceptions[lo >>> 0];
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
