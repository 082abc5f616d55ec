import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function started() {
  const child = spawn(process.execPath, ['scripts/run-ts.mjs', 'fleet/testing/signalled.ts']);
  const line = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).once('line', resolve);
  });
  const [pid, folder] = line.split(' ');
  expect([isThere(Number(pid)), existsSync(folder)]).toEqual([true, true]);
  const code = new Promise((resolve) => child.once('exit', resolve));
  return { child, pid: Number(pid), folder, code };
}

it('ends what it has started when it is told to end, and leaves no folder behind', async () => {
  const { child, pid, folder, code } = await started();
  child.kill('SIGTERM');
  expect(await code).toBe(128 + 15);
  expect([isThere(pid), existsSync(folder)]).toEqual([false, false]);
});

it('ends what it has started when it is killed', async () => {
  const { child, pid, folder, code } = await started();
  child.kill('SIGKILL');
  await code;
  while (isThere(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  rmSync(folder, { recursive: true });
});
