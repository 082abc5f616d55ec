/** The scripts of this folder on tswasm, with everything switched on. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tswasmEngine } from '../engines/tswasm';
import { listScripts } from '../locate';
import { runScript } from '../runner';

const here = path.dirname(fileURLToPath(import.meta.url));

it.each(listScripts(here))('%s', async (name) => {
  const result = await runScript(tswasmEngine, `own/${name}`, readFileSync(path.join(here, name), 'utf8'));
  expect(result.problems).toEqual([]);
  expect(result.passed).toBeGreaterThan(0);
});
