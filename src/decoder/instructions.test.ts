import { expect, it } from 'vitest';
import { INSTRUCTIONS, instructionOf, OP, PREFIX_BASE } from './instructions';

/** Immediates whose instruction touches memory or a lane. */
const WIDE: ReadonlySet<string> = new Set(['memarg', 'memargLane', 'atomic', 'lane']);

it('has each opcode and each name once, in order', () => {
  const ops = INSTRUCTIONS.map(({ op }) => op);
  expect(ops).toEqual([...new Set(ops)].sort((a, b) => a - b));
  expect(new Set(INSTRUCTIONS.map(({ name }) => name)).size).toBe(INSTRUCTIONS.length);
  for (const row of INSTRUCTIONS) {
    expect(instructionOf[row.op]).toBe(row);
    expect(OP[row.name]).toBe(row.op);
  }
});

it('keeps prefix bytes free', () => {
  for (const prefix of Object.keys(PREFIX_BASE)) {
    expect(instructionOf[Number(prefix)]).toBeUndefined();
  }
});

it('has signatures of known types, and widths exactly where memory or a lane is accessed', () => {
  for (const { name, sig, imm, width } of INSTRUCTIONS) {
    expect(sig, name).toMatch(/^([iIfFatv]*:[iIfFatv]?)?$/);
    expect(width > 0, name).toBe(imm !== undefined && WIDE.has(imm));
    expect([0, 8, 16, 32, 64, 128], name).toContain(width);
  }
});

it('has mirrors of the same signature that mirror each other', () => {
  for (const { name, sig, mirror, traps } of INSTRUCTIONS) {
    if (mirror === undefined) continue;
    const other = instructionOf[OP[mirror]]!;
    expect([name, other.sig, other.mirror, traps]).toEqual([name, sig, name, false]);
  }
});
