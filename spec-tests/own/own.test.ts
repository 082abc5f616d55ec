/** The scripts of this folder on tswasm, with everything switched on, in each of its ways to run. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { engineNamed } from '../engines/index';
import { listScripts } from '../locate';
import { runScript } from '../runner';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Engines that stop all the time take a quarter of a minute each until a stack is full. */
const STOPPING = ['tswasm-step1', 'tswasm-hot2'];
const DEEP = 'recursion.wast';
const HEAVY = process.env['TSWASM_HEAVY'] === '1';
if (!HEAVY)
  process.stderr.write(
    `SKIPPED: ${DEEP}, stopped at every safepoint; TSWASM_HEAVY=1, or npm run check:full, runs it\n`,
  );

describe.each(['tswasm', 'tswasm-full', 'tswasm-fresh', ...STOPPING])('%s', (engine) => {
  const scripts = listScripts(here);
  const isBrief = !HEAVY && STOPPING.includes(engine);
  it.each(isBrief ? scripts.filter((name) => name !== DEEP) : scripts)('%s', async (name) => {
    const source = readFileSync(path.join(here, name), 'utf8');
    const result = await runScript(engineNamed(engine)!, `own/${name}`, source);
    expect(result.problems).toEqual([]);
    expect(result.passed).toBeGreaterThan(0);
  });
});
