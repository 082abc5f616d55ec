/**
 * A large fleet on this machine:
 *   npm run bench:load -- [--devices 200] [--executions 2000] [--limit MILLISECONDS] [--kilobytes KILOBYTES] [--only memory|placing|growth]
 * Three tables: what an idle execution takes on one agent beside its linear memory; how long the orchestrator takes to place one more execution (keys,
 * signatures, tickets and seals as outside; all devices are agents in this process, and report while that goes on); and what the orchestrator's own
 * work takes when there are more devices than this process could be. With limits it is an error when the 95th percentile or the memory is above them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { table } from '../cli/table';
import type { Orchestrator } from '../orchestrator/orchestrator';
import type { ExecutionRecord } from '../orchestrator/records';
import { PERMISSIONS } from '../protocol/deployment';
import { type Heartbeat, intervalFor } from '../protocol/reports';
import { DiskFiles } from '../store/disk';
import { TestFleet } from '../testing/fleet';
import { assemble, STATEFUL } from '../testing/modules';
import { newborn, specFor, testAgent } from '../testing/setup';
import { benchOptions } from './options';
import { percentile } from './percentile';

const { options } = benchOptions(import.meta.url, {
  devices: 'number',
  executions: 'number',
  limit: 'number',
  kilobytes: 'number',
  only: 'text',
});
const { devices = 200, executions = 2000, limit, kilobytes, only } = options;
/** Sizes of fleets of which only the orchestrator is real. */
const GROWTH = [200, 1000, 3000, 10_000];
const PER_DEVICE = 10;
const PAGE = 65_536;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
async function memory(): Promise<number> {
  for (let k = 0; k < 3; k++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes that an execution of one page takes beside that page, when it has answered once and waits. */
async function perExecution(count: number): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-load-'));
  try {
    const agent = await testAgent('a', new DiskFiles(folder));
    const module = await assemble(STATEFUL);
    const place = async (k: number) => {
      const spec = await specFor(agent, { module }, { name: `e${k}`, checkpoint: 'after-call' });
      await agent.place(newborn(spec));
      await agent.call(`test~e${k}`, { key: 'k', function: 'fibo', args: [] });
    };
    // What comes with the first one is everybody's.
    await place(0);
    const before = await memory();
    for (let k = 1; k <= count; k++) await place(k);
    const bytes = ((await memory()) - before) / count - PAGE;
    agent.close();
    return bytes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds in which a placement that has failed is made again. */
const PATIENCE = 60_000;

/** It counts as placed when it is there: what did not work at once is waited for. Gives whether that was needed. */
async function untilPlaced(fleet: TestFleet, id: string): Promise<boolean> {
  if (fleet.orchestrator.record(id).device !== undefined) return false;
  const end = performance.now() + PATIENCE;
  while (fleet.orchestrator.record(id).device === undefined) {
    if (performance.now() > end) throw new Error(`${id} is nowhere:\n${fleet.events.slice(-20).join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}

/** Milliseconds of each placement: by the clock, and of the processor, with the devices' part. */
async function placements() {
  const fleet = new TestFleet();
  await fleet.startOrchestrator();
  for (let k = 0; k < devices; k++) await fleet.startAgent(`d${k}`);
  await fleet.orchestrator.modules.push('m', '1.0.0', await assemble(STATEFUL));
  const times: number[] = [];
  const cpu: number[] = [];
  let again = 0;
  for (let k = 0; k < executions; k++) {
    const start = performance.now();
    const used = process.cpuUsage();
    await fleet.orchestrator.deploy({ id: `x${k}`, executions: [{ name: 'main', module: 'm' }] });
    if (await untilPlaced(fleet, `x${k}~main`)) again++;
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1000);
    // Reports get their turn.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const spread = new Map<string, number>();
  for (const { device } of fleet.orchestrator.list()) spread.set(device!, (spread.get(device!) ?? 0) + 1);
  const most = Math.max(...spread.values());
  console.log(
    `${executions} executions on ${spread.size} of ${devices} devices, at most ${most} on one, ${again} not at the first attempt`,
  );
  await fleet.close();
  return { times, cpu };
}

/** Milliseconds in which only the orchestrator looks who is silent and what is homeless. */
const LOOKING = 1_000;
/** Cards of a document. */
const CARDS = 1_000;

interface Growth {
  /** Milliseconds of processor time that a report takes. */
  readonly report: number;
  /** The same of the choice of a device. */
  readonly choice: number;
  /** Part of one core that looking takes. */
  readonly looking: number;
  /** Milliseconds of processor time that an execution takes whose device has died: everybody is asked for copies. */
  readonly healing: number;
}

/** Milliseconds of processor time that each of so many turns takes. */
async function cpuOf(what: () => Promise<unknown> | unknown, turns: number): Promise<number> {
  const start = process.cpuUsage();
  for (let k = 0; k < turns; k++) await what();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000 / turns;
}

/** What a device says that has its executions. */
function beatOf(name: string): Heartbeat {
  const executions = Array.from({ length: PER_DEVICE }, (_, k) => ({
    id: `${name}~e${k}`,
    epoch: 1,
    sequence: 1,
    state: 'running' as const,
    fuelUsed: 0,
    memoryBytes: PAGE,
    waiting: 0,
  }));
  return { name, executions, load: 0.1, freeMemoryBytes: 2 ** 31, throttled: false };
}

/** The devices with their executions, and a card for each that says in which zone it is. */
async function register(
  { devices: table, executions: known, zones }: Orchestrator,
  beats: Heartbeat[],
  like: ExecutionRecord,
) {
  const constraint = [{ leftOperand: 'zone', rightOperand: 'here' }];
  await zones.add({ permission: [{ target: 'low', constraint }] });
  const relation = [{ type: 'memberOf', value: 'here' }];
  for (let k = 0; k < beats.length; k += CARDS)
    await zones.add({ asset: beats.slice(k, k + CARDS).map(({ name }) => ({ uid: name, relation })) });
  const rest = { version: '0', permissions: PERMISSIONS, memoryBytes: 2 ** 32, cores: 1 };
  for (const { name, executions: mine } of beats) {
    await table.register({
      ...rest,
      name,
      url: `http://${name}`,
      fuelPerSecond: 1e6,
      engine: 'test',
      models: [],
    });
    const there = mine.map(({ id, epoch }) => ({ ...like, id, epoch, lastEpoch: epoch, device: name }));
    await Promise.all(there.map((record) => known.save(record)));
  }
}

async function growth(count: number): Promise<Growth> {
  const fleet = new TestFleet();
  await fleet.startOrchestrator();
  const { orchestrator } = fleet;
  await orchestrator.modules.push('m', '1.0.0', await assemble(STATEFUL));
  // It waits: nothing is placed on a device that is not there.
  await orchestrator.deploy({ id: 'x', executions: [{ name: 'main', module: 'm', risk: 'low' }] });
  const record = orchestrator.record('x~main');
  const beats = Array.from({ length: count }, (_, k) => beatOf(`d${k}`));
  await register(orchestrator, beats, record);
  let next = 0;
  const report = await cpuOf(() => orchestrator.heartbeat(beats[next++ % count]), 500);
  const choice = await cpuOf(() => orchestrator.decide(record, []), 20);
  // One that waits would be tried again with each look.
  await orchestrator.undeploy('x');
  const looks = await cpuOf(() => new Promise((resolve) => setTimeout(resolve, LOOKING)), 1);
  const lost = { ...record, id: 'lost~main', lastEpoch: 1, epoch: 1, device: undefined };
  await orchestrator.executions.save(lost);
  const healing = await cpuOf(() => orchestrator.heal(lost.id, 'it is measured'), 1);
  await fleet.close();
  return { report, choice, looking: looks / LOOKING, healing };
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

async function measureMemory(): Promise<boolean> {
  const bytes = await perExecution(executions);
  console.log(table(['IDLE EXECUTIONS', 'KB EACH, ABOVE MEMORY'], [[executions, (bytes / 1024).toFixed(1)]]));
  return kilobytes === undefined || bytes / 1024 <= kilobytes;
}

async function measurePlacing(): Promise<boolean> {
  const { times, cpu } = await placements();
  const row = [0.5, 0.95, 1].map((part) => percentile(times, part).toFixed(1));
  const work = [0.5, 0.95].map((part) => percentile(cpu, part).toFixed(1));
  const late = percentile(cpu.slice(-Math.ceil(executions / 10)), 0.95).toFixed(1);
  console.log(
    table(
      ['DEVICES', 'PLACED', 'p50 ms', 'p95 ms', 'MAX ms', 'CPU p50 ms', 'CPU p95 ms', 'OF THE LAST TENTH'],
      [[devices, executions, ...row, ...work, late]],
    ),
  );
  return limit === undefined || percentile(times, 0.95) <= limit;
}

async function measureGrowth(): Promise<boolean> {
  const rows = [];
  for (const count of GROWTH) {
    const { report, choice, looking, healing } = await growth(count);
    const interval = intervalFor(count);
    const reports = percent((report * count) / interval);
    rows.push([
      count,
      report.toFixed(3),
      interval,
      reports,
      choice.toFixed(2),
      percent(looking),
      healing.toFixed(0),
    ]);
  }
  console.log(
    table(
      [
        'DEVICES',
        'CPU ms A REPORT',
        'EVERY ms',
        'OF ONE CORE',
        'CPU ms A CHOICE',
        'LOOKING, OF ONE CORE',
        'CPU ms TO HEAL ONE',
      ],
      rows,
    ),
  );
  return true;
}

const PARTS = { memory: measureMemory, placing: measurePlacing, growth: measureGrowth };
for (const [name, measure] of Object.entries(PARTS))
  if ((only === undefined || only === name) && !(await measure())) process.exitCode = 1;
