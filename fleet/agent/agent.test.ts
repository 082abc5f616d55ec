import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../store/files';
import { assemble, HELLO, LIBRARY, LONG, PROGRAM, STATEFUL } from '../testing/modules';
import { newborn, specFor, testAgent } from '../testing/setup';
import type { Agent } from './agent';

let count = 0;
async function values(agent: Agent, name: string, ...args: number[]): Promise<readonly (number | string)[]> {
  const answer = await agent.call('test~main', { key: `k${count++}`, function: name, args });
  expect(answer.failure).toBeUndefined();
  return answer.results!;
}

describe('an agent', () => {
  it('keeps instances between calls', async () => {
    const agent = await testAgent('a');
    await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
    const got = [];
    for (let k = 0; k < 6; k++) got.push(...(await values(agent, 'fibo')));
    expect(got).toEqual([1, 2, 3, 5, 8, 13]);
  });

  it('gives the same answer under the same key, and computes nothing again', async () => {
    const agent = await testAgent('a');
    await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
    const call = { key: 'same', function: 'fibo', args: [] };
    const [first, second] = await Promise.all([agent.call('test~main', call), agent.call('test~main', call)]);
    expect(second).toEqual(first);
    expect(await agent.call('test~main', call)).toEqual(first);
    expect(await values(agent, 'fibo')).toEqual([2]);
  });

  it('goes on after it has been closed, with what had been answered', async () => {
    const files = new MemoryFiles();
    const before = await testAgent('a', files);
    await before.place(newborn(await specFor(before, { stateful: await assemble(STATEFUL) })));
    for (let k = 0; k < 4; k++) await values(before, 'fibo');
    before.close();
    const after = await testAgent('a', files);
    await after.open();
    expect([...(await values(after, 'fibo')), ...(await values(after, 'fibo'))]).toEqual([8, 13]);
    const again = await after.call('test~main', { key: 'k-none', function: 'nothing', args: [] });
    expect(again.failure).toMatch('exports no function "nothing"');
  });

  it('answers a trap as a failure, and goes on', async () => {
    const agent = await testAgent('a');
    await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
    const answer = await agent.call('test~main', { key: 'x', function: 'fail', args: [] });
    expect(answer.failure).toMatch('trap: unreachable');
    expect(await values(agent, 'fibo')).toEqual([1]);
  });

  it('runs several at a time, each within its fuel, and pauses without losing anything', async () => {
    const agent = await testAgent('a');
    const long = await assemble(LONG);
    const limits = { fuelPerSecond: 2_000_000 };
    await agent.place(newborn(await specFor(agent, { long }, { limits, checkpoint: 'never' })));
    await agent.place(newborn(await specFor(agent, { long }, { name: 'other', checkpoint: 'never' })));
    const slow = agent.call('test~main', { key: 'a', function: 'count', args: [3_000_000] });
    const quick = await agent.call('test~other', { key: 'b', function: 'count', args: [1_000_000] });
    expect(quick.results).toEqual([1_000_000]);
    const execution = agent.execution('test~main');
    execution.pause();
    execution.resume();
    expect((await slow).results).toEqual([3_000_000]);
    expect(execution.fuelUsed).toBe(3_000_000);
  });

  it('goes on in the middle of a call from its last checkpoint', async () => {
    const files = new MemoryFiles();
    const before = await testAgent('a', files);
    const spec = await specFor(before, { long: await assemble(LONG) }, { limits: { fuelPerSecond: 5e6 } });
    await before.place(newborn(spec));
    const asked = before.call('test~main', { key: 'long', function: 'count', args: [2_000_000_000] });
    asked.catch(() => undefined);
    while (before.execution('test~main').fuelUsed < 100_000) await new Promise((r) => setTimeout(r, 5));
    await before.execution('test~main').keep();
    before.close();
    const after = await testAgent('a', files);
    await after.open();
    const execution = after.execution('test~main');
    expect(execution.waiting).toBe(1);
    const counted = before.execution('test~main').fuelUsed;
    while (execution.fuelUsed < 100_000) await new Promise((r) => setTimeout(r, 5));
    expect(counted).toBeGreaterThanOrEqual(100_000);
    after.close();
  });

  it('links the modules of an execution, and keeps their state in one', async () => {
    const files = new MemoryFiles();
    const agent = await testAgent('a', files);
    const modules = { library: await assemble(LIBRARY), program: await assemble(PROGRAM) };
    await agent.place(newborn(await specFor(agent, modules)));
    expect(await values(agent, 'twice')).toEqual([2]);
    agent.close();
    const after = await testAgent('a', files);
    await after.open();
    expect(await values(after, 'twice')).toEqual([4]);
  });

  it('runs WASI commands, and answers with what they print', async () => {
    const agent = await testAgent('a');
    await agent.place(newborn(await specFor(agent, { hello: await assemble(HELLO) })));
    for (const key of ['a', 'b']) {
      const answer = await agent.call('test~main', { key, function: '_start', args: [] });
      expect(answer).toEqual({ key, results: [], output: 'hello\n' });
    }
  });

  it('refuses what it cannot have, and changes nothing', async () => {
    const agent = await testAgent('a');
    const spec = await specFor(agent, { stateful: await assemble(STATEFUL) });
    await agent.place(newborn(spec, 3));
    await values(agent, 'fibo');
    await expect(agent.place(newborn(spec, 3))).rejects.toMatchObject({ code: 'older-epoch' });
    await expect(agent.place(newborn(spec, 2))).rejects.toMatchObject({ code: 'older-epoch' });
    const unknown = { ...spec, name: 'x', modules: [{ name: 'm', digest: '0'.repeat(64) }] };
    await expect(agent.place(newborn(unknown))).rejects.toMatchObject({ code: 'module-unknown' });
    const needy = await assemble('(module (import "sys" "millis" (func (result i32))))');
    const forbidden = await specFor(agent, { needy }, { name: 'y' });
    await expect(agent.place(newborn(forbidden))).rejects.toMatchObject({ code: 'capability-missing' });
    expect(await values(agent, 'fibo')).toEqual([2]);
    expect(agent.executions.size).toBe(1);
    const permitted = await specFor(agent, { needy }, { name: 'y', permissions: ['sys'] });
    await agent.place(newborn(permitted));
  });
});
