import { expect, it } from 'vitest';
import { inspect, inspectInParts } from './inspect';
import { functionOf, moduleOf, name, section, wat } from './testing';

it('lists sections and the features that the module uses', async () => {
  const bytes = await wat(`(module (memory i64 1) (memory 1) (global (export "g") (mut i32) (i32.const 0))
    (func (result i32 i32) (i32.extend8_s (i32.const 1)) (i32.const 0)) (func (return_call 1)))`);
  const found = inspect(bytes);
  expect(found.error).toBeUndefined();
  expect(found.size).toBe(bytes.length);
  expect(found.features).toEqual([
    ...['memory64', 'multi-memory', 'multi-value', 'mutable globals', 'sign extension', 'tail calls'],
  ]);
  const { sections } = found;
  expect(sections.map((s) => [s.section, s.count])).toEqual([
    ['type', 2],
    ['function', 2],
    ['memory', 2],
    ['global', 1],
    ['export', 1],
    ['code', 2],
    ['custom', undefined],
  ]);
  expect(sections[0].offset).toBe(8);
  expect(sections.at(-1)?.name).toBe('name');
  for (const [i, s] of sections.entries()) {
    const next = sections[i + 1]?.offset ?? bytes.length;
    expect(next - s.offset - s.size).toBe(2);
  }
  expect(found.exports).toEqual([{ name: 'g', kind: 'global', index: 0 }]);
});

it('goes on after functions that need what is missing', () => {
  const bodies = [
    [0, 0xfc, 0x13, 0x0b],
    [0, 0xfe, 3, 0, 0x0b],
    [0, 0x41, 0, 0xc0, 0x1a, 0x0b],
  ];
  const code = section('code', 3, ...bodies.map((body) => [body.length, ...body]));
  const bytes = moduleOf(section('type', 1, 0x60, 0, 0), section('function', 3, 0, 0, 0), code);
  const found = inspect(bytes);
  expect(found.features).toEqual(['sign extension', 'threads', 'wide arithmetic']);
  expect(found.error?.message).toMatch('wide arithmetic is not supported');
});

it('tells what it found before an error', () => {
  const found = inspect(moduleOf(section('custom', name('x'), 1), section('memory', 1, 0x40)));
  expect(found.sections.map((s) => [s.section, s.name, s.size])).toEqual([
    ['custom', 'x', 3],
    ['memory', undefined, 2],
  ]);
  expect(found.error?.message).toMatch('malformed limits flags');
  expect(inspect(Uint8Array.of(1, 2, 3)).error?.message).toMatch('unexpected end');
  expect(inspect(functionOf(0x6a)).error?.message).toMatch('type mismatch');
});

it('looks in parts, and finds the same', () => {
  const bytes = functionOf(Array.from({ length: 40_000 }, () => [0x41, 1, 0x1a]).flat());
  const parts = inspectInParts(bytes);
  let seen = 0;
  let step = parts.next();
  for (; !step.done; seen++) step = parts.next();
  expect(step.value).toEqual(inspect(bytes));
  expect(step.value.error).toBeUndefined();
  expect(seen).toBeGreaterThan(bytes.length / 20_000);
});
