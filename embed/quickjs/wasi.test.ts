/**
 * Issue 4, acceptance 2: the precompiled programs of WebAssembly/wasi-testsuite (a checkout that TSWASM_WASI_TESTSUITE names) in QuickJS with
 * their files in memory. Every program passes or is listed here with the reason.
 */
import { describe, expect, it } from 'vitest';
import { findPrograms, PROGRAM_COUNT } from '../node/wasi-testsuite';
import { askFresh, findEngines, missingNotice } from './tests/engines';
import { judge, requestFor } from './tests/wasi-programs';

const checkout = process.env['TSWASM_WASI_TESTSUITE'];
if (!checkout) {
  process.stderr.write('SKIPPED: WASI programs in QuickJS; name a checkout in TSWASM_WASI_TESTSUITE\n');
}
const programs = checkout ? findPrograms(checkout) : [];
const engines = (await findEngines()).filter(({ name }) => name !== 'node' && name !== 'jitless');

/** Programs that cannot pass, and why. An unexpected pass fails too. */
const EXPECTED_FAILURES: Readonly<Record<string, string>> = {};

describe.skipIf(!checkout).each(engines)('WASI programs in $name', (engine) => {
  missingNotice();

  it('are all there', () => {
    expect(programs.length).toBe(PROGRAM_COUNT);
  });

  it.each(programs)('$suite $name', { timeout: 600_000 }, async (program) => {
    const failure = await askFresh(engine, requestFor(program)).then(
      (reply) => judge(program, reply),
      (error: Error) => error.message,
    );
    if (program.name in EXPECTED_FAILURES) expect(failure).not.toBe(undefined);
    else expect(failure).toBe(undefined);
  });
});
