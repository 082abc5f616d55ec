import { expect, it } from 'vitest';
import { chartOf, headOf, type Run, replaced, table } from './head';
import { aboveChiSquared, friedman } from './statistics';

const RUN: Run = {
  conditions: 'Node, a machine',
  summaries: [
    {
      program: 'a',
      group: 'basic',
      us: { native: 10, ours: 20, slow: 1000 },
      firstMs: {},
      coldMs: { native: 100, ours: 110 },
    },
    {
      program: 'b',
      group: 'basic',
      us: { native: 10, ours: 80 },
      firstMs: {},
      coldMs: { native: 100, ours: 440 },
    },
  ],
  engines: ['native', 'ours', 'slow'],
  missing: ['wasm3 (TSWASM_WASM3 names none)'],
  ranking: undefined,
};

it('has geometric means of ratios, the worst program, and in how many there is a figure', () => {
  const rows = table(RUN).split('\n');
  expect(rows).toHaveLength(4);
  expect(rows[2].split('|').map((cell) => cell.trim())).toEqual([
    '',
    'ours',
    '4.000',
    '2.200',
    '8.000 (b)',
    '2',
    '',
  ]);
  expect(rows[3].split('|').map((cell) => cell.trim())).toEqual(['', 'slow', '100', '-', '100 (a)', '1', '']);
});

it('draws a bar for each figure that there is', () => {
  const svg = chartOf(RUN);
  expect(svg.match(/<rect /g)).toHaveLength(2 + 3);
  expect(svg).toContain('>4.00×</text>');
  expect(svg).toContain('>100×</text>');
  expect(svg.trim().endsWith('</svg>')).toBe(true);
});

it('names what is missing, and replaces only what stands between the marks', () => {
  const head = headOf(RUN, 'ratios.svg');
  expect(head).toContain('Not measured: wasm3 (TSWASM_WASM3 names none).');
  const page = 'before\n<!-- npm run bench writes what follows -->\nSTALE\n<!-- to here -->\nafter\n';
  const made = replaced(page, head);
  expect(made).toContain(head);
  expect(made).not.toContain('STALE');
  expect([made.startsWith('before\n'), made.endsWith('\nafter\n')]).toEqual([true, true]);
  expect(replaced(made, head)).toBe(made);
  expect(() => replaced('no marks', head)).toThrow('expected');
});

it('ranks engines as Friedman does', () => {
  // Values of tables: chi squared of 5.991 with two degrees of freedom, 3.841 with one, 7.815 with three.
  for (const [value, freedom] of [
    [5.991, 2],
    [3.841, 1],
    [7.815, 3],
  ] as const) {
    expect(aboveChiSquared(value, freedom)).toBeCloseTo(0.05, 3);
  }
  const times = Array.from({ length: 10 }, (_, k) => [2 + k, 1 + k, 3 + k]);
  const { order, chiSquared, p } = friedman(['middle', 'fast', 'slow'], times);
  expect(order.map(({ name, meanRank }) => [name, meanRank])).toEqual([
    ['fast', 1],
    ['middle', 2],
    ['slow', 3],
  ]);
  expect(chiSquared).toBeCloseTo(20, 10);
  expect(p).toBeLessThan(0.001);
  expect(
    friedman(
      ['a', 'b'],
      [
        [1, 2],
        [2, 1],
      ],
    ).p,
  ).toBeCloseTo(1, 6);
});
