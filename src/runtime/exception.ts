/** Tags and exceptions (spec "exec/runtime", "tag instances" and "exception instances"). */
import { check, checkClass, OBJECT } from '../checks';
import {
  canonicalFuncType,
  EXTERNREF,
  type ExternTypeByKind,
  externTypeName,
  type FuncType,
} from '../decoder';
import { RuntimeError, TRAP_MESSAGES } from '../errors';
import { summarize } from '../summary';
import { ExceptionReference, reference, shownValue, type Value, valueFor } from './values';

/** A tag: what handlers tell exceptions by. */
export class Tag {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Tag';
  }
  /** Parameters are the values of its exceptions. */
  readonly type: FuncType;
  /** @internal Equal for equal types of any two modules. */
  readonly typeId: number;

  /** The types of the values that its exceptions carry are the type's parameters; it has no results. */
  constructor(type: FuncType, typeId?: number) {
    check('the type of a tag', type, OBJECT);
    if (type.results.length > 0) throw new TypeError('expected the type of a tag, which has no results');
    this.type = type;
    this.typeId = typeId ?? canonicalFuncType(type);
  }

  /** @internal */
  get externType(): ExternTypeByKind {
    return { kind: 'tag', type: this.type };
  }
}

/** What an exnref that is not null refers to. It never changes. */
/** An exception of a guest's. */
export class Exception extends ExceptionReference {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Exception';
  }
  /** Its tag, which handlers look for. */
  readonly tag: Tag;
  /** What it carries. */
  readonly values: readonly Value[];

  /** @internal Of values that have been checked; `of` checks. */
  constructor(tag: Tag, values: readonly Value[]) {
    super();
    this.tag = tag;
    this.values = values;
  }

  /** An exception with these values, or what the JS API converts to them. A TypeError says what was expected. */
  static of(store: object, tag: Tag, ...values: readonly unknown[]): Exception {
    checkClass('the tag', tag, Tag, 'Tag');
    const { params } = tag.type;
    if (values.length !== params.length) {
      throw new TypeError(`expected ${params.length} values for the tag, not ${values.length}`);
    }
    return new Exception(
      tag,
      values.map((value, k) => valueFor('value', params[k], value, store, k)),
    );
  }
}
summarize(Exception, ({ tag, values }) => ({ tag, values: values.map(shownValue) }));
summarize(Tag, ({ externType }) => ({ type: externTypeName(externType) }));

/** The tag of what host functions throw that is no exception of a guest: its value is that, as an externref. */
export const HOST_TAG = new Tag({ params: [EXTERNREF], results: [] });

/** The exception that a guest sees when a host function throws this. */
export function hostException(thrown: unknown): Exception {
  return new Exception(HOST_TAG, [reference(EXTERNREF, thrown)]);
}

const objects = new WeakMap<object, Exception>();

/** From now on the object stands for the exception: a host function that throws it raises that. */
export function standFor(object: object, exception: Exception): void {
  objects.set(object, exception);
}

/** The exception that something stands for which a host function has thrown. */
export function standsFor(thrown: unknown): Exception | undefined {
  return typeof thrown === 'object' && thrown !== null ? objects.get(thrown) : undefined;
}

/** An exception that no handler of an execution took. A host function that throws it raises the exception again. */
export class UncaughtException extends RuntimeError {
  /** What nobody caught. */
  readonly exception: Exception;
  constructor(exception: Exception) {
    super(TRAP_MESSAGES.uncaughtException, undefined, 'uncaughtException');
    this.exception = exception;
    objects.set(this, exception);
  }
}
