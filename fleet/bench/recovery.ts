/**
 * How long nobody answers when the device of an execution is killed:
 *   npm run bench:recovery -- [--kills 40] [--limit MILLISECONDS]
 * The devices are hosts of their own (network namespaces, so root has to ask): Node, Node without a JIT, Node with a QuickJS beside it, and a
 * page of Chromium, in turn. From `kill -9` of the owner to the next answer, which has to be the one that follows, and the same again under its key. A long computation is killed along, and has to
 * end right. With --limit it is an error when the 95th percentile is above it.
 */
import { table } from '../cli/table';
import { Hosts, hostsMissing, KINDS } from '../testing/hosts';
import { closeOnSignals } from '../testing/signals';
import { benchOptions } from './options';
import { percentile } from './percentile';

const { options } = benchOptions(import.meta.url, { kills: 'number', limit: 'number' });
const { kills = 40, limit } = options;
/** Turns of the long computation. */
const TURNS = 20_000_000;

const row = (name: string, times: readonly number[]) => [
  name,
  times.length,
  ...[0.5, 0.95, 1].map((part) => percentile(times, part).toFixed(0)),
];

async function measure(hosts: Hosts): Promise<boolean> {
  await hosts.open();
  const long = hosts.text('exec', 'long~main', 'count', String(TURNS));
  long.catch(() => undefined);
  await hosts.next();
  const times = new Map<string, number[]>(KINDS.map((kind) => [kind, []]));
  for (let k = 0; k < kills; k++) {
    const kind = KINDS[k % KINDS.length];
    times.get(kind)!.push(await hosts.kill(kind));
    console.error(`${k + 1} of ${kills} kills: ${kind}, ${times.get(kind)!.at(-1)!.toFixed(0)} ms`);
  }
  const all = [...times.values()].flat();
  const rows = [...times].filter(([, some]) => some.length > 0).map(([kind, some]) => row(kind, some));
  console.log(table(['OWNER', 'KILLS', 'p50 ms', 'p95 ms', 'MAX ms'], [...rows, row('all', all)]));
  const told = await long;
  if (told !== String(TURNS)) throw new Error(`the long computation gave ${told}`);
  console.log(`the long computation has counted to ${told}`);
  return limit === undefined || percentile(all, 0.95) <= limit;
}

const missing = hostsMissing();
if (missing !== undefined) {
  console.error(`no hosts of their own can be made here: ${missing}`);
  process.exitCode = 1;
} else {
  const hosts = new Hosts();
  closeOnSignals(() => hosts.close());
  try {
    process.exitCode = (await measure(hosts)) ? 0 : 1;
  } finally {
    await hosts.close();
  }
}
