/**
 * How long an execution stands still in a move between two processes: so many moves with rounds of copying, and among them, as every second or n-th
 * move, some that stop and copy:
 *   npm run bench:moves -- [--moves 200] [--pages 1024] [--rate 256] [--stop-every 2] [--page] [--limit MILLISECONDS]
 * The guest writes `rate` blocks of 4 KiB a second, round its memory, and traps when one has not come along. With --limit it is an
 * error when the 99th percentile of the pause is above it. With --page the second device is a page of Chromium, and those that go there are counted
 * apart from those that come back. A pause has two processes' turns in it: `chrt -r 1 npm run ...` measures beside whatever else this machine does.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { table } from '../cli/table';
import type { MoveReport } from '../protocol/reports';
import { Browser, chromium } from '../testing/browser';
import { assemble, writer } from '../testing/modules';
import { Processes, type Started } from '../testing/processes';
import { closeOnSignals } from '../testing/signals';
import { busy } from './busy';
import { benchOptions } from './options';
import { percentile } from './percentile';

/** Milliseconds between two bursts of the guest: short beside a move. */
const BURST = 20;
/** Milliseconds between two moves, in which the guest writes. */
const BETWEEN = 50;

const { options } = benchOptions(import.meta.url, {
  moves: 'number',
  pages: 'number',
  rate: 'number',
  'stop-every': 'number',
  page: 'flag',
  limit: 'number',
});
const { moves = 200, pages = 1024, rate = 256, 'stop-every': every = 2, page = false, limit } = options;

/** The second device, and how it ends. */
interface Second {
  readonly name: string;
  close(): Promise<void>;
}

function row(name: string, reports: readonly MoveReport[]): (string | number)[] {
  const pauses = reports.map(({ pause }) => pause);
  const mean = (pick: (report: MoveReport) => number) =>
    reports.reduce((sum, report) => sum + pick(report), 0) / reports.length;
  return [
    name,
    reports.length,
    ...[0.5, 0.95, 0.99, 1].map((part) => percentile(pauses, part).toFixed(1)),
    mean(({ milliseconds }) => milliseconds).toFixed(0),
    mean(({ rounds }) => rounds).toFixed(1),
    (mean(({ bytes }) => bytes) / 2 ** 20).toFixed(1),
  ];
}

/** Milliseconds between two lines of progress. */
const PROGRESS = 5_000;
let toldAt = 0;

function progress(done: number, { rounds, stop }: Record<'rounds' | 'stop', MoveReport[]>): void {
  if (performance.now() - toldAt < PROGRESS) return;
  toldAt = performance.now();
  const last = (reports: MoveReport[]) => reports[reports.length - 1]?.pause.toFixed(1) ?? '-';
  console.error(
    `${done} moves, ${rounds.length} of them of the ${moves} with rounds; the last ones stood still for ${last(rounds)} and ${last(stop)} ms`,
  );
}

async function secondOf(processes: Processes, up: Started): Promise<Second> {
  const name = 'b';
  if (!page) {
    await processes.agent(name, up);
    return { name, close: async () => undefined };
  }
  if (chromium === undefined) throw new Error('--page needs a Chromium');
  const browser = new Browser();
  const { text: token } = await processes.command(up, ['token']);
  await browser.open(`${up.url}/agent#${name}/${token}`, 800, 600);
  await browser.until(`document.body.dataset.running !== undefined`);
  return { name, close: () => browser.close() };
}

async function measure(processes: Processes): Promise<boolean> {
  const up = await processes.up();
  await processes.agent('a', up);
  const second = await secondOf(processes, up);
  try {
    return await measureBetween(processes, up, second);
  } finally {
    await second.close();
  }
}

async function measureBetween(processes: Processes, up: Started, { name }: Second): Promise<boolean> {
  const ask = async (...args: string[]) => (await processes.command(up, args)).document;
  const file = path.join(processes.folder, 'writer.wasm');
  writeFileSync(file, await assemble(writer(pages)));
  await ask('push', file);
  const deployment = path.join(processes.folder, 'deployment.json');
  const execution = {
    name: 'main',
    module: 'writer',
    permissions: ['sys'],
    checkpoint: 'never',
    device: 'a',
  };
  writeFileSync(deployment, JSON.stringify({ id: 'w', executions: [execution] }));
  await ask('deploy', deployment);
  await ask('exec', 'w~main', 'fill');
  const start = performance.now();
  const used = busy();
  const [burst, times] = [Math.max(1, Math.round((rate * BURST) / 1000)), 2 ** 31 - 1];
  // It runs until the fleet ends; a trap is an answer, and ends the measurement.
  const answer = ask('exec', 'w~main', 'run', String(times), String(burst), String(BURST));
  answer.catch(() => undefined);
  const reports = { rounds: [] as MoveReport[], stop: [] as MoveReport[] };
  const ways = { there: [] as MoveReport[], back: [] as MoveReport[] };
  for (let k = 0; reports.rounds.length < moves || k % every !== 0; k++) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
    const kind = k % every === every - 1 ? 'stop' : 'rounds';
    const there = k % 2 === 0;
    const order = ask('move', 'w~main', there ? name : 'a', '--rounds', kind === 'rounds' ? '3' : '0');
    const answered = await Promise.race([order.then(() => undefined), answer]);
    if (answered !== undefined) throw new Error(`the guest has ended: ${JSON.stringify(answered)}`);
    const told = (await ask('moves')) as MoveReport[];
    const report = told[told.length - 1];
    reports[kind].push(report);
    if (kind === 'rounds') (there ? ways.there : ways.back).push(report);
    progress(k + 1, reports);
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `a guest of ${pages} pages (${pages / 16} MiB) that writes ${burst} blocks of 4 KiB every ${BURST} ms, for ${seconds.toFixed(0)} s; the processors were busy for ${(100 * used()).toFixed(0)} % of it`,
  );
  const columns = ['MOVES', 'COUNT', 'p50 ms', 'p95 ms', 'p99 ms', 'MAX ms', 'IN ALL ms', 'ROUNDS', 'MiB'];
  const rows = page
    ? [row('pre-copy, to the page', ways.there), row('pre-copy, from the page', ways.back)]
    : [row('pre-copy', reports.rounds)];
  console.log(table(columns, [...rows, row('stop and copy', reports.stop)]));
  const worst = percentile(
    reports.rounds.map(({ pause }) => pause),
    0.99,
  );
  return limit === undefined || worst <= limit;
}

const processes = new Processes();
closeOnSignals(() => processes.close());
try {
  await processes.build();
  process.exitCode = (await measure(processes)) ? 0 : 1;
} finally {
  await processes.close();
}
