import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assemble, STATEFUL } from '../testing/modules';
import { Processes, type Started } from '../testing/processes';

const processes = new Processes();
beforeAll(() => processes.build());
afterAll(() => processes.close());

/** What it says of itself at its start. */
async function runtimeOf({ lines }: Started): Promise<string> {
  for (;;) {
    const told = lines.map((line) => /runs sha256:([0-9a-f]{64})/.exec(line)?.[1]).find(Boolean);
    if (told !== undefined) return told;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('an execution for attested devices goes to agents of the same build, and of those that are named', async () => {
  let up = await processes.up();
  const fleet = async (...args: string[]) => (await processes.command(up, args)).text;
  const first = await runtimeOf(await processes.agent('same', up));
  const file = path.join(processes.folder, 'stateful.wasm');
  writeFileSync(file, await assemble(STATEFUL));
  await fleet('push', file);
  const document = path.join(processes.folder, 's.json');
  writeFileSync(
    document,
    JSON.stringify({ id: 's', executions: [{ name: 'main', module: 'stateful', attest: 'required' }] }),
  );
  await fleet('deploy', document);
  expect(await fleet('exec', 's~main', 'fibo')).toBe('1');

  processes.changeBuild();
  const runtime = await runtimeOf(await processes.agent('other', up));
  await expect(fleet('move', 's~main', 'other')).rejects.toThrow(
    `other runs sha256:${runtime}, which is no known runtime`,
  );
  expect(await fleet('exec', 's~main', 'fibo')).toBe('2');

  // The changed build knows itself; the other one is named from now on.
  const port = Number(new URL(up.url).port);
  await processes.kill(up.process);
  up = await processes.up('orchestrator', port, ['--runtimes', `sha256:${first}`]);
  await fleet('move', 's~main', 'other');
  expect(await fleet('exec', 's~main', 'fibo')).toBe('3');
  await fleet('move', 's~main', 'same');
  expect(await fleet('exec', 's~main', 'fibo')).toBe('5');
});
