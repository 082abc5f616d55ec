/** The scripts of this folder on tswasm, with everything switched on, in each of its ways to run. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { engineNamed } from '../engines/index';
import { listScripts } from '../locate';
import { runScript } from '../runner';

const here = path.dirname(fileURLToPath(import.meta.url));

describe.each(['tswasm', 'tswasm-full', 'tswasm-step1', 'tswasm-hot2'])('%s', (engine) => {
  it.each(listScripts(here))('%s', async (name) => {
    const source = readFileSync(path.join(here, name), 'utf8');
    const result = await runScript(engineNamed(engine)!, `own/${name}`, source);
    expect(result.problems).toEqual([]);
    expect(result.passed).toBeGreaterThan(0);
  });
});
