import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble, FIBO, STATEFUL } from '../testing/modules';
import { PapersOrchestrator, papersOrchestratorMissing, reachableAddress } from '../testing/papers';
import { freePort } from '../testing/ports';
import { Processes, type Started } from '../testing/processes';

const missing = papersOrchestratorMissing();
if (missing !== undefined) console.warn(`the papers' own orchestrator is not tried: ${missing}`);

/** It takes a device to be dead after five questions without an answer, 15 s apart. */
const FAILOVER = 150_000;
const INTEGER = { method: 'get', output: 'integer', mounts: [] };

describe.skipIf(missing !== undefined)("the papers' own orchestrator, unmodified", () => {
  const processes = new Processes();
  const agents = new Map<string, Started>();
  let papers: PapersOrchestrator;

  beforeAll(async () => {
    await processes.build();
    const host = reachableAddress();
    const ports = new Map([
      ['ash', await freePort()],
      ['birch', await freePort()],
    ]);
    for (const [name, port] of ports) {
      const others = [...ports.values()].filter((one) => one !== port).map((one) => `http://${host}:${one}`);
      const address = ['--host', '0.0.0.0', '--public', host, '--port', String(port)];
      const data = ['--data', `${processes.folder}/${name}`];
      const compat = ['--compat', '--neighbours', others.join(',')];
      agents.set(name, await processes.start(['agent', '--name', name, ...address, ...data, ...compat]));
    }
    papers = await PapersOrchestrator.start();
  });
  afterAll(async () => {
    await papers?.close();
    await processes.close();
  });

  it('finds our agents by mDNS, deploys a chain over two of them, and runs it', async () => {
    const devices = await papers.found('ash', 'birch');
    const functions = { fibo: { ...INTEGER, param0: 'integer' } };
    const module = await papers.push('fibonacci', await assemble(FIBO), functions);
    const chain = await papers.deploy(
      'chain',
      ['ash', 'birch'].map((name) => ({ device: devices.get(name), module, func: 'fibo' })),
    );
    expect((await papers.execute(chain, { param0: '5' })).result).toBe(34);
  });

  it('answers 8 13 after the device has been killed that answered 1 2 3 5', async () => {
    const devices = await papers.found('ash', 'birch');
    const module = await papers.push('stateful', await assemble(STATEFUL), { fibo: INTEGER });
    const step = { device: devices.get('ash'), module, func: 'fibo', failovers: [devices.get('birch')] };
    const id = await papers.deploy('stateful', [step]);
    const values = [];
    for (let k = 0; k < 4; k++) values.push((await papers.execute(id)).result);
    expect(values).toEqual([1, 2, 3, 5]);
    await processes.kill(agents.get('ash')!.process);
    const inFailover = async () => {
      const told = (await papers.ask('GET', `/file/manifest/${id}`)) as { isInFailover?: boolean };
      return told.isInFailover === true;
    };
    await papers.until('the failover', inFailover, FAILOVER);
    // It tells that it will, before it has deployed it.
    await papers.until('an answer after it', async () => (await papers.execute(id)).result === 8);
    expect((await papers.execute(id)).result).toBe(13);
  });
});
