/** The command line in processes of its own, built once for all tests of a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buildFleet } from '../build.mjs';
import { COMMANDS } from '../cli/commands';
import { parseOptions } from '../cli/options';
import { OPERATOR_FILE } from '../cli/term';
import { nodeTransport } from '../cli/wire';
import { Client } from '../protocol/client';
import { identityIn } from '../security/keys';
import { signing } from '../security/requests';
import { DiskFiles } from '../store/disk';
import { freePort } from './ports';

export interface Started {
  readonly process: ChildProcess;
  readonly url: string;
  /** All lines of both outputs. */
  readonly lines: string[];
}

export class Processes {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'tswasm-fleet-'));
  /** What processes that are started from now on have beside the environment of this one. */
  environment: Readonly<Record<string, string>> = {};
  /** What they are put behind: a command that runs commands. */
  within: readonly string[] = [];
  private readonly built = path.resolve('node_modules/.cache', `fleet-${process.pid}`);
  private cli = '';
  private readonly children: ChildProcess[] = [];

  /** In node_modules, where the packages are found that the bundle leaves outside. */
  async build(): Promise<void> {
    this.cli = await buildFleet(this.built);
  }

  /** What is started from now on is another build: it does the same, and has not the same bytes. */
  changeBuild(): void {
    const [from, to] = [this.built, `${this.built}-changed`];
    cpSync(from, to, { recursive: true });
    appendFileSync(path.join(to, 'main.js'), '\n// another build\n');
    this.cli = path.join(to, 'cli.js');
  }

  /** Starts `up` or `agent`, which ends with this process however that ends, and waits for its address. */
  start(args: readonly string[], node: readonly string[] = []): Promise<Started> {
    const [program, ...words] = [...this.within, process.execPath, ...node, this.cli, ...args, '--tied'];
    const child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...this.environment },
    });
    this.children.push(child);
    const lines: string[] = [];
    return new Promise((resolve, reject) => {
      for (const input of [child.stdout, child.stderr])
        createInterface({ input }).on('line', (line) => {
          lines.push(line);
          const url = /listens on (\S+)/.exec(line)?.[1];
          if (url !== undefined) resolve({ process: child, url, lines });
        });
      // By then it has been heard to the end.
      child.on('close', (code) =>
        reject(new Error(`${args.join(' ')} ended with ${code}: ${lines.join('\n')}`)),
      );
    });
  }

  /** At a port that nobody else gets when it is killed and started there again. */
  async up(name = 'orchestrator', port?: number, more: readonly string[] = []): Promise<Started> {
    const at = ['--port', String(port ?? (await freePort()))];
    return this.start(['up', ...at, '--data', path.join(this.folder, name), ...more]);
  }
  /** An agent of the orchestrator in `owner`, enrolled when that has not happened yet. */
  async agent(
    name: string,
    up: Started,
    node: readonly string[] = [],
    owner = 'orchestrator',
    more: readonly string[] = [],
  ): Promise<Started> {
    const data = path.join(this.folder, name);
    const args = ['agent', '--name', name, '--orchestrator', up.url, '--data', data, ...more];
    if (existsSync(path.join(data, 'authority.json'))) return this.start(args, node);
    const { text } = await this.command(up, ['token'], owner);
    return this.start([...args, '--token', text], node);
  }

  /** A command of the operator. */
  ask(up: Started, args: readonly string[], owner = 'orchestrator') {
    return this.run([...args, '--orchestrator', up.url, '--data', path.join(this.folder, owner)]);
  }

  /** The same in this process, which takes less time than one of its own. */
  async command(up: Started, args: readonly string[], owner = 'orchestrator') {
    const files = new DiskFiles(path.join(this.folder, owner));
    const { options, operands } = parseOptions(args, {
      key: 'text',
      as: 'text',
      name: 'text',
      operator: 'flag',
      rounds: 'number',
    });
    return COMMANDS[operands[0]].run({
      client: new Client(signing(nodeTransport, await identityIn(files, OPERATOR_FILE))),
      base: `${up.url}/liquid/v1`,
      operands: operands.slice(1),
      options: { ...options, progress: () => undefined },
    });
  }

  /** A command to its end. */
  run(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const [program, ...words] = [...this.within, process.execPath, this.cli, ...args];
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.environment },
    });
    this.children.push(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (bytes) => (stdout += bytes));
    child.stderr.on('data', (bytes) => (stderr += bytes));
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  }

  async kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    await Promise.all(this.children.map((child) => this.kill(child)));
    rmSync(this.folder, { recursive: true, force: true });
    for (const one of [this.built, `${this.built}-changed`]) rmSync(one, { recursive: true, force: true });
  }
}
