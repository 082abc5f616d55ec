/** The seeds of fixtures.txt. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export function fixtureSeeds(): number[] {
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fixtures.txt');
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split('#')[0].trim())
    .filter((line) => line !== '')
    .map((line) => {
      if (!/^\d+$/.test(line)) throw new Error(`fixtures.txt: not a seed: ${line}`);
      return Number(line);
    });
}
