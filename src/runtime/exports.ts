/** Exports by name, and what TypeScript may know of them: `Instance<{ add(a: number, b: number): number; memory: Memory }>`. */
import type { ExternKind, Module } from '../decoder';
import { printable } from '../errors';

/** Any function of JavaScript. */
export type JsFunction = (...args: never[]) => unknown;
/** What TypeScript knows of an exported function when nobody has said more. */
export type UntypedFunction = (...args: unknown[]) => unknown;
/** The exports of an instance, when nobody has said more. */
export type UntypedExports = Record<string, unknown>;

/** The names in `E` whose exports are a `T`; any name when `E` says nothing. */
export type NamesOf<E extends object, T> = string extends keyof E
  ? string
  : { [K in keyof E & string]: E[K] extends T ? K : never }[keyof E & string];

/** The function that `E` has by this name. */
export type FunctionIn<E extends object, K> = K extends keyof E
  ? E[K] extends JsFunction
    ? E[K]
    : UntypedFunction
  : UntypedFunction;

const NOUNS: Record<ExternKind, string> = {
  func: 'function',
  table: 'table',
  memory: 'memory',
  global: 'global',
  tag: 'tag',
};

/** As many names as a message lists. */
const MAX_LISTED = 20;

/** There is no such export: says which there are. */
export function noExport({ exports }: Module, name: unknown, wanted: ExternKind): TypeError {
  if (typeof name !== 'string') return new TypeError('expected the name of an export, a string');
  const noun = NOUNS[wanted];
  const other = exports.find((entry) => entry.name === name);
  const problem =
    other === undefined
      ? `no ${noun} is exported as ${quoted(name)}`
      : `the export ${quoted(name)} is a ${NOUNS[other.kind]}, not a ${noun}`;
  const names = exports.filter(({ kind }) => kind === wanted).map((entry) => quoted(entry.name));
  const listed = names.slice(0, MAX_LISTED).join(', ');
  const rest = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  const there = names.length === 0 ? `the module exports no ${noun}` : `there are ${listed}${rest}`;
  return new TypeError(`${problem}; ${there}`);
}

const quoted = (name: string): string => `"${printable(name)}"`;
