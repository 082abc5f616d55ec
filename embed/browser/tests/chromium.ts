/** Chromium without a window, driven over a pipe by its own protocol (Chrome DevTools Protocol). */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type Browser, Page, removeProfile } from './page';

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: { readonly exceptionDetails?: Thrown };
}

interface Thrown {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}

/** What a command is answered with whose page goes elsewhere meanwhile, which Chromium tells by its text alone. */
const ELSEWHERE = ['Inspected target navigated or closed', 'Cannot find default execution context'];

export class Chromium implements Browser {
  private readonly child: ChildProcess;
  private readonly profile = mkdtempSync(path.join(tmpdir(), 'chromium-'));
  private readonly waiting = new Map<number, (message: Message) => void>();
  private readonly pages = new Map<string, ChromiumPage>();
  private sent = 0;
  private received = '';

  constructor(program: string) {
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${this.profile}`];
    // A container has little shared memory, without which pages crash.
    flags.push('--disable-dev-shm-usage');
    const driven = ['--remote-debugging-pipe', '--enable-unsafe-extension-debugging'];
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] as const;
    this.child = spawn(program, [...flags, ...driven, 'about:blank'], { stdio: [...stdio] });
    (this.child.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => this.receive(chunk));
    // Whoever waits for an answer hears that it is at its end.
    (this.child.stdio[3] as Writable).on('error', () => undefined);
    this.child.on('exit', (code, signal) => {
      const error = { message: `Chromium has ended (${signal ?? code})` };
      for (const tell of this.waiting.values()) tell({ error });
    });
  }

  private receive(text: string): void {
    const messages = (this.received + text).split('\0');
    this.received = messages.pop()!;
    for (const message of messages.map((each) => JSON.parse(each) as Message)) {
      if (message.id !== undefined) this.waiting.get(message.id)?.(message);
      else if (message.method === 'Runtime.exceptionThrown')
        this.pages.get(message.sessionId!)?.uncaught(message.params!.exceptionDetails!);
    }
  }

  private async send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.sent;
    const reply = new Promise<Message>((resolve) => this.waiting.set(id, resolve));
    (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await reply;
    this.waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  /** The address of an unpacked extension. */
  async loadExtension(folder: string): Promise<string> {
    const { id } = await this.send<{ id: string }>('Extensions.loadUnpacked', { path: folder });
    return `chrome-extension://${id}`;
  }

  async open(url: string): Promise<Page> {
    const { targetId } = await this.send<{ targetId: string }>('Target.createTarget', { url });
    const attach = { targetId, flatten: true };
    const { sessionId } = await this.send<{ sessionId: string }>('Target.attachToTarget', attach);
    const page = new ChromiumPage((method, params) => this.send(method, params, sessionId));
    this.pages.set(sessionId, page);
    await this.send('Runtime.enable', {}, sessionId);
    return page;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill();
    await ended;
    removeProfile(this.profile);
  }
}

interface Evaluated {
  readonly result: { readonly value?: unknown; readonly description?: string };
  readonly exceptionDetails?: object;
}

class ChromiumPage extends Page {
  private readonly send: <T>(method: string, params: object) => Promise<T>;
  constructor(send: <T>(method: string, params: object) => Promise<T>) {
    super();
    this.send = send;
  }

  private first: string | undefined;
  uncaught({ text, exception }: Thrown): void {
    this.first ??= `${text} ${exception?.description ?? ''}`;
  }
  protected thrown(): string | undefined {
    return this.first;
  }

  async evaluate(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send<Evaluated>('Runtime.evaluate', params);
    if (exceptionDetails !== undefined)
      throw new Error(result.description ?? JSON.stringify(exceptionDetails));
    return result.value;
  }

  protected isElsewhere(error: unknown): boolean {
    return ELSEWHERE.some((text) => (error as Error).message.endsWith(text));
  }

  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.send<{ data: string }>('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }
}
