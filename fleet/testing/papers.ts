/** The orchestrator of the papers, from a checkout beside the project, unmodified, in a process of its own; and a client of its interface. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Bson, type DocumentServer, startDocumentServer } from './document-server';
import { freePort } from './ports';

/** A checkout of LiquidAI-project/wasmiot-orchestrator in whose folder `fileserv` `npm ci` has been run. */
const CHECKOUT = process.env['TSWASM_PAPERS_ORCHESTRATOR'];

export function papersOrchestratorMissing(): string | undefined {
  if (CHECKOUT === undefined || CHECKOUT === '')
    return 'TSWASM_PAPERS_ORCHESTRATOR does not name a checkout of LiquidAI-project/wasmiot-orchestrator';
  return existsSync(path.join(CHECKOUT, 'fileserv/node_modules/mongodb'))
    ? undefined
    : `${CHECKOUT}/fileserv has no packages: run npm ci there`;
}

export interface PapersDevice {
  readonly _id: string;
  readonly name: string;
  readonly status: string;
  readonly description?: { readonly platform?: unknown };
}

/** Their orchestrator reaches devices by the first address that mDNS tells: never by the loopback interface, unless there is no other one. */
export function reachableAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class PapersOrchestrator {
  /** What it prints. */
  readonly lines: string[] = [];

  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly database: DocumentServer,
  ) {}

  static async start(): Promise<PapersOrchestrator> {
    const folder = path.join(CHECKOUT!, 'fileserv');
    const bson = createRequire(path.join(folder, 'package.json'))('bson') as Bson;
    const database = await startDocumentServer(bson);
    const port = await freePort();
    const child = spawn(process.execPath, ['server.js'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        MONGO_HOST: '127.0.0.1',
        // The port is the last part of the address that it puts together, and the only place for options.
        MONGO_PORT: `${database.port}/?authMechanism=PLAIN&authSource=%24external&appName=papers`,
        MONGO_ROOT_USERNAME: 'root',
        MONGO_ROOT_PASSWORD: 'example',
        PUBLIC_HOST: 'http://127.0.0.1',
        PUBLIC_PORT: String(port),
        WASMIOT_INIT_FOLDER: '/nowhere',
      },
    });
    const papers = new PapersOrchestrator(`http://127.0.0.1:${port}`, child, database);
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => papers.lines.push(line));
    await papers.until('it answers', async () => (await papers.devices()) !== undefined);
    return papers;
  }

  /** Asks until something is so. */
  async until(what: string, holds: () => Promise<boolean>, milliseconds = 60_000): Promise<void> {
    const start = performance.now();
    while (performance.now() - start < milliseconds) {
      if (this.child.exitCode !== null) break;
      if (await holds().catch(() => false)) return;
      await pause(200);
    }
    throw new Error(`never came: ${what}\n${this.lines.slice(-40).join('\n')}`);
  }

  async ask(method: string, route: string, body?: FormData | object): Promise<unknown> {
    const form = body instanceof FormData;
    const answer = await fetch(this.url + route, {
      method,
      body: body === undefined || form ? body : JSON.stringify(body),
      headers: body === undefined || form ? {} : { 'content-type': 'application/json' },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
    return answer.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : text;
  }

  async devices(): Promise<PapersDevice[]> {
    return (await this.ask('GET', '/file/device')) as PapersDevice[];
  }
  /** The devices of these names, when it has found and described them all. */
  async found(...names: string[]): Promise<Map<string, string>> {
    const known = new Map<string, string>();
    await this.until(`the devices ${names.join(', ')}`, async () => {
      for (const { _id, name, description } of await this.devices())
        if (description?.platform !== undefined) known.set(name, _id);
      return names.every((name) => known.has(name));
    });
    return known;
  }

  /** Gives the module's id. */
  async push(
    name: string,
    bytes: Uint8Array,
    functions: object,
    files: Readonly<Record<string, Uint8Array>> = {},
  ): Promise<string> {
    const form = new FormData();
    form.set('name', name);
    const part = (contents: Uint8Array, type: string) =>
      new Blob([contents as Uint8Array<ArrayBuffer>], { type });
    form.set('module', part(bytes, 'application/wasm'), `${name}.wasm`);
    const { id } = (await this.ask('POST', '/file/module', form)) as { id: string };
    const description = new FormData();
    description.set('functions', JSON.stringify(functions));
    for (const [file, contents] of Object.entries(files))
      description.set(file, part(contents, 'application/octet-stream'), file);
    await this.ask('POST', `/file/module/${id}/upload`, description);
    return id;
  }

  /** Gives the deployment's id. */
  async deploy(name: string, sequence: readonly object[]): Promise<string> {
    // Called plain text there, and in quotation marks all the same.
    const id = String(await this.ask('POST', '/file/manifest', { name, sequence })).replaceAll('"', '');
    await this.ask('POST', `/file/manifest/${id}`, {});
    return id;
  }

  async execute(id: string, parts: Readonly<Record<string, string>> = {}) {
    const form = new FormData();
    for (const [name, value] of Object.entries(parts)) form.set(name, value);
    return (await this.ask('POST', `/execute/${id}`, form)) as { result: unknown; isInFailover: boolean };
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGKILL');
      await ended;
    }
    await this.database.close();
  }
}
