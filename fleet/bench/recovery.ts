/**
 * How long nobody answers when the device of an execution is killed:
 *   npm run bench:recovery -- [--kills 40] [--limit MILLISECONDS]
 * Real processes; from `kill -9` of the owner to the next answer, which has to be the one that follows. With --limit it is an error when the
 * 95th percentile is above it.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseOptions } from '../cli/options';
import { table } from '../cli/table';
import { assemble, COUNTER } from '../testing/modules';
import { Processes } from '../testing/processes';
import { percentile } from './percentile';

const { options } = parseOptions(process.argv.slice(2), { kills: 'number', limit: 'number' });
const { kills = 40, limit } = options;
const NAMES = ['a', 'b', 'c'];

async function measure(processes: Processes): Promise<boolean> {
  const up = await processes.up();
  const agents = new Map<string, Awaited<ReturnType<typeof processes.agent>>>();
  for (const name of NAMES) agents.set(name, await processes.agent(name, up));
  const ask = async (...args: string[]) => await processes.command(up, args);
  const file = path.join(processes.folder, 'counter.wasm');
  writeFileSync(file, await assemble(COUNTER));
  await ask('push', file);
  await ask('deploy', 'counter', '--as', 'x');
  let count = 0;
  const next = async () => {
    const { text } = await ask('exec', 'x~main', 'next', '--key', `k${++count}`);
    if (text !== String(count)) throw new Error(`the answer is ${text}, and should be ${count}`);
  };
  await next();
  const times: number[] = [];
  for (let k = 0; k < kills; k++) {
    const [{ device }] = (await ask('ps')).document as { device: string }[];
    await processes.kill(agents.get(device)!.process);
    const start = performance.now();
    await next();
    times.push(performance.now() - start);
    agents.set(device, await processes.agent(device, up));
    await next();
  }
  const row = [kills, ...[0.5, 0.95, 1].map((part) => percentile(times, part).toFixed(0))];
  console.log(table(['KILLS', 'p50 ms', 'p95 ms', 'MAX ms'], [row]));
  return limit === undefined || percentile(times, 0.95) <= limit;
}

const processes = new Processes();
try {
  await processes.build();
  process.exitCode = (await measure(processes)) ? 0 : 1;
} finally {
  await processes.close();
}
