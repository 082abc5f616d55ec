/** When a run asks for what short ones do without. */
import { expect, it } from 'vitest';
import { wat } from '../../src/decoder/testing';
import { Execution, type Func, i32, instantiate, Module, Store } from '../../src/index';
import { drive } from './drive';

/** (units of fuel that are used before it is loaded, or undefined) of a loop with so many turns, where `now` is a millisecond later each time. */
async function loadedAfter(turns: number, fuel: number, atLatest: number): Promise<number | undefined> {
  const module = Module.decode(
    await wat(`(module (func (export "run") (param i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`),
  );
  const run = instantiate(new Store(), module, []).exports.get('run') as Func;
  const execution = new Execution(run, [i32(turns)]);
  let time = 0;
  const loaded: number[] = [];
  const load = async () => void loaded.push(execution.fuelUsed);
  const later = { after: 3, fuel, atLatest, load };
  const ending = await drive(execution, {}, { now: () => time++, later });
  expect(ending.kind).toBe('done');
  expect(loaded.length).toBeLessThan(2);
  return loaded[0];
}

it('is asked for when it has taken so long and has used so much, or when it has taken very long', async () => {
  const never = Number.POSITIVE_INFINITY;
  expect(await loadedAfter(10, 1, 1000)).toBe(undefined);
  const first = await loadedAfter(20_000, 1, never);
  expect(first).toBeGreaterThan(0);
  expect(await loadedAfter(20_000, 6000, never)).toBeGreaterThanOrEqual(6000);
  expect(await loadedAfter(20_000, never, never)).toBe(undefined);
  const atLast = await loadedAfter(20_000, never, 10);
  expect(atLast).toBeGreaterThan(first!);
});
