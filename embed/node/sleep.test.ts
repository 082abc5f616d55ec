/**
 * Issue 4, acceptance 5: a program that sleeps in poll_oneoff uses next to no processor time, can be stopped, and sleeps for the rest only
 * when it goes on: on the command line, in the library, and in QuickJS. The same with ten seconds is in README.md.
 */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Execution, Func, type Instance, instantiatePaused, Module, runAsync, Store } from '../../src/index';
import { restore, snapshot } from '../../src/snapshot/index';
import { outputStream, Wasi, type WasiHost } from '../../src/wasi/index';
import { askFresh, findEngines } from '../quickjs/tests/engines';
import { toHex } from '../quickjs/tests/wire';
import { nodeHost } from './host';
import { cli } from './wasi-tests/cli';
import { guest, sleepAndTell } from './wasi-tests/guests';

const SECONDS = 3;
/** At least three seconds; not tight, for a busy machine's sake. */
const TOLD = /^([3-9]|\d\d)\d\d\d\n$/;

/** Counts the blocks of code that a process enters, as scripts/count-work.ts does. */
const COUNT = `
const session = new (require('inspector').Session)();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
process.on('exit', () => {
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    const ranges = result.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges));
    const work = ranges.reduce((sum, { count }) => sum + count, 0);
    require('fs').appendFileSync(process.env.COUNTED, work + '\\n');
  });
});`;
/** Loading the program and starting it take some hundred thousand; three seconds without sleep would take a hundred times that. */
const WORK_OF_A_RUN = 5_000_000;

let scratch: string;
let bytes: Uint8Array;
beforeAll(async () => {
  scratch = fs.mkdtempSync(path.join(tmpdir(), 'tswasm-sleep-'));
  bytes = await guest(sleepAndTell(SECONDS * 1e9));
  fs.writeFileSync(path.join(scratch, 'sleep.wasm'), bytes);
  fs.writeFileSync(path.join(scratch, 'count.cjs'), COUNT);
});
afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

it('on the command line', async () => {
  const at = (name: string) => path.join(scratch, name);
  const env = { ...process.env, NODE_OPTIONS: `--require=${at('count.cjs')}`, COUNTED: at('counted') };
  const stop = ['--snapshot-to', at('s.dmp'), '--after', '1s'];
  const stopped = await cli(['run', ...stop, at('sleep.wasm')], { env });
  expect(stopped).toMatchObject({ code: 0, stdout: '' });
  expect(stopped.stderr).toContain('waiting for wasi_snapshot_preview1.poll_oneoff');
  const resumed = await cli(['resume', at('s.dmp'), at('sleep.wasm')], { env });
  expect(resumed.stdout).toMatch(TOLD);
  const counted = fs.readFileSync(at('counted'), 'utf8').trim().split('\n').map(Number);
  expect(counted.length).toBe(2);
  expect(Math.min(...counted)).toBeGreaterThan(1000);
  expect(Math.max(...counted)).toBeLessThan(WORK_OF_A_RUN);
});

interface World {
  readonly instance: Instance;
  readonly wasi: Wasi;
  /** Milliseconds of each wait. */
  readonly waits: number[];
  readonly told: () => string;
}
function world(): World {
  const waits: number[] = [];
  const pieces: Uint8Array[] = [];
  const host = nodeHost({ stdout: outputStream((piece) => pieces.push(piece)) });
  const wait: WasiHost['wait'] = (nanoseconds, interests) => {
    waits.push(nanoseconds / 1e6);
    return host.wait!(nanoseconds, interests);
  };
  const wasi = new Wasi({ host: { ...host, wait }, blocking: false });
  const store = new Store();
  const module = Module.decode(bytes);
  const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host));
  return { instance, wasi, waits, told: () => Buffer.concat(pieces).toString() };
}

const SCHEDULER = {
  now: () => performance.now(),
  turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
  after(milliseconds: number, callback: () => void) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Sleeps for a second in the library. */
async function stopped(): Promise<Uint8Array> {
  const { instance, wasi, waits } = world();
  instance.startFunc?.call();
  const execution = new Execution(instance.exports.get('_start') as Func, []);
  const outcome = await runAsync(execution, SCHEDULER, { timeout: 1000 });
  expect([outcome, execution.state]).toEqual([{ kind: 'paused', reason: 'deadline' }, 'waiting']);
  expect(waits.length).toBe(1);
  expect(waits[0]).toBeLessThanOrEqual(SECONDS * 1000);
  const saved = snapshot(execution, { hostState: wasi.saveState() });
  wasi.cancelWait();
  return saved;
}

it('in the library', async () => {
  const saved = await stopped();
  const { instance, wasi, waits, told } = world();
  const execution = restore(saved, instance, { loadHostState: (state) => wasi.restoreState(state) });
  expect(await runAsync(execution, SCHEDULER)).toMatchObject({ kind: 'done' });
  expect(told()).toMatch(TOLD);
  // No wait at all on a machine that took two seconds to get here.
  expect(waits[0] ?? 0).toBeLessThan(SECONDS * 1000 - 500);
});

it('from Node to QuickJS', { timeout: 300_000 }, async () => {
  const engine = (await findEngines()).find(({ name }) => name === 'quickjs')!;
  const saved = toHex(await stopped());
  const begun = performance.now();
  const request = { kind: 'wasi', module: toHex(bytes), snapshot: saved, args: [], env: {} } as const;
  const { code, stdout } = await askFresh(engine, request);
  expect([code, Buffer.from(stdout, 'hex').toString()]).toEqual([0, expect.stringMatching(TOLD)]);
  expect(performance.now() - begun).toBeGreaterThan(1000);
});
