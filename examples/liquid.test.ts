/** The example that moves between engines, as a user runs it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

it('liquid.mjs', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['examples/liquid.mjs'], {
    cwd: path.dirname(import.meta.dirname),
    encoding: 'utf8',
    env: { ...process.env, TSWASM_QJS: '' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('node: 143 steps from 327\n');
  expect(stdout).toContain('jitless: 144 steps from 649\n');
  expect(stdout).toContain('quickjs: 178 steps from 871\n');
  expect(stdout).toMatch(/quickjs: stopped; liquid.dmp has \d+ bytes\n/);
  expect(stdout).toMatch(/: the longest below 3000 starts at 2919\n11 processes\n$/);
});
