/** Debian's nats-server with JetStream, which can be killed and started again with what it has. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './ports';

export const hasNats = spawnSync('nats-server', ['--version']).error === undefined;

export class NatsServer {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tswasm-nats-'));
  private child: ChildProcess | undefined;

  private constructor(private readonly port: number) {}

  static async make(): Promise<NatsServer> {
    return new NatsServer(await freePort());
  }
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Settles when somebody is taken in. */
  async start(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.folder];
    this.child = spawn('nats-server', args, { stdio: 'ignore' });
    while (!(await this.answers())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.on('data', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
