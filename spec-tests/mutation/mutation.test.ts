/** Damaged binaries. TSWASM_MUTANTS says how many. */
import { beforeAll, expect, it } from 'vitest';
import { enableNativeFeatures } from '../differential/check';
import { runMutants } from './run';

const PER_TEST = 1000;
const count = Number(process.env['TSWASM_MUTANTS'] ?? 3000);

beforeAll(enableNativeFeatures);

it.each(Array.from({ length: Math.ceil(count / PER_TEST) }, (_, i) => i * PER_TEST))(
  'mutants from %i on',
  (start) => {
    const { defects, valid } = runMutants(start, PER_TEST);
    expect(defects.map((d) => `mutant ${d.index}: ${d.message}`)).toEqual([]);
    expect(valid).toBeGreaterThan(0);
  },
);
