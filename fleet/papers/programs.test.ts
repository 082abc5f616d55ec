import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../store/files';
import { newborn, nowhere, specFor, testAgent } from '../testing/setup';

/** A checkout of LiquidAI-project/wasm-comparison: six programs, each in C, Go and Rust. Each prints what it does, and then how long it took. */
const CHECKOUT = process.env['TSWASM_PAPERS_PROGRAMS'] ?? '';
const there = CHECKOUT !== '' && existsSync(CHECKOUT);
if (!there) console.warn("the papers' WASI programs are not tried: TSWASM_PAPERS_PROGRAMS names no checkout");

function programs(): string[] {
  const folders = readdirSync(CHECKOUT).map((name) => path.join(CHECKOUT, name, 'wasm'));
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => path.join(folder, file)));
}

/** What they print before the time, by the folder they are in. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  cpu_intensive: [],
  get_wd: [],
  loop: [],
  memory_allocation: [],
  std_output: Array.from({ length: 50_000 }, (_, k) => String(k)),
  time: [],
};

describe.skipIf(!there)("the papers' WASI programs", () => {
  it('are 18', () => expect(programs()).toHaveLength(18));

  it.for(there ? programs() : [])('%s runs to its end', { timeout: 600_000 }, async (file) => {
    const lines: string[] = [];
    const agent = await testAgent('a', new MemoryFiles(), nowhere, (line) => lines.push(line));
    const spec = await specFor(agent, { program: readFileSync(file) }, { checkpoint: 'never' });
    await agent.place(newborn(spec));
    const answer = await agent.call('test~main', { key: 'k', function: '_start', args: [] });
    expect(answer.failure).toBeUndefined();
    expect(answer.exitCode ?? 0).toBe(0);
    // Nanoseconds; those in C have 32 bits for them, and print 0 when it took longer than four seconds.
    expect(lines.pop()).toMatch(/^\d+$/);
    expect(lines).toEqual(PRINTED[path.basename(path.dirname(path.dirname(file)))]);
    agent.close();
  });
});
