/**
 * For tests and benches: modules that are hard in another way than by a tall stack (testing.ts). Sections are long, types refer to each
 * other, constants nest; `size` says how much of it there is.
 */
import { LIMITS } from '../decoder';
import { leb, moduleOf, section } from '../decoder/testing';
import type { Hostile } from './testing';

type Code = readonly number[];

const I32 = 0x7f;
const FUNCREF = 0x70;
const END = 0x0b;
const VOID = 0x40;

function repeated(code: Code, count: number): number[] {
  const all: number[] = [];
  for (let k = 0; k < count; k++) for (const byte of code) all.push(byte);
  return all;
}
function many(count: number, entry: (k: number) => Code): number[] {
  const all = leb(count);
  for (let k = 0; k < count; k++) for (const byte of entry(k)) all.push(byte);
  return all;
}
function concat(...parts: readonly Code[]): number[] {
  const all: number[] = [];
  for (const part of parts) for (const byte of part) all.push(byte);
  return all;
}
function text(value: string): number[] {
  return [...leb(value.length), ...Array.from(value, (char) => char.charCodeAt(0))];
}

/** Function types: 0 is [i32] -> [], 1 is [] -> []. */
const TYPES: readonly Code[] = [
  [0x60, 1, I32, 0],
  [0x60, 0, 0],
];

interface Parts {
  readonly types?: readonly Code[];
  /** Sections by name, as entries with their count. */
  readonly imports?: Code;
  readonly tables?: Code;
  readonly tags?: Code;
  readonly globals?: Code;
  readonly exports?: readonly Code[];
  readonly elements?: Code;
  readonly data?: Code;
  /** Code of `run`, and of the functions behind it, of type [] -> []. */
  readonly body?: Code;
  readonly functions?: readonly Code[];
}

function entry(body: Code): number[] {
  return concat(leb(body.length + 2), [0], body, [END]);
}

function moduleWith(parts: Parts): Uint8Array {
  const { types = [], functions = [], exports = [], body = [] } = parts;
  const all = [...TYPES, ...types];
  const sections = [
    section('type', leb(all.length), concat(...all)),
    ...(parts.imports ? [section('import', parts.imports)] : []),
    section('function', leb(1 + functions.length), [0], repeated([1], functions.length)),
    section('table', parts.tables ?? [1, FUNCREF, 0, 10]),
    section('memory', 1, 0, 1),
    ...(parts.tags ? [section('tag', parts.tags)] : []),
    ...(parts.globals ? [section('global', parts.globals)] : []),
    section('export', leb(1 + exports.length), [...text('run'), 0, 0], concat(...exports)),
    ...(parts.elements ? [section('element', parts.elements)] : []),
    section('code', leb(1 + functions.length), entry(body), concat(...functions.map(entry))),
    ...(parts.data ? [section('data', parts.data)] : []),
  ];
  return moduleOf(concat(...sections));
}

/** Nothing but constants: as long as a quiet function may be. */
const LONGEST_QUIET = repeated([0x41, 1, 0x1a], 49);
const CATCH_ALL = [2, 0];
/** An index as a heap type: a signed LEB128. */
function heap(index: number): number[] {
  const bytes: number[] = [];
  for (let rest = index; ; rest >>= 7) {
    if (rest < 0x40) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** A recursive group of functions, each of which takes the next one. */
const ring = (count: number, base: number): number[] =>
  concat(
    [0x4e],
    many(count, (k) => concat([0x60, 1, 0x63], heap(base + ((k + 1) % count)), [0])),
  );

const SHAPES: Readonly<Record<string, (size: number) => Parts>> = {
  'calls of quiet functions': (size) => ({ body: repeated([0x10, 1], size), functions: [LONGEST_QUIET] }),
  'calls of functions that call quiet ones': (size) => ({
    body: repeated([0x10, 1], size),
    functions: [repeated([0x10, 2], 200), LONGEST_QUIET],
  }),
  'calls through a table': (size) => ({
    body: repeated([0x41, 0, 0x11, 1, 0], size),
    elements: [1, 0, 0x41, 0, END, 1, 1],
    functions: [LONGEST_QUIET],
  }),
  'short fills': (size) => ({
    body: repeated([0x41, 0, 0x41, 0, 0x41, 0x80, 0x80, 4, 0xfc, 11, 0], size),
  }),
  'short fills in quiet functions': (size) => ({
    body: repeated([0x10, 1], size),
    functions: [repeated([0x41, 0, 0x41, 0, 0x41, 0x80, 0x80, 4, 0xfc, 11, 0], 20)],
  }),
  vectors: (size) => ({
    body: repeated([...repeated([0xfd, 12, ...repeated([1], 16)], 2), 0xfd, 110, 0x1a], size),
  }),
  shuffles: (size) => ({
    body: concat(
      [0xfd, 12],
      repeated([1], 16),
      repeated([0xfd, 12, ...repeated([1], 16), 0xfd, 13, ...repeated([17, 3], 8)], size),
      [0x1a],
    ),
  }),
  'catch clauses': (size) => ({
    tags: [1, 0, 1],
    body: concat(
      [0x02, VOID],
      repeated(
        concat(
          [0x1f, VOID],
          many(200, () => CATCH_ALL),
          [END],
        ),
        size,
      ),
      [END],
    ),
  }),
  'try_tables inside each other': (size) => ({
    body: concat([0x02, VOID], repeated([0x1f, VOID, 1, ...CATCH_ALL], size), repeated([END], size), [END]),
  }),
  tags: (size) => ({ tags: many(Math.min(size, LIMITS.tags), () => [0, 1]) }),
  br_on_null: (size) => ({
    body: concat([0x02, VOID], repeated([0xd2, 0, 0xd5, 0, 0x1a], size), [END]),
    elements: [1, 3, 0, 1, 0],
  }),
  'one recursive group': (size) => ({ types: [ring(size, TYPES.length)] }),
  'recursive groups': (size) => ({
    types: Array.from({ length: size }, (_, k) => ring(4, TYPES.length + 4 * k)),
  }),
  'recursive groups, each of another size': (size) => {
    const groups: number[][] = [];
    for (let base = 0, k = 1; base < size; base += k++) groups.push(ring(k, TYPES.length + base));
    return { types: groups };
  },
  'types that contain those before them': (size) => ({
    types: Array.from({ length: size }, (_, k) =>
      concat([0x60, 2, 0x63], heap(k + 1), [0x63], heap(k + 1), [0]),
    ),
  }),
  subtypes: (size) => ({
    types: Array.from({ length: size }, (_, k) =>
      concat([0x50], k % 60 === 0 ? [0] : [1, ...leb(TYPES.length + k - 1)], [0x60, 0, 0]),
    ),
  }),
  'types all alike': (size) => ({ types: Array.from({ length: size }, () => [0x60, 0, 0]) }),
  exports: (size) => ({ exports: Array.from({ length: size }, (_, k) => [...text(`${k}`), 0, ...leb(0)]) }),
  'long names': (size) => ({
    exports: Array.from({ length: size >> 3 }, (_, k) => [...text(`${'x'.repeat(500)}${k}`), 0, ...leb(0)]),
  }),
  globals: (size) => ({
    globals: many(size, (k) => (k === 0 ? [I32, 0, 0x41, 0, END] : [I32, 0, 0x23, ...leb(k - 1), END])),
  }),
  'a long constant': (size) => ({
    globals: concat([1, I32, 0, 0x41, 1], repeated([0x41, 1, 0x6a], size), [END]),
  }),
  'a tall constant': (size) => ({
    globals: concat([1, I32, 0], repeated([0x41, 1], size + 1), repeated([0x6a], size), [END]),
  }),
  'elements by index': (size) => ({
    elements: concat(
      [1, 1, 0],
      many(size, () => [0]),
    ),
  }),
  'elements by expression': (size) => ({
    elements: concat(
      [1, 5, FUNCREF],
      many(size, () => [0xd2, 0, END]),
    ),
  }),
  'element segments': (size) => ({ elements: many(size, () => [0, 0x41, 0, END, 1, 0]) }),
  'data segments': (size) => ({
    data: many(Math.min(size, LIMITS.dataSegments), (k) => [0, 0x41, ...leb(k & 63), END, 1, 7]),
  }),
  tables: (size) => ({ tables: many(Math.min(size, LIMITS.tables), () => [FUNCREF, 0, 100]) }),
  functions: (size) => ({ functions: Array.from({ length: size }, () => []) }),
};

export const HOSTILE_MODULES: readonly Hostile[] = Object.entries(SHAPES).map(([name, shape]) => ({
  name: `wide: ${name}`,
  module: (size) => moduleWith(shape(size)),
}));
