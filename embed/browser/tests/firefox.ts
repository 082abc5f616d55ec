/** Firefox without a window, driven over a socket by its own protocol (Marionette). */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, Page, removeProfile } from './page';

/** Any free port; no question whether a script that takes long shall go on; what scripts throw, on the error output. */
const PREFERENCES: Readonly<Record<string, number | boolean>> = {
  'marionette.port': 0,
  'dom.max_script_run_time': 0,
  'browser.dom.window.dump.enabled': true,
};
/** Who drives it writes the port here. */
const PORT = 'MarionetteActivePort';
/** How it tells on its error output what a script of a page threw and nobody caught. */
const UNCAUGHT = /^JavaScript error: ((?!resource:|chrome:).*)$/m;

/** A page that its command is for goes elsewhere meanwhile. */
const ELSEWHERE = ['no such window', 'unknown error'];

type Reply = readonly [kind: 1, id: number, error: Failure | null, result: object | null];
interface Failure {
  readonly error: string;
  readonly message: string;
  readonly stacktrace: string;
}

class MarionetteError extends Error {
  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

export class Firefox implements Browser {
  private readonly child: ChildProcess;
  private readonly profile = mkdtempSync(path.join(tmpdir(), 'firefox-'));
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private readonly began: Promise<Socket>;
  private sent = 0;
  private received = Buffer.alloc(0);
  private errors = '';
  private ended: string | undefined;
  /** The window that commands are for. */
  private current = '';

  constructor(program: string) {
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
    writeFileSync(path.join(this.profile, 'user.js'), lines.join(''));
    const args = ['--headless', '--marionette', '--no-remote', '--profile', this.profile];
    this.child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.child.on('exit', (code, signal) => this.end(`Firefox has ended (${signal ?? code})`));
    this.began = this.begin();
    // Whoever opens a page hears of it.
    this.began.catch(() => undefined);
  }

  private end(message: string): void {
    this.ended ??= message;
    const failure = { error: 'ended', message, stacktrace: '' };
    for (const [id, tell] of this.waiting) tell([1, id, failure, null]);
  }

  private async begin(): Promise<Socket> {
    const file = path.join(this.profile, PORT);
    while (!existsSync(file) || readFileSync(file, 'utf8') === '') {
      if (this.ended !== undefined) throw new Error(`${this.ended}\n${this.errors}`);
      await sleep(50);
    }
    const socket = connect(Number(readFileSync(file, 'utf8')), '127.0.0.1');
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.end('Firefox has closed its socket'));
    await new Promise((resolve) => socket.once('connect', resolve));
    const timeouts = { script: null, pageLoad: 300_000, implicit: 0 };
    const capabilities = { alwaysMatch: { pageLoadStrategy: 'none', timeouts } };
    await this.ask(socket, 'WebDriver:NewSession', { capabilities });
    return socket;
  }

  /** Each message is a text in UTF-8 with its length before it. */
  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const colon = this.received.indexOf(':');
      const end = colon + 1 + Number(this.received.toString('latin1', 0, colon));
      if (colon < 0 || this.received.length < end) return;
      const message = JSON.parse(this.received.toString('utf8', colon + 1, end)) as Reply | object;
      this.received = this.received.subarray(end);
      // The first one, which is no reply, says who it is.
      if (Array.isArray(message))
        this.waiting.get((message as unknown as Reply)[1])?.(message as unknown as Reply);
    }
  }

  private async ask<T>(socket: Socket, command: string, params: object): Promise<T> {
    if (this.ended !== undefined) throw new Error(`${this.ended}\n${this.errors}`);
    const id = ++this.sent;
    const reply = new Promise<Reply>((resolve) => this.waiting.set(id, resolve));
    const text = JSON.stringify([0, id, command, params]);
    socket.write(`${Buffer.byteLength(text)}:${text}`);
    const [, , failure, result] = await reply;
    this.waiting.delete(id);
    if (failure !== null) throw new MarionetteError(failure.error, `${failure.error}: ${failure.message}`);
    return result as T;
  }

  private async send<T>(command: string, params: object = {}, window = this.current): Promise<T> {
    const socket = await this.began;
    if (window !== this.current) {
      await this.ask(socket, 'WebDriver:SwitchToWindow', { handle: window });
      this.current = window;
    }
    return this.ask(socket, command, params);
  }

  async open(url: string): Promise<Page> {
    const { handle } = await this.send<{ handle: string }>('WebDriver:NewWindow', { type: 'tab' });
    const from = this.errors.length;
    await this.send('WebDriver:Navigate', { url }, handle);
    return new FirefoxPage(
      (command, params) => this.send(command, params, handle),
      () => UNCAUGHT.exec(this.errors.slice(from))?.[1],
    );
  }

  async close(): Promise<void> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill();
      await ended;
    }
    removeProfile(this.profile);
  }
}

class FirefoxPage extends Page {
  constructor(
    private readonly send: <T>(command: string, params: object) => Promise<T>,
    protected readonly thrown: () => string | undefined,
  ) {
    super();
  }

  async evaluate(expression: string): Promise<unknown> {
    const script = `return (${expression});`;
    const { value } = await this.send<{ value: unknown }>('WebDriver:ExecuteScript', { script, args: [] });
    return value;
  }

  protected isElsewhere(error: unknown): boolean {
    return error instanceof MarionetteError && ELSEWHERE.includes(error.kind);
  }

  async screenshot(): Promise<Uint8Array> {
    const { value } = await this.send<{ value: string }>('WebDriver:TakeScreenshot', { full: false });
    return Buffer.from(value, 'base64');
  }
}
