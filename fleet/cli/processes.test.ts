import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeWorld } from '../agent/node-world';
import { sleep } from '../agent/world';
import { assemble, STATEFUL } from '../testing/modules';
import { Processes } from '../testing/processes';

const processes = new Processes();
beforeAll(() => processes.build());
afterAll(() => processes.close());

describe('a fleet of processes', () => {
  it('keeps the state of an execution over kill -9 of its device, a move, and a restart of the orchestrator', async () => {
    let up = await processes.up();
    const agents = { a: await processes.agent('a', up), b: await processes.agent('b', up, ['--jitless']) };
    const document = async (...args: string[]) => (await processes.command(up, args)).document;
    const fleet = async (...args: string[]) => (await processes.command(up, args)).text;
    const file = path.join(processes.folder, 'stateful.wasm');
    writeFileSync(file, await assemble(STATEFUL));
    expect(await fleet('push', file)).toMatch(/^stateful@1\.0\.0 sha256:[0-9a-f]{64}$/);
    expect(await fleet('deploy', 'stateful', '--as', 's')).toBe('s~main');
    const values = [];
    for (let k = 0; k < 4; k++) values.push(await fleet('exec', 's~main', 'fibo', '--key', `k${k}`));
    expect(values).toEqual(['1', '2', '3', '5']);

    const owner = async () => ((await document('ps')) as { device: 'a' | 'b' }[])[0].device;
    const first = await owner();
    await processes.kill(agents[first].process);
    expect(await fleet('exec', 's~main', 'fibo')).toBe('8');
    expect(await fleet('exec', 's~main', 'fibo')).toBe('13');
    expect(await fleet('exec', 's~main', 'fibo', '--key', 'k3')).toBe('5');
    const second = await owner();
    expect(second).not.toBe(first);

    // The killed one comes back with its old state, and has to hear that it is superseded.
    agents[first] = await processes.agent(first, up, first === 'b' ? ['--jitless'] : []);
    expect(await fleet('exec', 's~main', 'fibo')).toBe('21');
    expect(await fleet('move', 's~main', first)).toBe(`s~main is on ${first} (epoch 3)`);
    expect(await fleet('exec', 's~main', 'fibo')).toBe('34');

    await processes.kill(up.process);
    up = await processes.up('orchestrator', Number(new URL(up.url).port));
    expect(await fleet('exec', 's~main', 'fibo')).toBe('55');
    expect(await owner()).toBe(first);
  });

  it('ends with who has started it, when it is tied to that', async () => {
    const up = await processes.up('tied');
    const ash = await processes.agent('ash', up, [], 'tied');
    for (const { process: child } of [ash, up]) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin!.end();
      expect(await ended).toBe(0);
    }
  });

  it('ends as a demo, of which somebody has killed an agent a moment ago', async () => {
    const up = await processes.up('demo', undefined, ['--demo']);
    const pid = () => up.lines.map((line) => /agent ash is process (\d+)/.exec(line)?.[1]).find(Boolean);
    const told = (text: string) => up.lines.some((line) => line.includes(text));
    while (pid() === undefined || !told('demo~main on ')) await sleep(nodeWorld, 20);
    process.kill(Number(pid()), 'SIGKILL');
    while (!told('agent ash has ended')) await sleep(nodeWorld, 20);
    const ended = new Promise((resolve) => up.process.once('exit', resolve));
    up.process.stdin!.end();
    expect(await ended).toBe(0);
  });

  it('says what is wrong, with exit codes', async () => {
    const up = await processes.up('other');
    const refused = (...args: string[]) => expect(processes.command(up, args, 'other')).rejects;
    expect(await processes.run(['nothing'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no command "nothing"/),
    });
    expect(await processes.run(['move', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/usage: tswasm-fleet move/),
    });
    await refused('move', 'x~y', 'z').toThrow('no execution x~y');
    await refused('deploy', 'x').toThrow('no module x@*');
    expect(await processes.ask(up, ['undeploy', 'x'], 'other')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no deployment x/),
    });
    expect(await processes.run(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/move EXECUTION DEVICE/),
    });
    const port = new URL(up.url).port;
    const taken = await processes.run(['up', '--port', port, '--data', path.join(processes.folder, 'third')]);
    expect(taken).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`port ${port} of 127.0.0.1 is taken`)),
    });
  });
});
