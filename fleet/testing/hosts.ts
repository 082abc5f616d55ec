/**
 * A fleet on hosts of its own (namespaces): the orchestrator, two agents on Node, one without a JIT, one with a QuickJS beside it, and one in a page
 * of Chromium. The owner of an execution is killed again and again, and whoever asks must see nothing of it but the time that it takes.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Browser, chromium } from './browser';
import { assemble, COUNTER, LONG } from './modules';
import { Namespaces, namespacesMissing } from './namespaces';
import { Processes, type Started } from './processes';
import { findQjs, forgetQjs } from './quickjs';

const BRIDGE = 'quickjs';
/** Flags of Node for each agent that is a process. The third has its guests in a QuickJS. */
const AGENTS: Readonly<Record<AgentName, readonly string[]>> = {
  node: [],
  jitless: ['--jitless'],
  [BRIDGE]: [],
  other: [],
};
type AgentName = 'node' | 'jitless' | typeof BRIDGE | 'other';
const PAGE = 'page';
export const KINDS = ['node', 'jitless', BRIDGE, PAGE] as const;

/** What is started behind it has processes and mounts of its own, and all of them end with it. */
const TOGETHER = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

export const hostsMissing = (): string | undefined =>
  chromium === undefined ? 'there is no Chromium' : namespacesMissing();

export interface Seen {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly texts: readonly string[];
}

/** What avahi finds, from a host where nothing else runs. It wants a bus and files of its own. */
const BROWSE = `mount -t tmpfs none /run && mkdir -p /run/dbus /run/avahi-daemon &&
dbus-daemon --system --fork --nopidfile &&
avahi-daemon --daemonize --no-drop-root --no-chroot --no-rlimits --file /dev/null >/dev/null 2>&1 &&
sleep 2 && timeout 10 avahi-browse --resolve --terminate --parsable --no-db-lookup "$0"`;

export class Hosts {
  readonly processes = new Processes();
  readonly namespaces = new Namespaces(['up', ...Object.keys(AGENTS), PAGE, 'look']);
  private readonly agents = new Map<AgentName, Started>();
  private browser: Browser | undefined;
  /** A browser that is started anew is a new device. */
  private pages = 0;
  private up!: Started;
  private count = 0;
  private qjs = '';

  async open(): Promise<void> {
    const { processes } = this;
    await processes.build();
    [this.qjs] = await findQjs();
    processes.within = this.namespaces.within('up');
    this.up = await processes.up('orchestrator', undefined, ['--host', this.namespaces.address('up')]);
    for (const name of Object.keys(AGENTS) as AgentName[]) await this.start(name);
    await this.start(PAGE);
    for (const [name, wasm] of Object.entries({ counter: COUNTER, long: LONG })) {
      const file = path.join(processes.folder, `${name}.wasm`);
      writeFileSync(file, await assemble(wasm));
      await this.ask('push', file);
      const execution = {
        name: 'main',
        module: name,
        checkpoint: name === 'long' ? 'every 1 s' : 'after-call',
      };
      const document = path.join(processes.folder, `${name}.json`);
      writeFileSync(document, JSON.stringify({ id: name, executions: [execution] }));
      await this.ask('deploy', document);
    }
  }

  async ask(...args: string[]): Promise<unknown> {
    return (await this.processes.command(this.up, args)).document;
  }
  async text(...args: string[]): Promise<string> {
    return (await this.processes.command(this.up, args)).text;
  }

  private async start(name: AgentName | typeof PAGE): Promise<void> {
    if (name === PAGE) return this.startPage();
    this.processes.within = this.namespaces.within(name);
    const engine = name === BRIDGE ? ['--engine', 'quickjs', '--qjs', this.qjs] : [];
    const more = ['--host', this.namespaces.address(name), ...engine];
    const started = await this.processes.agent(name, this.up, AGENTS[name], 'orchestrator', more);
    this.agents.set(name, started);
  }

  private async startPage(): Promise<void> {
    // What it comes from is another machine, and it has no certificate for it.
    const secure = `--unsafely-treat-insecure-origin-as-secure=${this.up.url}`;
    const browser = new Browser([...this.namespaces.within(PAGE), ...TOGETHER], [secure]);
    this.browser = browser;
    const token = await this.text('token');
    await browser.open(`${this.up.url}/agent#${PAGE}${++this.pages}/${token}`, 800, 600);
    await browser.until(`document.body.dataset.running !== undefined`);
  }

  private deviceOf(kind: (typeof KINDS)[number]): string {
    return kind === PAGE ? `${PAGE}${this.pages}` : kind;
  }

  private async killHost(kind: (typeof KINDS)[number]): Promise<void> {
    if (kind === PAGE) await this.browser!.close('SIGKILL');
    else await this.processes.kill(this.agents.get(kind)!.process);
  }

  /** The next number under a new key, and the same one under that key again. */
  async next(): Promise<void> {
    const key = `k${++this.count}`;
    for (let k = 0; k < 2; k++) {
      const told = await this.text('exec', 'counter~main', 'next', '--key', key);
      if (told !== String(this.count)) throw new Error(`the answer to ${key} is ${told}`);
    }
  }

  /** Both executions come to it, and it is killed. Gives the milliseconds until the next answer; then it is there again. */
  async kill(kind: (typeof KINDS)[number]): Promise<number> {
    for (const id of ['counter~main', 'long~main']) {
      const [{ device }] = ((await this.ask('ps')) as { id: string; device: string }[]).filter(
        (one) => one.id === id,
      );
      if (device !== this.deviceOf(kind)) await this.ask('move', id, this.deviceOf(kind));
    }
    await this.next();
    await this.killHost(kind);
    const start = performance.now();
    await this.next();
    const milliseconds = performance.now() - start;
    await this.start(kind);
    await this.next();
    return milliseconds;
  }

  /** What others see of the fleet by mDNS. */
  browse(): readonly Seen[] {
    const [program, ...words] = this.namespaces.within('look');
    const args = [...words, ...TOGETHER, 'sh', '-c', BROWSE, '_tswasm-fleet._tcp'];
    const { stdout, stderr, status } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`avahi ended with ${status}: ${stderr}`);
    const found = stdout.split('\n').filter((line) => line.startsWith('=') && line.includes(';IPv4;'));
    return found.map((line) => {
      const [, , , name, , , , address, port, text] = line.split(';');
      return {
        name,
        address,
        port: Number(port),
        texts: text.split('" "').map((t) => t.replaceAll('"', '')),
      };
    });
  }

  async close(): Promise<void> {
    await this.browser?.close('SIGKILL').catch(() => undefined);
    await this.processes.close();
    forgetQjs();
    this.namespaces.close();
  }
}
