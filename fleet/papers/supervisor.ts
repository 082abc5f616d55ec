/**
 * An agent as a supervisor of the papers: it takes their deployments, keeps an instance for each module of one, and answers their calls. Unlike
 * theirs it writes a checkpoint after each call, so a module that is deployed again under the same id goes on.
 */
import type { Agent } from '../agent/agent';
import { readJson } from '../protocol/checked';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, isNewer } from '../protocol/checkpoint';
import { executionId, executionSpec, PERMISSIONS } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { Locks } from '../store/locks';
import { type Endpoint, type HistoryEntry, type PapersDeployment, papersDeployment } from './documents';

/** Entries of the history. */
const MAX_HISTORY = 5000;
/** Milliseconds of a download. */
const DOWNLOAD_TIMEOUT = 60_000;

/** What comes with a request, and what it leaves behind, by path. */
export type RequestFiles = ReadonlyMap<string, Uint8Array>;

export interface WorkRequest {
  readonly deployment: string;
  readonly module: string;
  readonly function: string;
  readonly method: string;
  readonly args: readonly string[];
  readonly files: RequestFiles;
}

export class Supervisor {
  readonly deployments = new Map<string, PapersDeployment>();
  readonly history = new Map<string, HistoryEntry>();
  /** Files that functions have written: by deployment, module and name. */
  private readonly results = new Map<string, Uint8Array>();
  /** Files go in, the function runs, files come out: nothing may come in between. */
  private readonly locks = new Locks();
  private counter = 0;
  orchestrator: string | undefined;

  constructor(
    readonly agent: Agent,
    /** Its own base URL. */
    readonly url: () => string,
    /** Other agents that keep copies of its checkpoints. */
    private readonly neighbours: readonly string[],
  ) {
    agent.holders = neighbours;
  }

  /** What it has been told before it was started again. */
  async open(): Promise<void> {
    const { files } = this.agent.options;
    for (const id of await files.list('papers')) {
      const bytes = await files.read(`papers/${id}`);
      if (bytes !== undefined)
        this.deployments.set(id, readJson(new TextDecoder().decode(bytes), papersDeployment, id));
    }
  }

  async deploy(deployment: PapersDeployment): Promise<void> {
    for (const module of deployment.modules) await this.deployModule(deployment, module);
    const { deploymentId } = deployment;
    const { files } = this.agent.options;
    await files.write(`papers/${deploymentId}`, new TextEncoder().encode(JSON.stringify(deployment)));
    this.deployments.set(deploymentId, deployment);
  }

  private async deployModule(
    { deploymentId }: PapersDeployment,
    { name, urls }: PapersDeployment['modules'][number],
  ): Promise<void> {
    const digest = await this.download(urls.binary);
    const files: { path: string; digest: string }[] = [];
    for (const [path, url] of Object.entries(urls.other))
      files.push({ path, digest: await this.download(url) });
    const told = {
      name,
      modules: [{ name, digest }],
      files,
      permissions: PERMISSIONS,
      checkpoint: 'after-call',
    };
    const spec = executionSpec(told, 'module');
    const id = executionId(deploymentId, name);
    const here = this.agent.executions.get(id);
    if (here !== undefined && JSON.stringify(here.spec) === JSON.stringify(spec)) return;
    const copy = await this.newestCopy(id);
    const same = copy?.head.spec.modules.every((one, k) => one.digest === spec.modules[k]?.digest) === true;
    const epoch = Math.max(here?.epoch ?? 0, copy?.head.epoch ?? 0, this.agent.epochOf(id)) + 1;
    const born = { execution: id, deployment: deploymentId, begun: 0, answered: [] };
    const head = { ...(same ? copy.head : born), spec, epoch, sequence: 0 };
    await this.agent.place(encodeCheckpoint({ head, snapshot: same ? copy.snapshot : new Uint8Array(0) }));
  }

  private async download(url: string): Promise<string> {
    const { client } = this.agent.options;
    const { body } = await client.send({ method: 'GET', url, timeout: DOWNLOAD_TIMEOUT });
    return this.agent.blobs.put(body);
  }

  /** A neighbour may have kept what another device has had of it. */
  private async newestCopy(id: string): Promise<Checkpoint | undefined> {
    const { client } = this.agent.options;
    let best = await this.agent.copies.get(id);
    for (const neighbour of this.neighbours) {
      try {
        const url = `${neighbour}/liquid/v1/checkpoints/${encodeURIComponent(id)}`;
        const { body } = await client.send({ method: 'GET', url });
        const found = decodeCheckpoint(body);
        if (best === undefined || isNewer(found.head, best.head)) best = found;
      } catch {
        // It has none, or is away.
      }
    }
    return best;
  }

  async forget(id: string): Promise<void> {
    const deployment = this.deployments.get(id);
    if (deployment === undefined) throw new FleetError('not-found', `no deployment ${id}`);
    for (const { name } of deployment.modules) {
      const execution = executionId(id, name);
      if (this.agent.executions.has(execution)) await this.agent.remove(execution);
    }
    this.deployments.delete(id);
    await this.agent.options.files.remove(`papers/${id}`);
  }

  /** Begins what is asked for; the entry of the history says how it went. */
  begin(request: WorkRequest): { readonly entry: HistoryEntry; readonly done: Promise<void> } {
    const { deployment, module, function: name, method, args, files } = request;
    const known = this.deployments.get(deployment);
    if (known?.modules.some((one) => one.name === module) !== true)
      throw new FleetError('not-found', `no module ${module} of a deployment ${deployment} here`);
    const entry: HistoryEntry = {
      request_id: `${deployment}:${module}:${name}:${this.agent.options.world.wall()}-${++this.counter}`,
      deployment_id: deployment,
      module_name: module,
      function_name: name,
      method,
      request_args: args,
      request_files: Object.fromEntries([...files.keys()].map((path) => [path, path])),
      work_queued_at: new Date(this.agent.options.world.wall()).toISOString(),
      result: '',
      success: false,
    };
    if (this.history.size >= MAX_HISTORY) this.history.delete([...this.history.keys()][0]);
    this.history.set(entry.request_id, entry);
    const id = executionId(deployment, module);
    const done = this.locks
      .with(id, () => this.work(id, known, request, entry))
      .catch((error) => {
        entry.result = error instanceof Error ? error.message : String(error);
        this.agent.options.log(`${name}: ${entry.result}`, id);
      });
    return { entry, done };
  }

  private async work(
    id: string,
    known: PapersDeployment,
    request: WorkRequest,
    entry: HistoryEntry,
  ): Promise<void> {
    const { module, function: name, args, files } = request;
    const execution = this.agent.execution(id);
    for (const [path, bytes] of files) await execution.putFile(path, bytes);
    const answer = await execution.call({ key: entry.request_id, function: name, args });
    if (answer.failure !== undefined) throw new FleetError('call-failed', answer.failure);
    const outputs = known.mounts[module]?.[name]?.output ?? [];
    const written = new Map<string, Uint8Array>();
    for (const { path } of outputs) {
      const bytes = await execution.file(path);
      if (bytes !== undefined) written.set(path, bytes);
    }
    for (const [path, bytes] of written) this.results.set(`${known.deploymentId}/${module}/${path}`, bytes);
    const [first] = answer.results ?? [];
    const [path] = written.keys();
    // "Not ready" is what their orchestrator takes a zero for.
    const own =
      path === undefined
        ? first === 0
          ? '0'
          : (first ?? '')
        : this.resultUrl(known.deploymentId, module, path);
    const next = known.instructions.modules[module]?.[name]?.to;
    entry.result = next === undefined ? own : await this.hand(next, first, written);
    entry.success = true;
  }

  private resultUrl(deployment: string, module: string, path: string): string {
    return `${this.url()}/module_results/${deployment}/${module}/${encodeURIComponent(path)}`;
  }

  /** The next function of a chain gets the result, as its first argument or as a file. */
  private async hand(
    next: Endpoint,
    first: number | string | undefined,
    files: RequestFiles,
  ): Promise<unknown> {
    const { client } = this.agent.options;
    const url = new URL(next.url + next.path);
    const [parameter] = next.request.parameters;
    if (parameter !== undefined && first !== undefined) url.searchParams.set(parameter.name, String(first));
    const method = next.method.toLowerCase() === 'post' ? 'POST' : 'GET';
    const form = method === 'POST' ? await multipart(files) : undefined;
    const { body } = await client.send({ method, url: url.href, ...form });
    const told = JSON.parse(new TextDecoder().decode(body)) as { resultUrl?: string; result?: unknown };
    return told.resultUrl ?? told.result ?? '';
  }

  result(deployment: string, module: string, path: string): Uint8Array {
    const bytes = this.results.get(`${deployment}/${module}/${path}`);
    if (bytes === undefined)
      throw new FleetError('not-found', `${module} of ${deployment} has written no ${path}`);
    return bytes;
  }
}

async function multipart(
  files: RequestFiles,
): Promise<{ body: Uint8Array; headers: Record<string, string> }> {
  const form = new FormData();
  for (const [path, bytes] of files) form.append(path, new Blob([bytes as Uint8Array<ArrayBuffer>]), path);
  const encoded = new Response(form);
  return {
    body: new Uint8Array(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type')! },
  };
}
