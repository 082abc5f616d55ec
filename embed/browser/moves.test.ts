/** Programs that are stopped in Node and go on on a page, in each browser that is here, and back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EngineCommand, EngineProcess, findBrowsers, findEngines } from '../quickjs/tests/engines';
import { assemble, PROGRAMS } from '../quickjs/tests/programs';
import { travel } from '../quickjs/tests/travel';
import { type LegRequest, toHex } from '../quickjs/tests/wire';

const STOPS = 12;

/** One of each: a browser takes seconds to begin. */
const processes = new Map<EngineCommand, EngineProcess>();
const ask = (engine: EngineCommand, request: LegRequest) => processes.get(engine)!.ask(request);
const browsers = await findBrowsers();

beforeAll(async () => {
  const node = (await findEngines()).find(({ name }) => name === 'node')!;
  for (const engine of [node, ...browsers]) processes.set(engine, new EngineProcess(engine));
});
afterAll(async () => {
  await Promise.all([...processes.values()].map((one) => one.close()));
});

it.skipIf(browsers.length === 0).each(PROGRAMS)('$name', async ({ text, args }) => {
  const engines = [...processes.keys()];
  const program = { module: toHex(await assemble(text)), entry: 'run', args } as const;
  const unmoved = await ask(engines[0], { kind: 'leg', ...program });
  if (unmoved.kind !== 'done') throw new Error(JSON.stringify(unmoved));
  const journey = { engines, stops: STOPS, seed: 1, compareEvery: 4, ask };
  const moved = await travel(program, unmoved.fuelUsed, journey);
  expect(moved.ending).toMatchObject({ kind: 'done', results: unmoved.results });
  expect([moved.stops, moved.compared, moved.fuelUsed]).toEqual([STOPS, 3, unmoved.fuelUsed]);
});
