/** Runs a task, on whatever host this is. */
import { runScriptWith } from '../script-run';
import { portableEngine } from './engines';
import { type Reply, type Task, unpacked } from './task';

export async function answer(line: string): Promise<string> {
  const { engine: name, path, source, assembled } = JSON.parse(line) as Task;
  const engine = portableEngine(name);
  if (engine === undefined) return JSON.stringify({ refused: `no engine ${name} here` } satisfies Reply);
  let next = 0;
  const assemble = async () => unpacked(assembled[next++]);
  return JSON.stringify(await runScriptWith(engine, path, source, { assemble, save: () => undefined }));
}
