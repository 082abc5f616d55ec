/** Runs tasks, on whatever host this is. */
import type { Engine } from '../engine';
import { runScriptWith } from '../script-run';
import { type Finish, type Reply, type Task, type Told, unpacked } from './task';

/** What answers the lines that a host gets, with the engines that are there. */
export function answering(engineNamed: (name: string) => Engine | undefined) {
  /** One of each name for all scripts: it counts what happens in them. */
  const engines = new Map<string, Engine | undefined>();
  return async (line: string): Promise<string> => {
    const task = JSON.parse(line) as Task | Finish;
    const name = 'finish' in task ? task.finish : task.engine;
    if (!engines.has(name)) engines.set(name, engineNamed(name));
    const engine = engines.get(name);
    return JSON.stringify('finish' in task ? await finish(engine) : await run(engine, task));
  };
}

async function run(engine: Engine | undefined, task: Task): Promise<Reply> {
  if (engine === undefined) return { refused: `no engine ${task.engine} here` };
  let next = 0;
  const assemble = async () => unpacked(task.assembled[next++]);
  return await runScriptWith(engine, task.path, task.source, { assemble, save: () => undefined });
}

async function finish(engine: Engine | undefined): Promise<Told> {
  const told = await engine?.finish?.();
  return told === undefined ? {} : { told };
}
