/**
 * Straight-line code of many lengths around a recursive call in a loop. A back end that hands long chains of statements back to a
 * trampoline does so at some of these lengths, in every place of the function, while outer activations stand in the same loop.
 */
import { expect, it } from 'vitest';
import { code, functype, moduleBytes, name, s32, section, u32, vec } from '../binary';
import { Random } from '../differential/random';
import type { Engine } from '../engine';
import { engineNamed } from '../engines/index';
import { nativeEngine } from '../engines/native';

const I32_CONST = 0x41;
const ADD = 0x6a;
const SUB = 0x6b;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const N = 0;
const COUNTER = 1;
const SUM = 2;
const PAD = 3;

const get = (local: number): number[] => [LOCAL_GET, local];
const add = (local: number, by: readonly number[]): number[] => [...get(local), ...by, ADD, LOCAL_SET, local];
const pad = (length: number): number[] => Array.from({ length }, () => add(PAD, [I32_CONST, 1])).flat();

/** f(n): a loop of two rounds that calls f(n - 1), with so many statements before the loop, before and after the call. */
function recursive(index: number, [before, first, second]: readonly number[], indirect: boolean): number[] {
  const callee = indirect ? [I32_CONST, ...s32(index), 0x11, 0, 0] : [0x10, ...u32(index)];
  return [
    ...pad(before),
    ...[I32_CONST, 2, LOCAL_SET, COUNTER],
    ...pad(before),
    ...[0x03, 0x40],
    ...pad(first),
    ...[...get(N), 0x04, 0x40],
    ...add(SUM, [...get(N), I32_CONST, 1, SUB, ...callee]),
    0x0b,
    ...pad(second),
    ...[...get(COUNTER), I32_CONST, 1, SUB, 0x22, COUNTER, 0x0d, 0],
    0x0b,
    ...[...get(SUM), ...get(PAD), ADD, I32_CONST, 1, ADD],
  ];
}

/** The same call directly before a loop, which the callee's return then leads to. */
function callThenLoop(index: number, [before, first, second]: readonly number[]): number[] {
  return [
    ...[I32_CONST, 2, LOCAL_SET, COUNTER, 0x03, 0x40],
    ...pad(before),
    ...[...get(N), 0x04, 0x40, ...get(N), I32_CONST, 1, SUB, 0x10, ...u32(index), LOCAL_SET, SUM],
    ...[0x03, 0x40, ...pad(first)],
    ...[...get(SUM), I32_CONST, 3, 0x6f, 0x45, ...add(SUM, [I32_CONST, 1]), 0x0d, 0, 0x0b],
    0x0b,
    ...pad(second),
    ...[...get(COUNTER), I32_CONST, 1, SUB, 0x22, COUNTER, 0x0d, 0, 0x0b],
    ...[...get(SUM), ...get(PAD), ADD],
  ];
}

function build(lengths: readonly (readonly number[])[]): Uint8Array {
  const bodies = lengths.flatMap((l, i) => [
    recursive(3 * i, l, false),
    recursive(3 * i + 1, l, true),
    callThenLoop(3 * i + 2, l),
  ]);
  const indices = bodies.map((_, i) => u32(i));
  return moduleBytes([
    section(1, vec([functype(['i32'], ['i32'])])),
    section(3, vec(bodies.map(() => [0]))),
    section(4, vec([[0x70, 0, ...u32(bodies.length)]])),
    section(7, vec(indices.map((index, i) => [...name(`f${i}`), 0, ...index]))),
    section(9, vec([[0, I32_CONST, 0, 0x0b, ...vec(indices)]])),
    section(10, vec(bodies.map((body) => code(['i32', 'i32', 'i32'], body)))),
  ]);
}

async function results(engine: Engine, bytes: Uint8Array): Promise<string[]> {
  const session = await engine.open('own/chains');
  const exports = await session.instantiate(await session.compile(bytes), new Map());
  const lines: string[] = [];
  for (const [name, func] of exports) {
    const [value] = await session.invoke(func, [{ type: 'i32', bits: 3n }], ['i32']);
    lines.push(`${name}: ${value.type === 'i32' ? value.bits : value.type}`);
  }
  await session.close?.();
  return lines;
}

const random = new Random(1);
const uniform = Array.from({ length: 140 }, (_, i) => [i, 0, 0]);
const inside = Array.from({ length: 140 }, (_, i) => [0, i, 3]);
const behind = Array.from({ length: 140 }, (_, i) => [1, 2, i]);
const mixed = Array.from({ length: 150 }, () => [random.below(130), random.below(130), random.below(130)]);

const engines = ['tswasm', 'tswasm-full', 'tswasm-hot2'];
it.each([
  ['before the loop', uniform],
  ['before the call', inside],
  ['behind the call', behind],
  ['everywhere', mixed],
])('%s', async (_where, lengths) => {
  const bytes = build(lengths);
  const shown = (lines: string[]): string[] => lines.map((l, i) => `${l} of ${lengths[Math.floor(i / 3)]}`);
  const expected = shown(await results(nativeEngine, bytes));
  for (const name of engines) expect(shown(await results(engineNamed(name)!, bytes)), name).toEqual(expected);
});
