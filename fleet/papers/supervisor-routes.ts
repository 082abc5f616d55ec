/** The supervisor interface of the papers, in both dialects. Nobody is asked who he is: these routes exist with `--compat` only. */
import { type Context, Hono } from 'hono';
import { interfaceNames } from '../agent/host/functions';
import { failure } from '../agent/routes';
import { readBody, readDocument } from '../protocol/body';
import { name, shape, text } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import { papersDeployment, WASI_NAMES } from './documents';
import type { RequestFiles, Supervisor } from './supervisor';

export interface Machine {
  readonly memoryBytes: number;
  readonly cpuName: string;
  readonly clockHz: number;
  readonly cores: number;
  readonly architecture: string;
  /** From 0 to 1. */
  usage(): { readonly cpu: number; readonly memory: number };
}

const registration = shape({ url: text(2048) });

export function supervisorRoutes(supervisor: Supervisor, machine: Machine): Hono {
  const app = new Hono();
  app.onError(failure);
  describing(app, supervisor, machine);
  app.post('/register', async (c) => {
    supervisor.orchestrator = (await readDocument(c, registration, 'registration')).url;
    return c.json({ status: 'success' });
  });
  // Their orchestrator sends `//deploy`.
  for (const path of ['/deploy', '//deploy']) {
    app.post(path, async (c) => {
      try {
        await supervisor.deploy(await readDocument(c, papersDeployment, 'deployment'));
        return c.json({ status: 'success' });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return c.json({ status: 'error', result: reason, errors: [reason] }, 500);
      }
    });
  }
  app.get('/deploy', (c) => c.json([...supervisor.deployments.values()]));
  app.delete('/deploy/:id', async (c) => {
    await supervisor.forget(name(c.req.param('id'), 'deployment'));
    return c.json({ status: 'success' });
  });
  working(app, supervisor);
  return app;
}

function describing(app: Hono, supervisor: Supervisor, machine: Machine): void {
  const { memoryBytes, cpuName, clockHz, cores, architecture } = machine;
  app.get('/.well-known/wasmiot-device-description', (c) =>
    c.json({
      platform: {
        memory: { bytes: memoryBytes, totalBytes: memoryBytes },
        cpu: {
          humanReadableName: cpuName,
          clockSpeed: { Hz: clockHz },
          architecture,
          clockSpeedHz: clockHz,
          coreCount: cores,
        },
      },
      supervisorInterfaces: [...interfaceNames(supervisor.agent.options.devices), ...WASI_NAMES],
    }),
  );
  app.get('/.well-known/wot-thing-description', (c) =>
    c.json({
      '@context': 'https://www.w3.org/2022/wot/td/v1.1',
      title: supervisor.agent.options.name,
      base: supervisor.url(),
      securityDefinitions: { nosec_sc: { scheme: 'nosec' } },
      security: 'nosec_sc',
      properties: { status: { type: 'object', readOnly: true, forms: [{ href: '/health' }] } },
      actions: { deploy: { forms: [{ href: '/deploy', 'htv:methodName': 'POST' }] } },
    }),
  );
  for (const path of ['/health', '//health']) {
    app.get(path, (c) => {
      const { cpu, memory } = machine.usage();
      c.header('Custom-Orchestrator-Set', String(supervisor.orchestrator !== undefined));
      return c.json({ cpuUsage: cpu, memoryUsage: memory });
    });
  }
}

function working(app: Hono, supervisor: Supervisor): void {
  const bytes = (c: Context, body: Uint8Array) =>
    c.body(body as Uint8Array<ArrayBuffer>, 200, { 'content-type': 'application/octet-stream' });
  app.get('/request-history', (c) => c.json([...supervisor.history.values()]));
  app.get('/request-history/:id', (c) => {
    const entry = supervisor.history.get(decodeURIComponent(c.req.param('id')));
    if (entry === undefined) throw new FleetError('not-found', 'no such request');
    return c.json(entry, entry.success || entry.result === '' ? 200 : 500);
  });
  app.get('/module_results/:module/:file', (c) => {
    const { module, file } = c.req.param();
    const one = [...supervisor.deployments.keys()].find((id) =>
      supervisor.agent.executions.has(`${id}~${module}`),
    );
    return bytes(c, supervisor.result(one ?? '', module, file));
  });
  app.get('/module_results/:deployment/:module/:file', (c) => {
    const { deployment, module, file } = c.req.param();
    return bytes(c, supervisor.result(deployment, module, file));
  });
  app.get('/:deployment/modules/:module/:function/:file', (c) => {
    const { deployment, module, file } = c.req.param();
    return bytes(c, supervisor.result(deployment, module, file));
  });
  app.on(['GET', 'POST'], '/:deployment/modules/:module/:function', async (c) => {
    const { deployment, module, function: called } = c.req.param();
    const args = [...new URL(c.req.url).searchParams.values()];
    const files = c.req.method === 'POST' ? await filesIn(c) : new Map<string, Uint8Array>();
    const { method } = c.req;
    const { entry } = supervisor.begin({ deployment, module, function: called, method, args, files });
    return c.json({
      resultUrl: `${supervisor.url()}/request-history/${encodeURIComponent(entry.request_id)}`,
    });
  });
}

/** Parts of a multipart body, by the name under which the function finds them. */
async function filesIn(c: Context): Promise<RequestFiles> {
  const type = c.req.header('content-type') ?? '';
  const files = new Map<string, Uint8Array>();
  if (!type.startsWith('multipart/form-data')) return files;
  const body = await readBody(c);
  let form: FormData;
  try {
    form = await new Response(body as Uint8Array<ArrayBuffer>, {
      headers: { 'content-type': type },
    }).formData();
  } catch {
    throw new FleetError('bad-request', 'the multipart body cannot be read');
  }
  for (const [path, part] of form) {
    const plain = path.replace(/^\.\//, '');
    if (plain.startsWith('/') || plain.split('/').includes('..'))
      throw new FleetError('bad-request', `"${path}" is no path in the module's folder`);
    const blob = typeof part === 'string' ? new Blob([part]) : part;
    files.set(plain, new Uint8Array(await blob.arrayBuffer()));
  }
  return files;
}
