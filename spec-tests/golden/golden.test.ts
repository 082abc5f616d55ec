/**
 * Snapshots that earlier versions wrote are restored, and the programs go on to the results that they had then. Fixtures are recorded by
 * record.ts and never changed afterwards.
 */
import { describe, expect, it } from 'vitest';
import { type Fixture, fixturesOf, type Kind, type Point, sameFiles, versions, WRITTEN_NOW } from './fixture';
import { FUEL_VERSION, type Observation } from './observe';
import { resume } from './resume';

const KINDS: readonly Kind[] = ['draft', 'module', 'series', 'store', 'store at rest', 'postmortem', 'cli'];

/** Fuel of another version counts other things; the rest is the program's own. */
function comparable(observation: Observation, recorded: Observation): Observation {
  if (recorded.fuel === undefined || recorded.fuel.version === FUEL_VERSION) return observation;
  return { ...observation, fuel: recorded.fuel };
}

async function check(version: string, fixture: Fixture, point: Point): Promise<void> {
  const { observation, again } = await resume(fixture, point);
  // As JSON has it: what is undefined is not there.
  const seen = JSON.parse(JSON.stringify(comparable(observation, point.expected))) as Observation;
  expect(seen).toEqual(point.expected);
  if (version === WRITTEN_NOW && point.recaptures)
    expect(sameFiles(point.files, again), `${point.stopped}: captured again`).toBe(true);
}

describe.each(versions())('snapshots of %s', (version) => {
  const fixtures = fixturesOf(version);

  it.each(fixtures)('$name', async ({ fixture }) => {
    expect(fixture.points.length).toBeGreaterThan(0);
    for (const point of fixture.points) await check(version, fixture, point);
  });

  it('are of every kind', () => {
    const found = new Set(fixtures.map(({ fixture }) => fixture.kind));
    expect(KINDS.filter((kind) => !found.has(kind))).toEqual([]);
  });
});
