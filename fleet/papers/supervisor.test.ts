import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { copyRoutes } from '../protocol/routes';
import { openGate } from '../security/gate';
import { assemble, FIBO, STATEFUL } from '../testing/modules';
import { TestNetwork } from '../testing/network';
import { testAgent } from '../testing/setup';
import { papersDeployment } from './documents';
import { Supervisor } from './supervisor';
import { supervisorRoutes } from './supervisor-routes';

const WIRE = path.resolve('../shared/fleet/wire');
const MACHINE = {
  memoryBytes: 2 ** 30,
  cpuName: 'test',
  clockHz: 1e9,
  cores: 2,
  architecture: 'x',
  usage: () => ({ cpu: 0.5, memory: 0.25 }),
};

async function supervisorAt(network: TestNetwork, url: string, neighbours: string[] = []) {
  const agent = await testAgent(new URL(url).port, undefined, network.transport);
  const supervisor = new Supervisor(agent, () => url, neighbours);
  const app = new Hono();
  app.use('/liquid/v1/*', openGate());
  app.route('/liquid/v1', copyRoutes(agent.copies));
  app.route('/', supervisorRoutes(supervisor, MACHINE));
  network.add(url, app);
  return { agent, app, supervisor };
}

/** Asks as their clients do: follows URLs until there is none. */
async function result(network: TestNetwork, url: string): Promise<unknown> {
  const get = async (from: string) => {
    const { body } = await network.transport({ method: 'GET', url: from });
    return JSON.parse(new TextDecoder().decode(body)) as { resultUrl?: string; result?: unknown };
  };
  let { resultUrl } = await get(url);
  for (;;) {
    const { result: told } = await get(resultUrl!);
    if (typeof told === 'string' && told.startsWith('http')) resultUrl = told;
    else if (told !== '') return told;
    else await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function deploymentOf(url: string, module: string, func: string) {
  const endpoint = { url, path: `/d1/modules/${module}/${func}`, method: 'get', request: { parameters: [] } };
  return {
    deploymentId: 'd1',
    modules: [{ id: 'm1', name: module, urls: { binary: `http://files/${module}`, other: {} } }],
    endpoints: { [module]: { [func]: endpoint } },
    instructions: { modules: { [module]: { [func]: { from: endpoint, to: null } } } },
    mounts: { [module]: { [func]: { execution: [], deployment: [], output: [] } } },
  };
}

describe('the supervisor interface', () => {
  it('describes the device in both dialects', async () => {
    const { app } = await supervisorAt(new TestNetwork(), 'http://a:1');
    const told = await app.request('/.well-known/wasmiot-device-description');
    const device = (await told.json()) as { supervisorInterfaces: string[] };
    expect(device).toMatchObject({
      platform: { memory: { bytes: 2 ** 30 }, cpu: { clockSpeed: { Hz: 1e9 }, coreCount: 2 } },
    });
    expect(device.supervisorInterfaces).toEqual(
      expect.arrayContaining(['millis', 'takeImageStaticSize', 'fd_write']),
    );
    const health = await app.request('http://a:1//health');
    expect(health.headers.get('custom-orchestrator-set')).toBe('false');
    expect(await health.json()).toEqual({ cpuUsage: 0.5, memoryUsage: 0.25 });
  });

  it('goes on with the state of a device that died, when the deployment is made again elsewhere', async () => {
    const network = new TestNetwork();
    network.pages.set('http://files/stateful', await assemble(STATEFUL));
    const urls = ['http://a:1', 'http://b:2', 'http://c:3'];
    const all = [];
    for (const url of urls)
      all.push(
        await supervisorAt(
          network,
          url,
          urls.filter((one) => one !== url),
        ),
      );
    const deploy = async (url: string) => {
      const body = new TextEncoder().encode(JSON.stringify(deploymentOf(url, 'stateful', 'fibo')));
      const reply = await network.transport({ method: 'POST', url: `${url}//deploy`, body });
      expect(new TextDecoder().decode(reply.body)).toBe('{"status":"success"}');
    };
    await deploy(urls[0]);
    const values = [];
    for (let k = 0; k < 4; k++) values.push(await result(network, `${urls[0]}/d1/modules/stateful/fibo`));
    expect(values).toEqual([1, 2, 3, 5]);
    network.remove(urls[0]);
    all[0].agent.close();
    await deploy(urls[2]);
    expect(await result(network, `${urls[2]}/d1/modules/stateful/fibo`)).toBe(8);
    expect(await result(network, `${urls[2]}/d1/modules/stateful/fibo`)).toBe(13);
  });

  it('answers what fails with 500 and the reason, and refuses bad deployments whole', async () => {
    const network = new TestNetwork();
    network.pages.set('http://files/stateful', await assemble(STATEFUL));
    network.pages.set('http://files/other', Uint8Array.of(1, 2, 3));
    const { app, agent } = await supervisorAt(network, 'http://a:1');
    const post = (document: unknown) =>
      app.request('/deploy', { method: 'POST', body: JSON.stringify(document) });
    expect((await post(deploymentOf('http://a:1', '../etc', 'f'))).status).toBe(500);
    expect((await post(deploymentOf('http://a:1', 'other', 'f'))).status).toBe(500);
    expect((await post({})).status).toBe(500);
    expect(agent.executions.size).toBe(0);
    expect((await post(deploymentOf('http://a:1', 'stateful', 'fail'))).status).toBe(200);
    const asked = await app.request('/d1/modules/stateful/fail');
    const { resultUrl } = (await asked.json()) as { resultUrl: string };
    let answer = await app.request(resultUrl);
    while (answer.status === 200) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      answer = await app.request(resultUrl);
    }
    expect(await answer.json()).toMatchObject({
      success: false,
      result: expect.stringMatching(/trap: unreachable/),
    });
    expect((await app.request('/request-history/none')).status).toBe(404);
    expect((await app.request('/d2/modules/stateful/fibo')).status).toBe(404);
    expect((await app.request('/deploy/d1', { method: 'DELETE' })).status).toBe(200);
    expect(agent.executions.size).toBe(0);
  });
});

describe.skipIf(!existsSync(WIRE))('the real documents', () => {
  const wire = (file: string) => JSON.parse(readFileSync(path.join(WIRE, file), 'utf8'));

  it('are deployments that are taken: fibo(fibo 5) over two agents is 34', async () => {
    const network = new TestNetwork();
    const manifest = wire('orchestrator-deployment-chain.json');
    const fibo = await assemble(FIBO);
    for (const device of manifest.goalDeployment) {
      const deployment = papersDeployment(manifest.fullManifest[device], 'deployment');
      const [module] = Object.keys(deployment.endpoints);
      const { url } = deployment.endpoints[module].fibo;
      network.pages.set(deployment.modules[0].urls.binary, fibo);
      const { supervisor } = await supervisorAt(network, url);
      await supervisor.deploy(deployment);
    }
    expect(
      await result(network, 'http://127.0.0.1:5001/45d0673bf13a2c906f9b8f9b/modules/fibo/fibo?param0=5'),
    ).toBe(34);
  });

  it('of the icwe demo are read whole', () => {
    for (const { fullManifest } of wire('icwe-manifests.json')) {
      for (const document of Object.values(fullManifest ?? {})) {
        const read = papersDeployment(document, 'deployment');
        expect(read.modules.length).toBeGreaterThan(0);
        expect(Object.keys(read.mounts)).toEqual(Object.keys((document as { mounts: object }).mounts));
      }
    }
  });
});
