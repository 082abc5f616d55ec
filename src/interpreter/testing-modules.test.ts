/** What wide modules ask for is linear in them: parts of decoding, and stops of a run with a deadline that is always over. */
import { describe, expect, it } from 'vitest';
import { Module } from '../decoder';
import { type Func, i32, instantiatePaused } from '../runtime/index';
import { Execution, Store } from '.';
import { HOSTILE_MODULES } from './testing-modules';

/** Units of fuel and bytes between two stops: a slice, and what is in front of the place where it ends. */
const UNITS_PER_STOP = 4500;

describe.each(HOSTILE_MODULES.map((hostile) => ({ name: hostile.name, hostile })))('$name', ({ hostile }) => {
  it('is valid, runs, and stops as often as it works', () => {
    for (const size of [100, 3000]) {
      const module = Module.decode(hostile.module(size));
      const instance = instantiatePaused(new Store(), module, []);
      const execution = new Execution(instance.exports.get('run') as Func, [i32(0)]);
      let stops = 0;
      let outcome = execution.run({ deadline: () => true });
      for (; outcome.kind === 'paused'; stops++) outcome = execution.run({ deadline: () => true });
      expect(outcome.kind).toBe('done');
      expect(stops).toBeGreaterThanOrEqual(Math.floor(execution.fuelUsed / UNITS_PER_STOP));
      expect(stops).toBeLessThan(module.bytes.length + execution.fuelUsed);
    }
  });
});
