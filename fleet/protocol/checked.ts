/**
 * Documents from outside, read field by field: each reader takes a value and the place it stands at, and gives the typed value or throws a
 * `bad-request` that names the place. What no reader asks for is left out, so nothing unknown gets in.
 */
import { FleetError } from './errors';

export type Reader<T> = (value: unknown, place: string) => T;

/** Bytes of a JSON document: a deployment of a thousand modules takes less than half of it. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
/** Entries of a list in a document, by the same measure. */
const MAX_ITEMS = 10_000;

export function wrong(place: string, expected: string, value: unknown): never {
  const shown = JSON.stringify(value) ?? String(value);
  const short = shown.length > 80 ? `${shown.slice(0, 77)}...` : shown;
  throw new FleetError('bad-request', `${place}: expected ${expected}, not ${short}`);
}

export const text =
  (max = 1024): Reader<string> =>
  (value, place) =>
    typeof value === 'string' && value.length <= max
      ? value
      : wrong(place, `a text of at most ${max} characters`, value);

/** What may stand in a path, a topic and a file name: no slash, no dot at the start, nothing to escape. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
export const name: Reader<string> = (value, place) =>
  typeof value === 'string' && NAME.test(value)
    ? value
    : wrong(
        place,
        'a name of letters, digits, "_", "-" and "." (at most 100, not beginning with "." or "-")',
        value,
      );

const DIGEST = /^[0-9a-f]{64}$/;
export const digest: Reader<string> = (value, place) =>
  typeof value === 'string' && DIGEST.test(value) ? value : wrong(place, 'a SHA-256 in hex', value);

export const flag: Reader<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : wrong(place, 'true or false', value);

export const number =
  (min: number, max: number): Reader<number> =>
  (value, place) =>
    typeof value === 'number' && value >= min && value <= max
      ? value
      : wrong(place, `a number from ${min} to ${max}`, value);

export const integer =
  (min = 0, max = Number.MAX_SAFE_INTEGER): Reader<number> =>
  (value, place) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : wrong(place, `an integer from ${min} to ${max}`, value);

export const oneOf =
  <T extends string>(...choices: readonly T[]): Reader<T> =>
  (value, place) =>
    choices.includes(value as T) ? (value as T) : wrong(place, `one of ${choices.join(', ')}`, value);

export const list =
  <T>(item: Reader<T>, max = MAX_ITEMS): Reader<readonly T[]> =>
  (value, place) => {
    if (!Array.isArray(value) || value.length > max) return wrong(place, `a list of at most ${max}`, value);
    return value.map((one, k) => item(one, `${place}[${k}]`));
  };

/** A field that need not be there; null counts as not there. */
export const optional =
  <T>(reader: Reader<T>): Reader<T | undefined> =>
  (value, place) =>
    value === undefined || value === null ? undefined : reader(value, place);

export const withDefault =
  <T>(reader: Reader<T>, fallback: T): Reader<T> =>
  (value, place) =>
    value === undefined || value === null ? fallback : reader(value, place);

export const record =
  <T>(item: Reader<T>): Reader<Readonly<Record<string, T>>> =>
  (value, place) => {
    const entries = Object.entries(plain(value, place));
    if (entries.length > MAX_ITEMS) wrong(place, `at most ${MAX_ITEMS} entries`, entries.length);
    return Object.fromEntries(entries.map(([key, one]) => [key, item(one, `${place}.${key}`)]));
  };

type Shape = Readonly<Record<string, Reader<unknown>>>;
type Maybe<S extends Shape> = { [K in keyof S]: undefined extends ReturnType<S[K]> ? K : never }[keyof S];
/** The document that a shape reads: what may be missing is an optional field. */
export type Shaped<S extends Shape> = { readonly [K in Exclude<keyof S, Maybe<S>>]: ReturnType<S[K]> } & {
  readonly [K in Maybe<S>]?: ReturnType<S[K]>;
};

export const shape =
  <S extends Shape>(fields: S): Reader<Shaped<S>> =>
  (value, place) => {
    const object = plain(value, place);
    const result: Record<string, unknown> = {};
    for (const [key, reader] of Object.entries(fields)) {
      const read = reader(Object.hasOwn(object, key) ? object[key] : undefined, `${place}.${key}`);
      if (read !== undefined) result[key] = read;
    }
    return result as Shaped<S>;
  };

function plain(value: unknown, place: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : wrong(place, 'an object', value);
}

/** A document from its text. */
export function readJson<T>(source: string, reader: Reader<T>, place: string): T {
  if (source.length > MAX_DOCUMENT_BYTES)
    throw new FleetError('too-large', `${place}: a document has at most ${MAX_DOCUMENT_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    throw new FleetError('bad-request', `${place}: not JSON`);
  }
  return reader(value, place);
}
