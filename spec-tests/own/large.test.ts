/**
 * Modules that are large in one direction each: a compiler that walks an expression or nested blocks by recursion runs out of the
 * host's stack here. Both engines must give the same.
 */
import { describe, expect, it } from 'vitest';
import { code, functype, moduleBytes, name, s32, section, type TypeName, u32, vec } from '../binary';
import type { Engine } from '../engine';
import { nativeEngine } from '../engines/native';
import { tswasmEngine } from '../engines/tswasm';

const GET0 = [0x20, 0];
const ADD = [0x6a];
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const IF = [0x04, 0x40];
const END = 0x0b;
const repeat = (n: number, ...bytes: number[]): number[] => Array.from({ length: n }, () => bytes).flat();

/** One function (i32) -> i32, exported as f. */
function single(body: readonly number[], locals: readonly TypeName[] = []): Uint8Array {
  return moduleBytes([
    section(1, vec([functype(['i32'], ['i32'])])),
    section(3, vec([[0]])),
    section(7, vec([[...name('f'), 0, 0]])),
    section(10, vec([code(locals, body)])),
  ]);
}

async function run(engine: Engine, bytes: Uint8Array, argument: number): Promise<number> {
  const session = await engine.open('own/large');
  const exports = await session.instantiate(await session.compile(bytes), new Map());
  const [result] = await session.invoke(
    exports.get('f')!,
    [{ type: 'i32', bits: BigInt(argument) }],
    ['i32'],
  );
  return result.type === 'i32' ? Number(BigInt.asIntN(32, result.bits)) : Number.NaN;
}

const incrementLocal = [...GET0, 0x41, 1, ...ADD, 0x21, 0];
/** A chain of functions, each calling the next. */
function chain(count: number): Uint8Array {
  const bodies = Array.from({ length: count }, (_, i) =>
    code([], i + 1 < count ? [...GET0, 0x41, 1, ...ADD, 0x10, ...u32(i + 1)] : GET0),
  );
  return moduleBytes([
    section(1, vec([functype(['i32'], ['i32'])])),
    section(3, vec(bodies.map(() => [0]))),
    section(7, vec([[...name('f'), 0, 0]])),
    section(10, vec(bodies)),
  ]);
}

const cases: [what: string, bytes: () => Uint8Array, argument: number, result: number][] = [
  [
    'an operand stack of 20,000',
    () => single([...repeat(20_001, ...GET0), ...repeat(20_000, ...ADD)]),
    3,
    60_003,
  ],
  ['a sum of 50,000 terms', () => single([...GET0, ...repeat(50_000, ...GET0, ...ADD)]), 2, 100_002],
  [
    'an i64 chain of 20,000',
    () => single([...GET0, 0xac, ...repeat(20_000, 0x42, 3, 0x7c), 0xa7]),
    1,
    60_001,
  ],
  ['50,000 loads', () => withMemory([...GET0, ...repeat(50_000, 0x2d, 0, 0)]), 5, 0],
  [
    '5,000 nested blocks',
    () =>
      single([
        ...repeat(5000, ...BLOCK),
        ...GET0,
        0x0d,
        ...u32(4999),
        ...incrementLocal,
        ...repeat(5000, END),
        ...GET0,
      ]),
    0,
    1,
  ],
  [
    '2,000 nested loops',
    () => single([...repeat(2000, ...LOOP), ...incrementLocal, ...repeat(2000, END), ...GET0]),
    1,
    2,
  ],
  [
    '2,000 nested ifs',
    () => single([...repeat(2000, ...GET0, ...IF), ...incrementLocal, ...repeat(2000, END), ...GET0]),
    1,
    2,
  ],
  [
    '2,000 nested blocks with values',
    () => single([...repeat(2000, 0x02, 0x7f), ...GET0, ...repeat(2000, 0x41, 1, ...ADD, END)]),
    1,
    2001,
  ],
  [
    'a br_table of 60,000 targets',
    () =>
      single([
        ...[...BLOCK, ...BLOCK, ...GET0, 0x0e, ...vec(Array.from({ length: 60_000 }, (_, i) => [i & 1])), 1],
        ...[END, 0x41, 7, 0x0f, END, 0x41, 8],
      ]),
    59_998,
    7,
  ],
  [
    '49,000 locals',
    () =>
      single(
        [...GET0, 0x21, ...u32(49_000), 0x20, ...u32(49_000)],
        Array.from({ length: 49_000 }, () => 'i32'),
      ),
    9,
    9,
  ],
  ['60,000 statements', () => single([...repeat(60_000, ...incrementLocal), ...GET0]), 0, 60_000],
  ['a switch of 10,000 ifs', () => single(ladder(10_000)), 9_999, 19_998],
  ['a chain of 5,000 functions', () => chain(5000), 1, 5000],
  ['1,000 results', () => manyResults(1000), 1, 1000],
];

function withMemory(body: readonly number[]): Uint8Array {
  return moduleBytes([
    section(1, vec([functype(['i32'], ['i32'])])),
    section(3, vec([[0]])),
    section(5, vec([[0, 1]])),
    section(7, vec([[...name('f'), 0, 0]])),
    section(10, vec([code([], body)])),
  ]);
}

/** if (x == 0) return 0; if (x == 1) return 2; ... */
function ladder(count: number): number[] {
  const step = (i: number): number[] => [
    ...GET0,
    0x41,
    ...s32(i),
    0x46,
    ...IF,
    0x41,
    ...s32(2 * i),
    0x0f,
    END,
  ];
  return [...Array.from({ length: count }, (_, i) => step(i)).flat(), 0x41, ...s32(-1)];
}

function manyResults(count: number): Uint8Array {
  const many = Array.from({ length: count }, () => 'i32' as const);
  return moduleBytes([
    section(1, vec([functype(['i32'], ['i32']), functype(['i32'], many)])),
    section(3, vec([[0], [1]])),
    section(7, vec([[...name('f'), 0, 0]])),
    section(
      10,
      vec([code([], [...GET0, 0x10, 1, ...repeat(count - 1, ...ADD)]), code([], repeat(count, ...GET0))]),
    ),
  ]);
}

describe.each([tswasmEngine, nativeEngine])('$name', (engine) => {
  it.each(cases)('%s', async (_what, bytes, argument, result) => {
    expect(await run(engine, bytes(), argument)).toBe(result);
  });
});
