/** The model of the protocol over random schedules: TSWASM_FLEET_SCHEDULES says how many. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Model, type Rules } from '../testing/model';

const SCHEDULES = Number(process.env['TSWASM_FLEET_SCHEDULES'] ?? 500);
const ALL: Rules = { goesAbove: true, notes: true, waits: true };

const schedules = fc.array(fc.nat(1_000_000), { minLength: 10, maxLength: 150 });

function run(rules: Rules, schedule: readonly number[]): Model {
  const model = new Model(rules);
  for (const choice of schedule) model.step(choice);
  model.end();
  return model;
}

/** Whether something is wrong after one of so many schedules. */
function isWrong(rules: Rules, count: number): boolean {
  const property = fc.property(schedules, (schedule) => run(rules, schedule).faults.length === 0);
  return fc.check(property, { numRuns: count, seed: 1, endOnFailure: true }).failed;
}

describe('the protocol', () => {
  it(
    'loses and repeats no acknowledged answer, and ends with one copy, under any schedule',
    () => {
      let answers = 0;
      fc.assert(
        fc.property(schedules, (schedule) => {
          const { faults, heard } = run(ALL, schedule);
          answers += heard.length;
          expect(faults).toEqual([]);
        }),
        { numRuns: SCHEDULES },
      );
      // The schedules get somewhere.
      expect(answers).toBeGreaterThan(SCHEDULES * 1.2);
    },
    60_000 + SCHEDULES * 10,
  );

  it('needs what three of its rules say', () => {
    for (const rule of ['goesAbove', 'notes', 'waits'] as const)
      expect([rule, isWrong({ ...ALL, [rule]: false }, 20_000)]).toEqual([rule, true]);
  });
});
