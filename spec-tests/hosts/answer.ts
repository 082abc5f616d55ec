/** Runs a task, on whatever host this is. */
import type { Engine } from '../engine';
import { runScriptWith } from '../script-run';
import { portableEngine } from './engines';
import { type Finish, type Reply, type Task, type Told, unpacked } from './task';

/** One of each name for all scripts: it counts what happens in them. */
const engines = new Map<string, Engine | undefined>();
function engineNamed(name: string): Engine | undefined {
  if (!engines.has(name)) engines.set(name, portableEngine(name));
  return engines.get(name);
}

export async function answer(line: string): Promise<string> {
  const task = JSON.parse(line) as Task | Finish;
  return JSON.stringify('finish' in task ? await finish(task) : await run(task));
}

async function run({ engine: name, path, source, assembled }: Task): Promise<Reply> {
  const engine = engineNamed(name);
  if (engine === undefined) return { refused: `no engine ${name} here` };
  let next = 0;
  const assemble = async () => unpacked(assembled[next++]);
  return await runScriptWith(engine, path, source, { assemble, save: () => undefined });
}

async function finish({ finish: name }: Finish): Promise<Told> {
  const told = await engineNamed(name)?.finish?.();
  return told === undefined ? {} : { told };
}
