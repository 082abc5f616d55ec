/** Issue 11, acceptance 3: a C program whose loops are vectors, paused and moved in the middle by the command line. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileC, hasClang } from './wasi-tests/clang';
import { type CliResult, cli, cliScript } from './wasi-tests/cli';

const TIMEOUT = 300_000;
/** Safepoints between two moves: some ten of them. */
const FUEL = 4000;
if (!hasClang) process.stderr.write('SKIPPED: vectors.c, which needs clang and wasi-libc\n');

let scratch: string;
const at = (name: string) => path.join(scratch, name);
beforeAll(async () => {
  scratch = fs.mkdtempSync(path.join(tmpdir(), 'tswasm-vectors-'));
  await cliScript();
  if (!hasClang) return;
  compileC('vectors.c', at('plain.wasm'), '-O3');
  compileC('vectors.c', at('simd.wasm'), '-O3', '-msimd128');
}, TIMEOUT);
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

describe.skipIf(!hasClang)('vectors.c', () => {
  it('prints with vectors what it prints without', { timeout: TIMEOUT }, async () => {
    const [plain, simd] = [await cli(['run', at('plain.wasm')]), await cli(['run', at('simd.wasm')])];
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(plain.stdout.split('\n').length).toBe(7);
    expect(simd).toEqual(plain);
    expect((await cli(['inspect', at('simd.wasm')])).stdout).toContain('simd');
  });

  it('prints the same when it moves', { timeout: TIMEOUT }, async () => {
    const unmoved = await cli(['run', at('simd.wasm')]);
    let printed = '';
    let leg: CliResult;
    let moves = 0;
    for (; ; moves++) {
      const to = at(`${moves}.dmp`);
      const options = ['--after-fuel', `${FUEL}`, '--snapshot-to', to];
      leg = await cli(
        moves === 0
          ? ['run', ...options, at('simd.wasm')]
          : ['resume', ...options, at(`${moves - 1}.dmp`), at('simd.wasm')],
      );
      printed += leg.stdout;
      expect(leg.code).toBe(0);
      if (!leg.stderr.includes('stopped')) break;
    }
    expect(printed).toBe(unmoved.stdout);
    expect(moves).toBeGreaterThan(5);
  });
});
