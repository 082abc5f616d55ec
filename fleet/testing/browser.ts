/** Chromium without a window, by its debugging protocol over a pipe. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
/** The program; undefined, told loudly, when there is none. */
export const chromium = NAMES.find((name) => spawnSync('which', [name]).status === 0);
if (chromium === undefined) console.warn(`SKIPPED: none of ${NAMES.join(', ')} is here, so no page is tried`);

type Result = Record<string, unknown>;

/** What a command is answered with whose page goes elsewhere meanwhile, which Chromium tells by its text alone. */
const ELSEWHERE = 'Inspected target navigated or closed';

export class Browser {
  private readonly profile = mkdtempSync(path.join(tmpdir(), 'fleet-chromium-'));
  private readonly child: ChildProcess;
  private readonly waiting = new Map<
    number,
    { method: string; resolve: (r: Result) => void; reject: (e: Error) => void }
  >();
  private count = 0;
  private session: string | undefined;

  /** `within`: a command that runs commands; the rest is for Chromium. */
  constructor(within: readonly string[] = [], more: readonly string[] = []) {
    // A container has little shared memory, without which pages crash.
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    flags.push('--remote-debugging-pipe');
    const all = [...within, chromium!, ...flags, ...more, `--user-data-dir=${this.profile}`];
    this.child = spawn(all[0], all.slice(1), {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    (this.child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop()!;
      for (const message of messages) this.take(JSON.parse(message));
    });
    // Whoever waits for an answer hears that it is at its end.
    (this.child.stdio[3] as Writable).on('error', () => undefined);
    this.child.on('exit', (code, signal) => {
      for (const { method, reject } of this.waiting.values())
        reject(new Error(`${method}: Chromium has ended (${signal ?? code})`));
      this.waiting.clear();
    });
  }

  private take({ id, result, error }: { id?: number; result?: Result; error?: { message: string } }): void {
    const waiter = id === undefined ? undefined : this.waiting.get(id);
    if (waiter === undefined) return;
    this.waiting.delete(id!);
    if (error === undefined) waiter.resolve(result ?? {});
    else waiter.reject(new Error(`${waiter.method}: ${error.message}`));
  }

  send(method: string, params: Result = {}): Promise<Result> {
    const id = ++this.count;
    const message = JSON.stringify({ id, method, params, sessionId: this.session });
    (this.child.stdio[3] as Writable).write(`${message}\0`);
    return new Promise((resolve, reject) => this.waiting.set(id, { method, resolve, reject }));
  }

  /** As `send`; undefined when the page goes elsewhere meanwhile. A page that is closed answers the next command with an error of its own. */
  private async sent(method: string, params: Result): Promise<Result | undefined> {
    try {
      return await this.send(method, params);
    } catch (error) {
      if ((error as Error).message.endsWith(ELSEWHERE)) return undefined;
      throw error;
    }
  }

  /** Opens a page of this size. */
  async open(url: string, width: number, height: number): Promise<void> {
    this.session = undefined;
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    this.session = (await this.send('Target.attachToTarget', { targetId, flatten: true }))[
      'sessionId'
    ] as string;
    await this.resize(width, height);
    await this.send('Page.navigate', { url });
  }

  resize(width: number, height: number): Promise<Result> {
    const screen = { width, height, deviceScaleFactor: 1, mobile: width < 500 };
    return this.send('Emulation.setDeviceMetricsOverride', screen);
  }

  async evaluate(expression: string): Promise<unknown> {
    return answerOf(await this.send('Runtime.evaluate', evaluation(expression)));
  }

  /** Until the expression is true, here or on a page that follows this one. */
  async until(expression: string): Promise<void> {
    while (answerOf((await this.sent('Runtime.evaluate', evaluation(expression))) ?? {}) !== true)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data as string, 'base64');
  }

  /** A click, or with `to` a drag, by what is really pressed. */
  async press(at: string, to?: string, meanwhile?: () => Promise<unknown>): Promise<void> {
    const from = await this.middle(at);
    await this.mouse('mousePressed', from);
    await meanwhile?.();
    if (to !== undefined) {
      const target = await this.middle(to);
      const steps = 5;
      for (let k = 1; k <= steps; k++) {
        const x = from.x + ((target.x - from.x) * k) / steps;
        const y = from.y + ((target.y - from.y) * k) / steps;
        await this.mouse('mouseMoved', { x, y });
      }
      await this.mouse('mouseReleased', target);
    } else await this.mouse('mouseReleased', from);
  }

  /** What is pressed may lead elsewhere. */
  private async mouse(type: string, { x, y }: { x: number; y: number }): Promise<void> {
    await this.sent('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1 });
  }

  private async middle(selector: string): Promise<{ x: number; y: number }> {
    const box = `(() => { const r = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
      return { x: r.x + r.width / 2, y: r.y + Math.min(r.height / 2, 20) }; })()`;
    return (await this.evaluate(box)) as { x: number; y: number };
  }

  async close(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill(signal);
    await ended;
    await removed(this.profile);
  }
}

const evaluation = (expression: string) => ({ expression, returnByValue: true, awaitPromise: true });
const answerOf = ({ result }: Result) => (result as { value?: unknown } | undefined)?.value;

/** Processes of the browser outlive its first one, and write until they end: a folder that was empty is not, which no option of `rm` waits for. */
async function removed(folder: string): Promise<void> {
  for (let tries = 100; ; tries--) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
