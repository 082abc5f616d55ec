/** Every engine gives the same answers as Node, to the bit and to the unit of fuel. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACTS } from './tests/contract';
import { EngineProcess, findBrowsers, findEngines, missingNotice } from './tests/engines';
import { assemble } from './tests/programs';
import { type CallsReply, toHex } from './tests/wire';

let processes: EngineProcess[];
beforeAll(async () => {
  missingNotice();
  const engines = [...(await findEngines()), ...(await findBrowsers())];
  processes = engines.map((engine) => new EngineProcess(engine));
});
afterAll(async () => {
  await Promise.all(processes.map((one) => one.close()));
});

describe('every engine', () => {
  it.each(CONTRACTS)('$name', async ({ text, calls }) => {
    const module = toHex(await assemble(text));
    const replies: CallsReply[] = [];
    for (const one of processes) replies.push(await one.ask({ kind: 'calls', module, calls }));
    const [expected, ...others] = replies.map((reply) =>
      reply.replies.map((answer, k) => ({ call: calls[k], answer })),
    );
    expect(expected.length).toBe(calls.length);
    others.forEach((answers, k) => {
      expect(answers, processes[k + 1].engine.name).toEqual(expected);
    });
  });
});
