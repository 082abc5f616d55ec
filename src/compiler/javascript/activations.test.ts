/** The fuel of the machine and that of texts. */
import { expect, it } from 'vitest';
import type { TierMachine } from '../../interpreter/tiers';
import { Activations } from './activations';

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
