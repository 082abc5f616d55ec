/**
 * Checks at the public doors: what a caller gives is looked at once, before anything is done with it. Misuse is a TypeError (another kind of
 * thing) or a RangeError (the kind, but not a value that makes sense) which says what was expected; it is never an InternalError.
 */

/** What is expected of a value, and whether it is that. `range`: the kind is right, but the value is not. */
export interface Check {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  readonly isKind: (value: unknown) => boolean;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

function numeric(expected: string, holds: (value: number) => boolean): Check {
  return { expected, isKind: isNumber, holds: (value) => isNumber(value) && holds(value) };
}
function kind(expected: string, isKind: (value: unknown) => boolean): Check {
  return { expected, isKind, holds: isKind };
}

/** A time or another quantity that need not be whole: NaN is none. */
export const AMOUNT = numeric('a number, 0 or more', (value) => value >= 0);
/** How many there are or may be, where Infinity is no limit. */
export const COUNT = numeric(
  'a whole number, 0 or more, or Infinity',
  (value) => value >= 0 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY),
);
export const POSITIVE = numeric(
  'a whole number, 1 or more',
  (value) => value >= 1 && Number.isInteger(value),
);
/** An index into something of so many. */
export function indexBelow(count: number): Check {
  return numeric(
    `a whole number below ${count}`,
    (value) => Number.isInteger(value) && value >= 0 && value < count,
  );
}
export const FLAG = kind('true or false', (value) => typeof value === 'boolean');
export const CALLBACK = kind('a function', (value) => typeof value === 'function');
export const OBJECT = kind(
  'an object',
  (value) => (typeof value === 'object' && value !== null) || typeof value === 'function',
);
export const TEXT = kind('a string', (value) => typeof value === 'string');
export const TEXT_OR_OBJECT = kind(
  'a string or an object',
  (value) => TEXT.isKind(value) || OBJECT.isKind(value),
);
const isText = (value: unknown): value is string => typeof value === 'string';
export const TEXTS = kind('an array of strings', (value) => Array.isArray(value) && value.every(isText));
/** Variables of an environment: their names and values. */
export const VARIABLES = kind(
  'an object of strings, or an array of pairs of strings',
  (value) =>
    OBJECT.isKind(value) &&
    (Array.isArray(value)
      ? value.every((pair) => TEXTS.isKind(pair) && pair.length === 2)
      : Object.values(value as object).every(isText)),
);
export const LIST = kind('an array', Array.isArray);
export const OBJECTS = kind(
  'an array of objects',
  (value) => Array.isArray(value) && value.every((one) => OBJECT.isKind(one)),
);
/** Something that says whether it is aborted, such as an AbortSignal. */
export const SIGNAL = kind(
  'an object with a property "aborted"',
  (value) => typeof value === 'object' && value !== null && 'aborted' in value,
);

/** Throws unless the value is what is expected. `what` names it: `option "fuel"`. */
export function check(what: string, value: unknown, { expected, isKind, holds }: Check): void {
  if (holds(value)) return;
  const message = `${what}: expected ${expected}, not ${shown(value)}`;
  throw isKind(value) ? new RangeError(message) : new TypeError(message);
}

/** Bytes as people have them: a typed array, a DataView, a Node buffer, or a whole ArrayBuffer. */
export type ByteSource = ArrayBufferView | ArrayBufferLike;

/** Whether it is an ArrayBuffer or a SharedArrayBuffer, of whatever realm. */
function isBuffer(value: unknown): value is ArrayBufferLike {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

/** The bytes, not copied. `what` names them: `the module`. */
export function bytesOf(what: string, source: ByteSource): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (isBuffer(source)) return new Uint8Array(source);
  throw new TypeError(`${what}: expected bytes (an ArrayBuffer or a view of one), not ${shown(source)}`);
}
export const BYTES = kind(
  'bytes (an ArrayBuffer or a view of one)',
  (value) => ArrayBuffer.isView(value) || isBuffer(value),
);

/** What `Object.prototype.toString` says of our objects begins with this. It is how one tells an object of another copy of tswasm. */
const TAG = 'tswasm.';

/** A class, whose constructor may be private. */
interface Class<T> {
  readonly prototype: T;
  [Symbol.hasInstance](value: unknown): boolean;
}

/** Throws unless the value is of the class. `what` names it: `the store`; `name` is the class's. */
export function checkClass<T>(
  what: string,
  value: unknown,
  type: Class<T>,
  name: string,
): asserts value is T {
  if (!(value instanceof type)) throw notOf(what, value, name);
}

/** Throws unless it is an array of objects of the class. */
export function checkClasses<T>(
  what: string,
  values: unknown,
  type: Class<T>,
  name: string,
): asserts values is readonly T[] {
  if (!Array.isArray(values)) throw new TypeError(`${what}: expected an array, not ${shown(values)}`);
  for (const [k, value] of values.entries()) checkClass(`${what}, ${k}`, value, type, name);
}

/** The error for a value that is of none of these classes. */
export function notOf(what: string, value: unknown, ...names: readonly string[]): TypeError {
  const other = names.find((name) => tagOf(value) === TAG + name);
  if (other !== undefined) {
    return new TypeError(
      `${what}: this ${other} is of another copy of tswasm. Two copies are loaded: as ES module and CommonJS, or two versions`,
    );
  }
  const [last] = names.slice(-1);
  const expected = names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${last}` : last;
  return new TypeError(`${what}: expected a ${expected}, not ${shown(value)}`);
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** The checks of all options that something has. */
export type OptionChecks<T> = { readonly [K in keyof Required<T>]: Check };

/**
 * The options, each read once; those that are left out or undefined are not in it. Throws for one that is not known, that has another kind
 * or that makes no sense. `what` names their owner: `run`.
 */
export function readOptions<T extends object>(
  what: string,
  options: T | undefined,
  known: OptionChecks<T>,
): T {
  if (options === undefined) return {} as T;
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${what}: expected an object of options, not ${shown(options)}`);
  }
  const read: Record<string, unknown> = {};
  for (const name of Object.keys(options)) {
    const wanted = Object.hasOwn(known, name) ? (known as Readonly<Record<string, Check>>)[name] : undefined;
    if (wanted === undefined) {
      throw new TypeError(
        `${what}: unknown option ${quoted(name)}; there are ${Object.keys(known).join(', ')}`,
      );
    }
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    check(`${what}: option ${quoted(name)}`, value, wanted);
    read[name] = value;
  }
  return read as T;
}

/** A value in a message, in a few words; nothing of it is called. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return `${value}`;
    case 'string':
      return `the string ${quoted(value.slice(0, 40))}`;
    case 'bigint':
      return 'a BigInt';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      return value === null ? 'null' : shownObject(value);
  }
}

/** Objects of ours by their class, those of the JS API by their interface. */
function shownObject(value: unknown): string {
  const [home, name] = tagOf(value).split('.');
  return name === undefined ? 'an object' : `a ${home === 'tswasm' ? '' : `${home}.`}${name}`;
}

const quoted = (text: string): string => JSON.stringify(text);
