/** The 72 programs of the WASI test suite, when a checkout is named by TSWASM_WASI_TESTSUITE. */
import { describe, expect, it } from 'vitest';
import { cliScript } from './wasi-tests/cli';
import { findPrograms, PROGRAM_COUNT, runProgram, throughCli } from './wasi-testsuite';

const checkout = process.env.TSWASM_WASI_TESTSUITE;

describe.skipIf(checkout === undefined)('WASI test suite', () => {
  it('has all its programs', () => {
    expect(findPrograms(checkout!).length).toBe(PROGRAM_COUNT);
  });
  it.each(['rw', 'copy', 'overlay'])(
    'all programs pass with directories as %s',
    async (mode) => {
      const way = throughCli(await cliScript(), mode);
      const failures = findPrograms(checkout!)
        .map((program) => runProgram(program, way))
        .filter(({ failure }) => failure !== undefined)
        .map(({ program, failure }) => `${program.suite}/${program.name}: ${failure}`);
      expect(failures).toEqual([]);
    },
    300_000,
  );
});

it.runIf(checkout === undefined)('is skipped', () => {
  console.warn(
    'WASI test suite skipped: TSWASM_WASI_TESTSUITE names no checkout of WebAssembly/wasi-testsuite',
  );
});
