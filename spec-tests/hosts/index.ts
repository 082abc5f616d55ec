/** Scripts on another host than the one that runs the command: text is assembled here, all else happens there. */
import { bundleForNode, bundleForQuickjs } from '../../embed/quickjs/tests/bundle';
import { type EngineCommand, EngineProcess, findBrowsers, JITLESS } from '../../embed/quickjs/tests/engines';
import { BROWSER_NAMES, type BrowserName } from '../../scripts/engines.mjs';
import type { Engine } from '../engine';
import type { FileResult } from '../script-run';
import { modulesOf } from '../script-run';
import { TextParser } from '../text-parser';
import { portableEngine } from './engines';
import { pageEngine } from './page-engines';
import { type Finish, packed, type Reply, type Task, type Told } from './task';

/** The deepest stacks of the suite are larger than a test of limits allows. */
const VM_BYTES = 1024 * 2 ** 20;

interface Kind {
  /** How it is started. Undefined where it is not. */
  readonly command: () => Promise<EngineCommand | undefined>;
  readonly engineNamed: (name: string) => Engine | undefined;
}

const page = (browser: BrowserName): Kind => ({
  engineNamed: pageEngine,
  command: async () =>
    (await findBrowsers('../../../spec-tests/hosts/main-page.ts')).find(({ name }) => name === browser),
});

const KINDS: Readonly<Record<string, Kind>> = {
  jitless: {
    engineNamed: portableEngine,
    command: async () => {
      const main = await bundleForNode('../../../spec-tests/hosts/main-node.ts');
      return { name: 'jitless', command: process.execPath, args: [...JITLESS, main] };
    },
  },
  quickjs: {
    engineNamed: portableEngine,
    command: async () => {
      const vm = await bundleForNode('main-vm.ts');
      const inside = await bundleForQuickjs('../../../spec-tests/hosts/main-quickjs.ts');
      return { name: 'quickjs', command: process.execPath, args: [vm, inside, String(VM_BYTES)] };
    },
  },
  ...Object.fromEntries(BROWSER_NAMES.map((name) => [name, page(name)])),
};
export const HOST_NAMES = Object.keys(KINDS);

/** One process for all scripts. */
export class Host {
  private constructor(
    private readonly process: EngineProcess,
    readonly engine: string,
  ) {}

  /** Undefined when there is no such host, or it cannot run that engine. */
  static async open(name: string, engine: string): Promise<Host | undefined> {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
    if (kind?.engineNamed(engine) === undefined) return undefined;
    const command = await kind.command();
    return command && new Host(new EngineProcess(command), engine);
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
