/** The engines that the tests move programs between: how a fresh process of each is started, and how it is asked. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  BROWSER_NAMES,
  type EngineName,
  findBrowser,
  findEngine,
  noBrowser,
  noEngine,
} from '../../../scripts/engines.mjs';
import { bundleForHermes, bundleForNode, bundleForPage, bundleForQuickjs } from './bundle';
import { VM_LIMITS } from './vm';
import type { FailedReply, ReplyTo, Request } from './wire';

export interface EngineCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Node, Node without a compiler, QuickJS in quickjs-emscripten, the binaries that TSWASM_QJS names (with `:` between them), and those of Bun,
 * Deno and Hermes that are here.
 */
export async function findEngines({ vmBytes = VM_LIMITS.memoryBytes } = {}): Promise<EngineCommand[]> {
  const onNode = await bundleForNode('main-node.ts');
  const onVm = [await bundleForNode('main-vm.ts'), await bundleForQuickjs('vm-entry.ts'), String(vmBytes)];
  const node = process.execPath;
  const engines: EngineCommand[] = [
    { name: 'node', command: node, args: [onNode] },
    { name: 'jitless', command: node, args: [...JITLESS, onNode] },
    { name: 'quickjs', command: node, args: onVm },
  ];
  for (const command of qjsBinaries()) {
    engines.push({ name: command, command, args: [await bundleForQuickjs('main-qjs.ts')] });
  }
  for (const name of OTHERS) {
    const program = findEngine(name);
    if (program !== undefined) engines.push(await otherEngine(name, program, onNode));
  }
  return engines;
}
const OTHERS: readonly EngineName[] = ['bun', 'deno', 'hermes'];

async function otherEngine(name: EngineName, program: string, onNode: string): Promise<EngineCommand> {
  switch (name) {
    case 'bun':
      return { name, command: program, args: [onNode] };
    case 'deno':
      return { name, command: program, args: ['run', '--allow-all', '--quiet', onNode] };
    case 'hermes': {
      const main = await bundleForNode('../../engines/tests/main-hermes.ts');
      return { name, command: process.execPath, args: [main, program, await bundleForHermes()] };
    }
  }
}
/** A page of each browser that is here, with a script of ours. */
export async function findBrowsers(script = '../../browser/tests/page-entry.ts'): Promise<EngineCommand[]> {
  const found: EngineCommand[] = [];
  for (const name of BROWSER_NAMES) {
    const program = findBrowser(name);
    if (program === undefined) continue;
    const main = await bundleForNode('../../browser/tests/main-page.ts');
    found.push({ name, command: process.execPath, args: [main, name, program, await bundleForPage(script)] });
  }
  return found;
}
export const JITLESS = ['--jitless', '--disallow-code-generation-from-strings'];

export function qjsBinaries(): string[] {
  return (process.env['TSWASM_QJS'] ?? '').split(path.delimiter).filter((name) => name !== '');
}
export function missingNotice(): void {
  if (qjsBinaries().length === 0) {
    process.stderr.write('SKIPPED: a native QuickJS; name its binary in TSWASM_QJS to test it too\n');
  }
  for (const name of OTHERS) {
    if (findEngine(name) === undefined) process.stderr.write(`SKIPPED: ${noEngine(name)}\n`);
  }
  for (const name of BROWSER_NAMES) {
    if (findBrowser(name) === undefined) process.stderr.write(`SKIPPED: ${noBrowser(name)}\n`);
  }
}

/** A process that answers requests one after the other; the next may be asked before the last is answered. */
export class EngineProcess {
  private readonly child;
  private readonly lines: AsyncIterator<string>;
  private errors = '';

  constructor(readonly engine: EngineCommand) {
    this.child = spawn(engine.command, engine.args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    // A process that dies closes its output; the reader says so.
    this.child.stdin.on('error', () => undefined);
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer to a line. */
  async line(text: string): Promise<string> {
    this.child.stdin.write(`${text}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.engine.name} ended without an answer: ${this.errors}`);
    return value;
  }

  async ask<R extends Request>(request: R): Promise<ReplyTo<R>> {
    const reply = JSON.parse(await this.line(JSON.stringify(request))) as ReplyTo<R> | FailedReply;
    if (reply.kind === 'failed') throw new Error(`${this.engine.name}: ${reply.message}`);
    return reply;
  }

  async close(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.stdin.end();
    await closed;
  }
}

/** One request in a process of its own. */
export async function askFresh<R extends Request>(engine: EngineCommand, request: R): Promise<ReplyTo<R>> {
  const process = new EngineProcess(engine);
  try {
    return await process.ask(request);
  } finally {
    await process.close();
  }
}
