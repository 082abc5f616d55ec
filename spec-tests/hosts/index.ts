/** Scripts on another host than the one that runs the command: text is assembled here, all else happens there. */
import { bundleForNode, bundleForQuickjs } from '../../embed/quickjs/tests/bundle';
import { type EngineCommand, EngineProcess, JITLESS } from '../../embed/quickjs/tests/engines';
import type { FileResult } from '../script-run';
import { modulesOf } from '../script-run';
import { TextParser } from '../text-parser';
import { portableEngine } from './engines';
import { type Finish, packed, type Reply, type Task, type Told } from './task';

/** The deepest stacks of the suite are larger than a test of limits allows. */
const VM_BYTES = 1024 * 2 ** 20;

const HOSTS: Readonly<Record<string, () => Promise<EngineCommand>>> = {
  jitless: async () => {
    const main = await bundleForNode('../../../spec-tests/hosts/main-node.ts');
    return { name: 'jitless', command: process.execPath, args: [...JITLESS, main] };
  },
  quickjs: async () => {
    const vm = await bundleForNode('main-vm.ts');
    const inside = await bundleForQuickjs('../../../spec-tests/hosts/main-quickjs.ts');
    return { name: 'quickjs', command: process.execPath, args: [vm, inside, String(VM_BYTES)] };
  },
};
export const HOST_NAMES = Object.keys(HOSTS);

/** One process for all scripts. */
export class Host {
  private constructor(
    private readonly process: EngineProcess,
    readonly engine: string,
  ) {}

  /** Undefined when there is no such host, or it cannot run that engine. */
  static async open(name: string, engine: string): Promise<Host | undefined> {
    if (!Object.hasOwn(HOSTS, name) || portableEngine(engine) === undefined) return undefined;
    return new Host(new EngineProcess(await HOSTS[name]()), engine);
  }

  async run(path: string, source: string): Promise<FileResult> {
    const parser = new TextParser(source);
    const assembled = [];
    for (const module of modulesOf(source)) assembled.push(packed(await parser.assemble(module)));
    parser.save();
    const task: Task = { engine: this.engine, path, source, assembled };
    const reply = JSON.parse(await this.process.line(JSON.stringify(task))) as Reply;
    if ('refused' in reply) throw new Error(reply.refused);
    return reply;
  }

  /** What the engine tells of all scripts. */
  async finish(): Promise<string | undefined> {
    const task: Finish = { finish: this.engine };
    return (JSON.parse(await this.process.line(JSON.stringify(task))) as Told).told;
  }

  close(): Promise<void> {
    return this.process.close();
  }
}
