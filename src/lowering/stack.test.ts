/** Where operands stand and what lists of their types say, compared with a plain list; and what values that come together cost. */
import { describe, expect, it } from 'vitest';
import { F64, FUNCREF, I32, I64, slotsOf, V128, type ValType } from '../decoder';
import { Random } from '../decoder/testing';
import { type TypeList, typesOf } from '../decoder/typelist';
import { Operands } from './operands';
import { OperandStack } from './stack';

const NOWHERE = { emit: () => undefined };
const FIRST_SLOT = 3;
const TYPES = [I32, I32, I64, F64, V128, FUNCREF];

/** Slots of operands of these types, and behind the last the next one. */
function slotsFor(types: readonly ValType[]): number[] {
  const slots = [FIRST_SLOT];
  for (const type of types) slots.push(slots[slots.length - 1] + slotsOf(type));
  return slots;
}

describe('a stack of operands', () => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))('is what a plain list says, seed %i', (seed) => {
    const random = new Random(seed + 1);
    const stack = seed % 2 === 0 ? new OperandStack(FIRST_SLOT) : new Operands(FIRST_SLOT, NOWHERE);
    let model: ValType[] = [];
    const lists = Array.from({ length: 8 }, (_, k) =>
      Array.from({ length: [0, 1, 2, 7, 40][k % 5] }, () => TYPES[random.below(TYPES.length)]),
    );
    let highest = FIRST_SLOT;
    for (let turn = 0; turn < 300; turn++) {
      const height = Math.max(0, model.length - random.below(random.below(2) === 0 ? 4 : 60));
      const list = lists[random.below(lists.length)];
      switch (random.below(6)) {
        case 0:
        case 1:
          stack.pushSlot(list[0] ?? I32);
          model.push(list[0] ?? I32);
          break;
        case 2:
          stack.truncate(height);
          model = model.slice(0, height);
          break;
        case 3:
          stack.settle(height, list);
          model = [...model.slice(0, height), ...list];
          break;
        case 4: {
          // What is there is settled once more.
          const there = lists.find((types) => types.every((type, k) => type === model[height + k])) ?? [];
          stack.settle(height, there);
          model = [...model.slice(0, height), ...there];
          break;
        }
        case 5:
          expect(typesOf(stack.list(height))).toEqual(model.slice(0, height));
      }
      const slots = slotsFor(model);
      highest = Math.max(highest, slots[model.length]);
      expect(stack.height).toBe(model.length);
      expect([stack.top, stack.end]).toEqual([slots[model.length], highest]);
      expect(model.map((_, k) => stack.typeAt(k))).toEqual(model);
      expect([...model, I32].map((_, k) => stack.slotAt(k))).toEqual(slots);
      if (model.length > 0) expect(stack.topType).toBe(model[model.length - 1]);
    }
    expect(typesOf(stack.list(model.length))).toEqual(model);
  });

  it('shares what lies below two safepoints', () => {
    const stack = new OperandStack(0);
    const parts = new Set<TypeList>();
    for (let k = 0; k < 10_000; k++) stack.pushSlot(I32);
    const SAFEPOINTS = 2000;
    for (let k = 0; k < SAFEPOINTS; k++) {
      stack.pushSlot(I64);
      for (let part = stack.list(stack.height); part !== undefined; part = part.below) parts.add(part);
      if (k % 2 === 0) stack.truncate(stack.height - 2);
    }
    expect(parts.size).toBeLessThan(2 * SAFEPOINTS);
    // Each operand is listed once.
    expect(stack.visits).toBeLessThan(2 * 10_000 + 4 * SAFEPOINTS);
  });
});

describe('a thousand values that come together', () => {
  const many = Array.from({ length: 1000 }, (_, k) => TYPES[k % TYPES.length]);
  const others = [...many];

  it('cost what one costs', () => {
    const stack = new Operands(0, NOWHERE);
    for (let k = 0; k < 1000; k++) {
      stack.settle(stack.height, many);
      stack.settle(stack.height - 1000, others);
      stack.settle(stack.height - 1000, many.slice(0, 2));
      stack.settle(stack.height - 2, many);
      stack.retype(others);
      stack.list(stack.height - 1000);
      stack.truncate(stack.height - 1);
    }
    expect(stack.height).toBe(999_000);
    expect(stack.visits).toBeLessThan(20_000);
  });
});
