/**
 * Records the folder of what the present version writes:
 *   node scripts/run-ts.mjs spec-tests/golden/record.ts [NAME...]
 * Whoever changes what is written raises `WRITTEN_NOW` first: recorded folders stay as they are, so an existing fixture is refused.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Point, sameFiles, textOf, WRITTEN_NOW, writeFixture } from './fixture';
import type { Observation } from './observe';
import { recordPlain } from './record-plain';
import { recordWasi } from './record-wasi';
import type { Record } from './recorded';
import { resume } from './resume';

const place = path.join(path.dirname(fileURLToPath(import.meta.url)), WRITTEN_NOW);
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const wanted = process.argv.slice(2);
let written = 0;

const record: Record = async (name, what, modules, recorded) => {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  if (existsSync(path.join(place, `${name}.json`)))
    throw new Error(`${WRITTEN_NOW}/${name} is there already`);
  const draft = { ...what, recordedBy: commit, modules: modules.map(textOf) };
  const points: Point[] = [];
  for (const { point, unmoved } of recorded) {
    const { observation, again } = await resume(
      { ...draft, points: [] },
      { ...point, expected: {}, recaptures: false },
    );
    for (const key of Object.keys(unmoved) as (keyof Observation)[]) {
      const [here, there] = [unmoved[key], observation[key]].map((value) => JSON.stringify(value));
      if (here !== there) throw new Error(`${name}, ${point.stopped}: ${key} is ${there}, unmoved ${here}`);
    }
    const recaptures = sameFiles(point.files, again);
    points.push({ ...point, recaptures, expected: observation });
    console.log(`${name}: ${point.stopped}${recaptures ? '' : ' (does not capture again)'}`);
  }
  writeFixture(name, { ...draft, points });
  written++;
};

mkdirSync(place, { recursive: true });
await recordPlain(record);
await recordWasi(record);
console.log(`${written} fixtures in ${place}`);
