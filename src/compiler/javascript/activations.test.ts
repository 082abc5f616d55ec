/** The fuel of the machine and that of texts. */
import { expect, it } from 'vitest';
import type { TierMachine } from '../../interpreter/tiers';
import { Activations } from './activations';
import type { CodeRecord } from './cells';

function counting(fuel: number) {
  const registers = { fuel };
  const stack = {
    ints: new Int32Array(8),
    floats: new Float32Array(8),
    doubles: new Float64Array(4),
    refs: [],
  };
  return { registers, activations: new Activations({ registers, stack } as unknown as TierMachine) };
}

it.each([100, 0, -1, -(2 ** 30), -(2 ** 30) - 1, -(2 ** 31) - 5, -(2 ** 40)])(
  'is counted by texts as by the machine, with %d',
  (fuel) => {
    const { registers, activations } = counting(fuel);
    activations.takeFuel();
    activations.counter[0] -= 3;
    // What is used up for the machine is for texts.
    expect(activations.counter[0] < 0).toBe(fuel - 3 < 0);
    activations.giveFuel();
    expect(registers.fuel).toBe(fuel - 3);
  },
);

it('is set aside for as many entries as there is room for frames, and half of it at most', () => {
  const { registers, activations } = counting(1000);
  Object.assign(registers, { sp: 0, maxSp: 5000, maxFp: 5000 });
  Object.assign(activations, { maxSp: 10, wideSp: 6, maxFp: 5000 });
  const { counter } = activations;
  const entered = (sp: number, isWide = false): number => {
    counter[1] -= 1;
    return activations.enter({ isWide } as CodeRecord, 8, sp);
  };
  activations.takeFuel();
  expect([entered(3), ...counter.subarray(0, 2)]).toEqual([-1, 992, 7]);
  expect([entered(7, true), ...counter.subarray(0, 2)]).toEqual([0, 998, 0]);
  expect([entered(11), ...counter.subarray(0, 2)]).toEqual([0, 997, 0]);
  counter[0] = 5;
  expect([entered(0), ...counter.subarray(0, 2)]).toEqual([-1, 2, 2]);
  // A large frame without room, of a function that cannot leave: the next entry looks closer, and no unit is lost.
  activations.room({} as CodeRecord, 5000, 0);
  expect([...counter.subarray(0, 2)]).toEqual([2, 2]);
  activations.maxFp = 4000;
  activations.room({} as CodeRecord, 4001, 4);
  expect([...counter.subarray(0, 2), activations.maxSp]).toEqual([2, 0, 4]);
  activations.giveFuel();
  expect(registers.fuel).toBe(4);
});

it('is paid for what the machine does, and where that throws', () => {
  const { registers, activations } = counting(100);
  activations.takeFuel();
  const pay = activations.paying((word) => {
    registers.fuel -= 10 * word;
    if (word === 3) throw new Error('three');
    return word + 1;
  });
  activations.counter[0] -= 1;
  expect(pay(2)).toBe(3);
  expect(activations.counter[0]).toBe(79);
  expect(() => pay(3)).toThrow('three');
  expect(activations.counter[0]).toBe(49);
});
