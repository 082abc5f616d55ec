/**
 * All limits on the static structure of a module: name, value, why. Unless noted they are the JS API's "Implementation-defined
 * Limits", so that a module accepted here is accepted by a browser and the other way round.
 */
import { invalid } from '../errors';

export const LIMITS = {
  /** Bytes of a module. */
  moduleSize: 1_073_741_824,
  types: 1_000_000,
  /** Canonical ids of types that references name: those for which a reference type fits into an int32. Ours. */
  typeIds: 2 ** 22 - 128,
  /** Supertypes above a type. */
  subtypingDepth: 63,
  /** Functions a module defines; imported ones count as imports. */
  functions: 1_000_000,
  imports: 1_000_000,
  exports: 1_000_000,
  globals: 1_000_000,
  tags: 1_000_000,
  dataSegments: 100_000,
  /** Not in the text of the JS API, but in its tests (`test/js-api/limits.any.js`). */
  elementSegments: 10_000_000,
  /** Declared and imported. */
  tables: 100_000,
  /** Elements of one segment. A larger table is an error of instantiation, not of the module. */
  tableInit: 10_000_000,
  /** Declared and imported. */
  memories: 100,
  /** Parameters of a function or block. */
  params: 1_000,
  /** Results of a function or block. */
  results: 1_000,
  /** Bytes of a function body, local declarations included. */
  functionSize: 7_654_321,
  /** Parameters included. */
  locals: 50_000,
  /** Groups of locals as declared, which may be empty. Ours: they are read in one go. */
  localDeclarations: 100_000,
  /** On the operand stack at once. Ours: calls of many results in a row would otherwise take any amount of memory. */
  operandStack: 1_000_000,
  /** Of one `br_table`: V8's. An instruction is validated and lowered in one go, which takes some 10 ms for these. */
  branchTargets: 65_520,
  /** Of one `try_table`: each says what it takes, and all are checked in one go. Ours. */
  catchClauses: 10_000,
  /** Bytes of a constant expression. Ours: it is validated and evaluated in one go. */
  constantSize: 1_000_000,
} as const;

/**
 * Bounds of a memory's limits by address type and page size: the core specification's (2^48 pages for i64 where the JS API says
 * 2^37 - 1: what can be declared, since what can be allocated is the store's matter). Every 64-bit value is below 2^64.
 */
export const MEMORY_RANGE = {
  i32: { 16: 2 ** 16, 0: 2 ** 32 - 1 },
  i64: { 16: 2 ** 48, 0: 2 ** 64 },
} as const;

/** Bounds of a table's limits by address type. */
export const TABLE_RANGE = { i32: 2 ** 32 - 1, i64: 2 ** 64 } as const;

/** Those whose name does not say it. */
const WHAT: Partial<Record<keyof typeof LIMITS, string>> = {
  moduleSize: 'module size',
  subtypingDepth: 'depth of subtyping',
  typeIds: 'number of types that the process has decoded',
  tableInit: 'number of elements in a segment',
  params: 'number of parameters',
  functionSize: 'function size',
  branchTargets: 'number of labels in a br_table',
  catchClauses: 'number of catch clauses',
  constantSize: 'constant expression size',
  locals: 'too many locals: number of locals',
  localDeclarations: 'number of local declarations',
  operandStack: 'number of operands',
};

/** Throws when `value` is above the limit. */
export function checkLimit(limit: keyof typeof LIMITS, value: number, offset: number): void {
  if (value <= LIMITS[limit]) return;
  const what = WHAT[limit] ?? `number of ${limit.replace('S', ' s')}`;
  throw invalid(`${what} ${value} exceeds the implementation limit ${LIMITS[limit]}`, offset);
}
