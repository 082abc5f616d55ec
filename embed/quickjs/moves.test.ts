/**
 * Issue 3, acceptance 1: four programs, each stopped at random safepoints and moved to a fresh process every time, alternately Node, Node
 * without a compiler, QuickJS, and the `qjs` that TSWASM_QJS names. TSWASM_MOVES says how many stops each program makes; each
 * begins with another engine, and one leg of every other program is made by all of them.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { askFresh, type EngineCommand, findEngines, missingNotice } from './tests/engines';
import { assemble, PROGRAMS } from './tests/programs';
import { travel } from './tests/travel';
import { toHex } from './tests/wire';

const STOPS = Number(process.env['TSWASM_MOVES'] ?? 4);
const SEED = Number(process.env['TSWASM_SEED'] ?? 1);
/** A move takes some tenths of a second, one in Hermes two, and all programs move at the same time: many times that. */
const TIMEOUT = 600_000 + STOPS * 60_000;

let engines: EngineCommand[];
beforeAll(async () => {
  missingNotice();
  engines = await findEngines();
});

describe('programs that travel', () => {
  it.concurrent.each(PROGRAMS.map((program, first) => ({ ...program, first })))(
    '$name',
    {
      timeout: TIMEOUT,
    },
    async ({ text, args, name, first }) => {
      const module = toHex(await assemble(text));
      const program = { module, entry: 'run', args } as const;
      const unmoved = await askFresh(engines[0], { kind: 'leg', ...program });
      if (unmoved.kind !== 'done') throw new Error(JSON.stringify(unmoved));
      const order = [...engines.slice(first), ...engines.slice(0, first)];
      const compareEvery = first % 2 === 0 || STOPS > 4 ? 6 : Number.POSITIVE_INFINITY;
      const options = { engines: order, stops: STOPS, seed: SEED, compareEvery };
      const moved = await travel(program, unmoved.fuelUsed, options);
      expect(moved.ending).toMatchObject({ kind: 'done', results: unmoved.results });
      expect(moved.stops).toBe(STOPS);
      expect(moved.fuelUsed).toBe(unmoved.fuelUsed);
      if (name === 'waiting for the host') expect(moved.waits).toBeGreaterThan(STOPS / 10);
    },
  );
});
