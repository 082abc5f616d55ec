import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { engineNamed } from '../spec-tests/engines/index.ts';
import { runInShell, runSteps, type Step } from './check-full/run.ts';
import { ENGINES, STEPS } from './check-full/steps.ts';
import { root } from './laws/files.ts';

const logs = mkdtempSync(path.join(tmpdir(), 'tswasm-check-full-'));
afterAll(() => rmSync(logs, { recursive: true, force: true }));

async function run(...steps: Step[]): Promise<{ code: number; printed: string }> {
  const lines: string[] = [];
  const code = await runSteps(steps, { run: runInShell(logs), print: (line) => lines.push(line) });
  return { code, printed: lines.join('\n') };
}
const node = (name: string, text: string, more: Partial<Step> = {}): Step => ({
  name,
  command: [process.execPath, '-e', text],
  ...more,
});
const good = node('good', 'console.log("all is well")');

describe('the runs of check:full', () => {
  it('are told with their last lines, and pass', async () => {
    const { code, printed } = await run(good);
    expect(code).toBe(0);
    expect(printed).toContain('[1 of 1] good ...\n  all is well\n  passed in ');
    expect(printed).toMatch(/1 runs passed, 0 failed, 0 skipped, [\d.]+ minutes$/);
  });

  it('all run after one that failed, by exit code, signal, or a program that is not there', async () => {
    const { code, printed } = await run(
      node('bad code', 'console.error("the reason");process.exit(3)'),
      node('killed', 'process.kill(process.pid,"SIGKILL")'),
      { name: 'no program', command: ['/no/such/program'] },
      good,
    );
    expect(code).toBe(1);
    expect(printed).toContain('  the reason\n  FAILED (3)');
    expect(printed).toContain('FAILED killed (SIGKILL)');
    expect(printed).toContain('FAILED no program (spawn /no/such/program ENOENT)');
    expect(printed).toContain('1 runs passed, 3 failed, 0 skipped');
  });

  it('are skipped loudly, and nothing but skipped ones is no success', async () => {
    const skipped = node('needs a moon', 'process.exit(1)', { missing: () => 'there is no moon' });
    const { code, printed } = await run(skipped, good);
    expect(code).toBe(0);
    expect(printed.match(/SKIPPED.*there is no moon/g)).toHaveLength(2);
    expect(printed).toContain('1 runs passed, 0 failed, 1 skipped');
    expect((await run(skipped)).code).toBe(1);
  });

  it('get their variables, and leave all that they print in a file', async () => {
    const step = node('many lines', 'for(let k=0;k<5000;k++)console.log(process.env.WORD,k)', {
      env: { WORD: 'hello' },
    });
    const { log, tail } = await runInShell(logs)(step);
    expect(readFileSync(log, 'utf8').match(/^hello \d+$/gm)).toHaveLength(5000);
    expect(tail.at(-1)).toBe('hello 4999');
  });
});

describe('the list of check:full', () => {
  it('names engines and files that exist', () => {
    expect(ENGINES.filter((name) => engineNamed(name) === undefined)).toEqual([]);
    const files = STEPS.flatMap(({ command }) =>
      command.filter((word) => /^[\w-]+\/.*\.(ts|mjs)$/.test(word)),
    );
    expect(files.length).toBeGreaterThan(STEPS.length);
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
    expect(new Set(STEPS.map(({ name }) => name)).size).toBe(STEPS.length);
  });

  /** Variables that make tests heavier, or run tests that are skipped without them, are set or asked for by some step. */
  it('leaves out no test that waits for a variable', () => {
    const places = ['src', 'embed', 'spec-tests', 'bench', 'examples'];
    const waited = places.flatMap(typescriptIn).flatMap((file) => {
      const text = readFileSync(path.join(root, file), 'utf8');
      return [...text.matchAll(/process\.env(?:\.|\[')(TSWASM_\w+)/g)].map(([, name]) => name);
    });
    expect(waited).toContain('TSWASM_MOVES');
    const list = readFileSync(path.join(root, 'scripts/check-full/steps.ts'), 'utf8');
    const left = [...new Set(waited)].filter((name) => !list.includes(name) && !(name in ELSEWHERE));
    expect(left).toEqual([]);
  });
});

function typescriptIn(place: string): string[] {
  return readdirSync(path.join(root, place), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(place, file));
}

/** Variables that no heavy run needs, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  TSWASM_BARE: 'bench/checks.ts tells its children that they measure without checks',
  TSWASM_SUITE_TOTALS: 'where .ci/run finds the totals of the suite',
  TSWASM_TESTSUITE: 'where the official suite is; locate.ts says whether there is one',
  TSWASM_MUTANTS: 'the step runs the command instead',
  TSWASM_DIFF_SEEDS: 'the steps run the command instead',
  TSWASM_SEED: 'another journey of the programs that travel',
  TSWASM_JS_API_FILES: 'fewer files, to look for something',
  TSWASM_GENERATE_TO: 'where a build puts its files',
  TSWASM_SCREENSHOTS: 'pictures for people to look at',
  TSWASM_CACHE: 'where the command keeps things; tests set it',
  TSWASM_DIST: 'for measurements',
  TSWASM_PAGE_STOPS: 'for measurements',
  TSWASM_MODULES: 'for measurements',
  TSWASM_FLEET_PICTURES: 'for people who look at the page',
  TSWASM_FLEET_SEED: 'other mishaps of the fleet',
  TSWASM_WASM3: 'for measurements',
  TSWASM_WASM3_CHECKOUT: "wasm3's own programs, for a test that has others",
  TSWASM_COREMARK: 'for measurements',
  TSWASM_POLYBENCH: 'for measurements',
};
