/** Programs that never end: what an execution can be stopped in. Bulk operations work on as much as a page of the web would dare to have. */
import wabt from 'wabt';

export interface Endless {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Runs in the start function; otherwise in the export `run`. */
  readonly start?: boolean;
  /** Under `runAsync`, stopped by a signal that a timer of the host aborts, instead of a deadline. */
  readonly signal?: boolean;
}

/** 512 MiB of memory, 4 Mi elements of a table. */
const PAGES = 8192;
const ELEMENTS = 2 ** 22;
/** What segments hold. */
const DATA_BYTES = 2 ** 27;

const body = (op: string): string =>
  `(module (memory ${PAGES}) (table $t ${ELEMENTS} funcref) (table $u ${ELEMENTS} funcref)
    (func $f) (elem declare func $f)
    (func (export "run") (loop $again ${op} (br $again))))`;

/** Some 1200 instructions without a loop or a call. */
const LONG_BODY = Array.from(
  { length: 150 },
  (
    _,
    k,
  ) => `(i64.store (i32.const ${8 * k}) (i64.add (i64.mul (i64.load (i32.const ${8 * (149 - k)})) (i64.const ${k + 3}))
    (i64.const 1)))`,
).join('\n');

const TEXTS: readonly (readonly [name: string, text: string])[] = [
  ['a loop without a body', '(module (func (export "run") (loop $again (br $again))))'],
  [
    'a loop over 1,200 instructions',
    `(module (memory 1) (func (export "run") (loop $again ${LONG_BODY} (br $again))))`,
  ],
  [
    'recursion, as deep as it goes and back',
    `(module (func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "run") (loop $again (call $down (i32.const 100000)) (br $again))))`,
  ],
  ['start', '(module (func $start (loop $again (br $again))) (start $start))'],
  ['memory.fill, 512 MiB', body(`(memory.fill (i32.const 0) (i32.const 7) (i32.const ${PAGES * 65536}))`)],
  [
    'memory.copy, 511 MiB, overlapping',
    body(`(memory.copy (i32.const 65536) (i32.const 0) (i32.const ${(PAGES - 16) * 65536}))`),
  ],
  ['table.fill, 4 Mi elements', body(`(table.fill $t (i32.const 0) (ref.func $f) (i32.const ${ELEMENTS}))`)],
  [
    'table.copy, 4 Mi elements, overlapping',
    body(`(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const ${ELEMENTS - 1}))`),
  ],
  [
    'table.copy, 4 Mi elements, two tables',
    body(`(table.copy $t $u (i32.const 0) (i32.const 0) (i32.const ${ELEMENTS}))`),
  ],
];

// Segments are too large to be text.

function leb(n: number): number[] {
  return n > 127 ? [(n & 127) | 128, ...leb(n >>> 7)] : [n];
}
function section(id: number, ...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return join([[id, ...leb(length)], ...parts]);
}
function join(parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `run` is a loop around one init of `count` from segment 0. */
function initModule(
  op: number,
  count: number,
  middle: readonly Uint8Array[],
  segment: Uint8Array,
): Uint8Array {
  // loop; i32.const 0; i32.const 0; i32.const count; op 0 0; br 0; end; end
  const code = [0, 0x03, 0x40, 0x41, 0, 0x41, 0, 0x41, ...signed(count), 0xfc, op, 0, 0, 0x0c, 0, 0x0b, 0x0b];
  const codes = section(10, [1, ...leb(code.length), ...code]);
  const run = section(7, [1, 3, ...new TextEncoder().encode('run'), 0, 0]);
  const head = join([[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], section(1, [1, 0x60, 0, 0]), section(3, [1, 0])]);
  return op === 8
    ? join([head, ...middle, run, section(12, [1]), codes, segment])
    : join([head, ...middle, run, segment, codes]);
}
function signed(n: number): number[] {
  return n > 63 ? [(n & 127) | 128, ...signed(n >>> 7)] : [n];
}

function memoryInit(): Uint8Array {
  const memory = section(5, [1, 0, ...leb(PAGES)]);
  const data = section(11, [1, 1, ...leb(DATA_BYTES)], new Uint8Array(DATA_BYTES));
  return initModule(8, DATA_BYTES, [memory], data);
}
/** The elements as function indices, or each as an expression. */
function tableInit(asExpressions: boolean): Uint8Array {
  const table = section(4, [1, 0x70, 0, ...leb(ELEMENTS)]);
  const head = asExpressions ? [1, 5, 0x70, ...leb(ELEMENTS)] : [1, 1, 0, ...leb(ELEMENTS)];
  const element = [0xd2, 0, 0x0b]; // ref.func 0; end
  const elements = new Uint8Array(asExpressions ? ELEMENTS * 3 : ELEMENTS);
  if (asExpressions) for (let k = 0; k < elements.length; k++) elements[k] = element[k % 3];
  return initModule(12, ELEMENTS, [table], section(9, head, elements));
}

export async function endlessPrograms(): Promise<Endless[]> {
  const parser = await wabt();
  const texts = TEXTS.map(([name, text]) => {
    const parsed = parser.parseWat(`${name}.wat`, text, { bulk_memory: true, reference_types: true });
    return { name, bytes: parsed.toBinary({}).buffer, start: name === 'start' };
  });
  return [
    ...texts,
    { ...texts[0], name: 'a loop without a body, by a signal', signal: true },
    { name: 'memory.init, 128 MiB', bytes: memoryInit() },
    { name: 'table.init, 4 Mi functions', bytes: tableInit(false) },
    { name: 'table.init, 4 Mi expressions', bytes: tableInit(true) },
  ];
}
