/** When a run asks for what short ones do without. */
import { expect, it } from 'vitest';
import { wat } from '../../src/decoder/testing';
import { Execution, type Func, i32, instantiate, Module, Store } from '../../src/index';
import { drive } from './drive';

/** Units of fuel that a loop of so many turns had used whenever it was asked, and when it was loaded: where `now` is a millisecond later each time. */
async function asked(
  turns: number,
  isDue: (fuel: number) => boolean,
): Promise<readonly [number[], number[]]> {
  const module = Module.decode(
    await wat(`(module (func (export "run") (param i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`),
  );
  const run = instantiate(new Store(), module, []).exports.get('run') as Func;
  let time = 0;
  const questions: number[] = [];
  const loads: number[] = [];
  const later = {
    after: 3,
    isDue: ({ fuelPaid }: Execution) => {
      questions.push(fuelPaid);
      return isDue(fuelPaid);
    },
    load: async () => void loads.push(execution.fuelPaid),
  };
  const execution = new Execution(run, [i32(turns)]);
  let turned = false;
  const turn = setImmediate(() => {
    turned = true;
  });
  const ending = await drive(execution, {}, { now: () => time++, later });
  clearImmediate(turn);
  expect(ending.kind).toBe('done');
  // Nobody has asked for turns of the event loop.
  expect(turned).toBe(false);
  return [questions, loads];
}

it('is asked again and again until it is due', async () => {
  const [questions, loads] = await asked(20_000, (fuel) => fuel >= 6000);
  expect(questions.length).toBeGreaterThan(1);
  expect(questions.slice(0, -1).every((fuel) => fuel < 6000)).toBe(true);
  expect(loads).toEqual(questions.slice(-1));
});

it('is not asked in a run that ends before', async () => {
  expect(await asked(10, () => true)).toEqual([[], []]);
});

it('may never be due', async () => {
  const [questions, loads] = await asked(20_000, () => false);
  expect(questions.length).toBeGreaterThan(2);
  expect(loads).toEqual([]);
});
