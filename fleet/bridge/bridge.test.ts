/** Guests at the other end of a line: they answer as those in the agent do, and what goes wrong there ends them alone. */
import { describe, expect, it } from 'vitest';
import type { Agent } from '../agent/agent';
import { simulatedDevices } from '../agent/host/devices';
import { nodeWorld } from '../agent/node-world';
import { FleetError } from '../protocol/errors';
import { TestLine } from '../testing/line';
import { assemble, HELLO, LIBRARY, LONG, PROGRAM, STATEFUL } from '../testing/modules';
import { newborn, nowhere, specFor, testAgent } from '../testing/setup';
import { encodeFrame, FrameReader, type Message } from './frames';
import { RemoteHouse } from './house';

let keys = 0;
const ask = (agent: Agent, name: string, ...args: number[]) =>
  agent.call('test~main', { key: `k${keys++}`, function: name, args });

async function bridged(line: TestLine, files?: Parameters<typeof testAgent>[1]): Promise<Agent> {
  const lines: string[] = [];
  return testAgent(
    'bridge',
    files,
    nowhere,
    (text) => lines.push(text),
    (models) =>
      new RemoteHouse({
        connect: line.connect,
        clock: nodeWorld,
        devices: simulatedDevices(),
        compute: (encoding, request) => models.compute(encoding, request),
        log: (text) => lines.push(text),
      }),
  );
}

/** Uses a device, prints, and waits. */
const USING = `(module
  (import "dht" "getTemperature" (func $temperature (result f32)))
  (import "sys" "printInt" (func $print (param i32)))
  (import "sys" "delay" (func $delay (param i32)))
  (import "gpio" "write" (func $write (param i32 i32)))
  (import "gpio" "read" (func $read (param i32) (result i32)))
  (func (export "measure") (result f32) (call $print (i32.const 42)) (call $delay (i32.const 5)) (call $temperature))
  (func (export "pins") (result i32)
    (call $write (i32.const 3) (i32.const 1))
    (i32.add (call $read (i32.const 3)) (call $read (i32.const 4)))))`;

describe('a guest beside the agent', () => {
  it('keeps its state, traps, and has no function that the module has not', async () => {
    const agent = await bridged(new TestLine());
    await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
    const got = [];
    for (let k = 0; k < 6; k++) got.push(...(await ask(agent, 'fibo')).results!);
    expect(got).toEqual([1, 2, 3, 5, 8, 13]);
    expect((await ask(agent, 'fail')).failure).toMatch('trap: unreachable');
    expect((await ask(agent, 'none')).failure).toBe('the module exports no function "none"');
    expect((await ask(agent, 'fibo', 1)).failure).toMatch('takes 0 arguments');
    expect((await ask(agent, 'fibo')).results).toEqual([21]);
    expect(agent.execution('test~main').memoryBytes).toBe(65_536);
  });

  it('links modules, ends as a command does, and what it prints is in the answer', async () => {
    const agent = await bridged(new TestLine());
    const modules = { library: await assemble(LIBRARY), program: await assemble(PROGRAM) };
    await agent.place(newborn(await specFor(agent, modules)));
    expect((await ask(agent, 'twice')).results).toEqual([2]);
    const other = await bridged(new TestLine());
    await other.place(newborn(await specFor(other, { hello: await assemble(HELLO) })));
    expect(await ask(other, '_start')).toMatchObject({ output: 'hello\n', results: [] });
  });

  it('uses the devices of the agent, and waits for them', async () => {
    const agent = await bridged(new TestLine());
    const permissions = ['sys', 'dht', 'gpio'];
    await agent.place(newborn(await specFor(agent, { using: await assemble(USING) }, { permissions })));
    expect(await ask(agent, 'measure')).toMatchObject({ results: [20], output: '42' });
    expect((await ask(agent, 'pins')).results).toEqual([1]);
    const refused = agent.place(newborn(await specFor(agent, { using: await assemble(USING) }), 2));
    await expect(refused).rejects.toMatchObject({ code: 'capability-missing' });
  });

  it('has files, which go there and come back', async () => {
    const agent = await bridged(new TestLine());
    await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
    const execution = agent.execution('test~main');
    await execution.putFile('in.txt', Uint8Array.of(1, 2, 3));
    expect(await execution.file('in.txt')).toEqual(Uint8Array.of(1, 2, 3));
    expect(await execution.file('none')).toBeUndefined();
  });

  it('takes a frame each way for what it begins, for what it runs and for its snapshot', async () => {
    const line = new TestLine();
    const agent = await bridged(line);
    await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
    const before = line.frames;
    await ask(agent, 'fibo');
    expect(line.frames - before).toBe(6);
  });

  it('is lost with its engine: the execution has failed, the agent has not, and starts another one', async () => {
    const line = new TestLine();
    const agent = await bridged(line);
    const spec = await specFor(agent, { stateful: await assemble(STATEFUL) });
    await agent.place(newborn(spec));
    for (let k = 0; k < 4; k++) await ask(agent, 'fibo');
    const checkpoint = await agent.snapshotOf('test~main');
    line.kill();
    expect(agent.execution('test~main').state).toMatchObject({
      kind: 'failed',
      reason: 'the engine has been killed',
    });
    await expect(ask(agent, 'fibo')).rejects.toMatchObject({ code: 'unavailable' });
    const { decodeCheckpoint, encodeCheckpoint } = await import('../protocol/checkpoint');
    const { head, snapshot } = decodeCheckpoint(checkpoint);
    await agent.place(encodeCheckpoint({ head: { ...head, epoch: 2 }, snapshot }));
    expect((await ask(agent, 'fibo')).results).toEqual([8]);
    expect(line.starts).toBe(2);
  });

  it('is lost in the middle of a call, which whoever waits for it hears', async () => {
    const line = new TestLine();
    const agent = await bridged(line);
    await agent.place(newborn(await specFor(agent, { long: await assemble(LONG) })));
    const answer = ask(agent, 'count', 2_000_000_000);
    while (agent.execution('test~main').fuelUsed === 0) await nodeWorld.turn();
    line.kill();
    await expect(answer).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a line that loses something', () => {
  const message: Message = {
    head: { kind: 'learn', text: 'Grüße \u{1f30d}' },
    bytes: Uint8Array.from({ length: 1003 }, (_, k) => k % 251),
  };
  const frame = encodeFrame(message);

  it('gives messages whole, however they are cut', () => {
    for (const size of [1, 3, 7, 64, 5000]) {
      const reader = new FrameReader();
      const two = Uint8Array.from([...frame, ...frame]);
      const got: Message[] = [];
      for (let at = 0; at < two.length; at += size) got.push(...reader.read(two.subarray(at, at + size)));
      expect(got).toEqual([message, message]);
    }
  });

  it('notices every byte that is another one', () => {
    for (let at = 0; at < frame.length; at++) {
      const bent = frame.slice();
      bent[at] ^= 1 << (at % 8);
      expect(() => new FrameReader().read(bent)).toThrow('the line is broken');
    }
  });

  it('ends the guests, and gives no answer that was never made', async () => {
    const line = new TestLine();
    const agent = await bridged(line);
    await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
    expect((await ask(agent, 'fibo')).results).toEqual([1]);
    line.bend = (bytes) => {
      bytes[bytes.length - 1] ^= 0x40;
      return bytes;
    };
    await expect(ask(agent, 'fibo')).rejects.toBeInstanceOf(FleetError);
    expect(agent.execution('test~main').state.kind).toBe('failed');
  });
});
