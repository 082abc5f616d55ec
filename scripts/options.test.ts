/** Commands of bench/ and spec-tests/ tell how they are used, and what is wrong, before they do anything. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { root } from './laws/files.ts';

function run(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/run-ts.mjs', ...words], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('our own commands', () => {
  it('tell how they are used', () => {
    const { status, stdout, stderr } = run('bench/against.ts', '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^The working tree against another commit.*\n {2}npm run bench:against -- REF/);
    expect(stdout).not.toMatch(/\*|import/);
  });

  it.each([
    [['bench/against.ts', 'HEAD', '--rounds', '0'], '--rounds 0: must be a number, 1 or above'],
    [['bench/against.ts', 'HEAD', '--rounds', 'many'], '--rounds many: must be a number, 1 or above'],
    [['spec-tests/main.ts', '--engine', 'no-such'], 'unknown engine no-such'],
  ])('%j ends with 2, and says why', (words, message) => {
    const { status, stdout, stderr } = run(...words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(message), stderr).toBe(true);
    expect(stderr).toContain('npm run');
  });
});
