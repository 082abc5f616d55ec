import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('ends what it has started when it is told to end, and leaves no folder behind', async () => {
  const child = spawn(process.execPath, ['scripts/run-ts.mjs', 'fleet/testing/signalled.ts']);
  const line = await new Promise<string>((resolve) => {
    child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString()));
  });
  const [pid, folder] = line.trim().split(' ');
  expect([isThere(Number(pid)), existsSync(folder)]).toEqual([true, true]);
  const code = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await code).toBe(128 + 15);
  expect([isThere(Number(pid)), existsSync(folder)]).toEqual([false, false]);
});
