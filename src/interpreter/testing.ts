/**
 * For tests and benches: modules that are small and hard on whoever lowers or validates them. Each shape is a list of statements over a
 * tall stack, many results or many locals; `size` says how tall and how often.
 */
import { LIMITS } from '../decoder';
import { leb, moduleOf, section } from '../decoder/testing';

type Code = readonly number[];

const I32 = 0x7f;
const GET = [0x20, 0];
const END = 0x0b;
const VOID = 0x40;
/** Function indices. */
const NOTHING = 0;
const MANY = 1;
const SINK = 2;
const MAIN = 3;

/** Type indices: [] -> [], [i32] -> [], [] -> many, many -> [], many -> many, [i32] -> [i32]. */
const TYPES = { nothing: 0, main: 1, many: 2, sink: 3, pass: 4, one: 5 };

export interface Hostile {
  readonly name: string;
  /** The module exports `run` of type [i32] -> []; a call with 0 returns, traps or is exhausted. */
  readonly module: (size: number) => Uint8Array;
}

function repeated(code: Code, count: number): number[] {
  const all: number[] = [];
  for (let k = 0; k < count; k++) for (const byte of code) all.push(byte);
  return all;
}

/** A vector of many bytes: `Array.prototype.flat` and spread have limits of their own. */
function concat(...parts: readonly (readonly number[])[]): number[] {
  const all: number[] = [];
  for (const part of parts) for (const byte of part) all.push(byte);
  return all;
}

interface Shape {
  readonly body: Code;
  /** Groups of locals behind the parameter. */
  readonly locals?: Code;
  /** How many values the `many` types have. */
  readonly results?: number;
  /** How many functions with this body `run` calls. */
  readonly functions?: number;
}

function moduleFor({ body, locals = [0], results = 1, functions = 1 }: Shape): Uint8Array {
  const many = concat(leb(results), repeated([I32], results));
  const code = concat(locals, body, [END]);
  const entry = concat(leb(code.length), code);
  const zeros = concat([0], repeated([0x41, 0], results), [END]);
  const drops = [0, END];
  const calls: number[] = [];
  for (let k = 0; k < functions; k++) calls.push(0x20, 0, 0x10, ...leb(MAIN + 1 + k));
  const run = concat([0], calls, [END]);
  const entries = [[2, 0, END], concat(leb(zeros.length), zeros), [...leb(drops.length), ...drops]];
  entries.push(concat(leb(run.length), run));
  const types = [[0x60, 0, 0], [0x60, 1, I32, 0], concat([0x60, 0], many), concat([0x60], many, [0])];
  types.push(concat([0x60], many, many), [0x60, 1, I32, 1, I32]);
  const parts = [
    section('type', leb(types.length), concat(...types)),
    section(
      'function',
      leb(MAIN + 1 + functions),
      [TYPES.nothing, TYPES.many, TYPES.sink, TYPES.main],
      repeated([TYPES.main], functions),
    ),
    section('table', 1, 0x70, 0, 10),
    section('memory', 1, 0, 1),
    section('global', 2, I32, 1, 0x41, 0, END, 0x70, 1, 0xd0, 0x70, END),
    section('export', 1, 3, 0x72, 0x75, 0x6e, 0, MAIN),
    section('element', 1, 3, 0, 1, NOTHING),
    section('code', leb(entries.length + functions), concat(...entries), repeated(entry, functions)),
  ];
  return moduleOf(concat(...parts));
}

/** Operands that nothing has forced, by what forcing looks for. */
const OPERANDS: Readonly<Record<string, Code>> = {
  constants: [0x41, 1],
  locals: GET,
  globals: [0x23, 0],
  loads: [...GET, 0x28, 2, 0],
  divisions: [...GET, 0x41, 1, 0x6d],
};

/** Statements that leave the stack as it is. */
const STATEMENTS: Readonly<Record<string, Code>> = {
  'local.set': [0x41, 1, 0x21, 0],
  'local.set of a trap': [...GET, 0x41, 1, 0x6d, 0x21, 0],
  'local.tee': [0x41, 1, 0x22, 0, 0x1a],
  block: [0x02, VOID, END],
  loop: [0x03, VOID, END],
  'loop that turns': [0x03, VOID, ...GET, 0x0d, 0, END],
  if: [...GET, 0x04, VOID, END],
  'if else': [...GET, 0x04, VOID, 0x01, 0x05, 0x01, END],
  'if return': [...GET, 0x04, VOID, 0x0f, END],
  store: [...GET, ...GET, 0x36, 2, 0],
  call: [0x10, NOTHING],
  call_indirect: [0x41, 0, 0x11, TYPES.nothing, 0],
  br_if: [0x02, VOID, ...GET, 0x0d, 0, END],
  'br_if to the function': [...GET, 0x0d, 0],
  br_table: [0x02, VOID, ...GET, 0x0e, 2, 0, 0, 0, END],
  'memory.fill': [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0],
  'memory.copy': [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 0],
  'table.fill': [0x41, 0, 0xd0, 0x70, 0x41, 0, 0xfc, 17, 0],
  select: [...GET, ...GET, ...GET, 0x1b, 0x1a],
  'select of traps': [...GET, 0x28, 2, 0, ...GET, ...GET, 0x1b, 0x1a],
  'select of references': [0xd0, 0x70, 0xd0, 0x70, ...GET, 0x1c, 1, 0x70, 0x1a],
  'global.set': [...GET, 0x24, 0],
  'global.set of a reference': [0xd0, 0x70, 0x24, 1],
  'drop of a trap': [...GET, 0x28, 2, 0, 0x1a],
  'memory.grow': [0x41, 0, 0x40, 0, 0x1a],
  'memory.size': [0x3f, 0, 0x1a],
  'table.get': [0x41, 0, 0x25, 0, 0x1a],
  'ref.is_null': [0xd0, 0x70, 0xd1, 0x1a],
  'ref.func': [0xd2, NOTHING, 0x1a],
  'return_call in a block': [...GET, 0x04, VOID, 0x12, NOTHING, END],
};

function tall(operand: Code, statement: Code): Hostile['module'] {
  return (size) =>
    moduleFor({ body: concat(repeated(operand, size), repeated(statement, size), repeated([0x1a], size)) });
}

/** Labels of so many branches, in tables as long as the decoder takes. */
function tables(labels: number, table: (labels: Code) => Code): number[] {
  const length = Math.min(labels, LIMITS.branchTargets) & ~1;
  const code = table(concat(leb(length), repeated([1, 0], length >> 1), [1]));
  return repeated(code, Math.ceil(labels / length));
}

const RESULTS = 1000;
/** Each of these has 1,000 results or parameters. */
const WIDE: Readonly<Record<string, (size: number) => Code>> = {
  br_if: (size) =>
    concat([0x02, TYPES.many, 0x41, 7, 0x10, MANY], repeated([...GET, 0x0d, 0], size), [
      0x10,
      SINK,
      0x1a,
      0x10,
      MANY,
      END,
      0x10,
      SINK,
    ]),
  'br_if to a loop': (size) =>
    concat(
      [0x41, 5, 0x10, MANY, 0x03, TYPES.sink, 0x10, SINK, 0x41, 7, 0x10, MANY],
      repeated([...GET, 0x0d, 0], size),
      [0x10, SINK, 0x1a, END, 0x1a],
    ),
  blocks: (size) => concat([0x10, MANY], repeated([0x02, TYPES.pass, END], size), [0x10, SINK]),
  loops: (size) =>
    concat([0x10, MANY], repeated([0x03, TYPES.pass, ...GET, 0x0d, 0, END], size), [0x10, SINK]),
  ifs: (size) => concat([0x10, MANY], repeated([...GET, 0x04, TYPES.pass, 0x05, END], size), [0x10, SINK]),
  calls: (size) => repeated([0x10, MANY, 0x10, NOTHING, 0x10, SINK], size),
  'calls under each other': (size) =>
    concat(repeated([0x10, MANY, 0x10, NOTHING, 0x10, SINK, 0x41, 0], size), repeated([0x1a], size)),
  br_table: (size) =>
    tables(size, (labels) =>
      concat([0x02, TYPES.many, 0x02, TYPES.many, 0x41, 1, 0x10, MANY, ...GET, 0x0e], labels, [
        END,
        0x10,
        SINK,
        0x10,
        MANY,
        END,
        0x10,
        SINK,
      ]),
    ),
};

/** Beside the parameter. */
const MOST_LOCALS = LIMITS.locals - 2;

const DEEP: Readonly<Record<string, (size: number) => Shape>> = {
  blocks: (size) => ({ body: concat(repeated([0x02, VOID], size), repeated([END], size)) }),
  'loops inside out': (size) => ({
    body: concat(repeated([0x03, VOID], size), repeated([...GET, 0x0d, 0, END], size)),
  }),
  'if else': (size) => ({
    body: concat(repeated([...GET, 0x04, VOID, 0x05], size), repeated([END], size)),
  }),
  'long br_table': (size) => ({
    body: tables(8 * size, (labels) => concat([0x02, VOID, 0x03, VOID, ...GET, 0x0e], labels, [END, END])),
  }),
  'dead code': (size) => ({ body: concat([0x0f], repeated([0x02, VOID, 0x0f, END], size)) }),
  expressions: (size) => ({ body: concat(GET, repeated([0x45], size), [0x1a]) }),
  'many locals': (size) => ({
    body: [],
    locals: [1, ...leb(49_000), I32],
    functions: Math.max(1, size >> 3),
  }),
  'many locals of references': (size) => ({
    body: [],
    locals: [2, ...leb(40_000), 0x70, ...leb(9_000), I32],
    functions: Math.max(1, size >> 3),
  }),
  'many groups of locals': (size) => {
    const groups = Math.min(size, MOST_LOCALS) & ~1;
    return {
      body: repeated([...GET, 0x21, ...leb(groups - 1)], size),
      locals: concat(leb(groups), repeated([1, I32, 1, 0x7d], groups >> 1)),
    };
  },
};

export const HOSTILE: readonly Hostile[] = [
  ...Object.entries(OPERANDS).flatMap(([operands, operand]) =>
    Object.entries(STATEMENTS).map(([name, statement]) => ({
      name: `${name} over ${operands}`,
      module: tall(operand, statement),
    })),
  ),
  ...Object.entries(WIDE).map(([name, body]) => ({
    name: `${name} with ${RESULTS} values`,
    module: (size: number) => moduleFor({ body: body(size), results: RESULTS }),
  })),
  ...Object.entries(DEEP).map(([name, shape]) => ({
    name: `deep: ${name}`,
    module: (size: number) => moduleFor(shape(size)),
  })),
];

/** The largest module of a shape with fewer bytes than that, or nearly so: found by its growth, not by trying all. */
export function justBelow({ module }: Hostile, bytes: number): Uint8Array {
  let size = 1000;
  let best = module(size);
  const perSize = (module(2 * size).length - best.length) / size;
  for (let grown = size + Math.floor((bytes - best.length) / perSize); grown > size; ) {
    const larger = module(grown);
    if (larger.length < bytes) {
      if (larger.length > best.length) best = larger;
      size = grown;
      grown += Math.floor((bytes - larger.length) / perSize / 2);
    } else {
      grown -= Math.ceil((larger.length - bytes) / perSize) + 1;
    }
  }
  return best;
}
