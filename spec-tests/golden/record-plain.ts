/** Recording programs that need a few host functions at most. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import {
  EXTERNREF,
  Execution,
  type Extern,
  F32,
  F64,
  type Func,
  I32,
  I64,
  type Instance,
  i32,
  instantiatePaused,
  Module,
  reference,
  Store,
  type Value,
} from '../../src/index';
import {
  applyDeltas,
  type CaptureOptions,
  Checkpoints,
  embedSnapshot,
  postmortem,
  snapshot,
  snapshotStore,
  u64FromNumber,
} from '../../src/snapshot';
import { createSnapshotWebAssembly } from '../../src/webassembly-snapshot';
import { textOf } from './fixture';
import { GoldenHost } from './host';
import { instanceState, type Observation, runOn, sha256 } from './observe';
import { LINKED, PLAIN, type PlainProgram, STARTING, TRAPPING, WAITING, WRITER } from './programs';
import type { Record, Recorded } from './recorded';
import { restExecution } from './resume';

/** A program that stands before its first instruction. */
interface Started {
  readonly host: GoldenHost;
  readonly instances: readonly Instance[];
  readonly execution: Execution;
}
type Start = () => Promise<Started>;
type Write = (started: Started) => Uint8Array;

const assemble = async (text: string) => new Uint8Array(await parse(text));

function argument([type, lo, hi = 0]: PlainProgram['args'][number], host: GoldenHost): Value {
  if (type === 'externref') return reference(EXTERNREF, host.object(lo));
  const valType = { i32: I32, i64: I64, f32: F32, f64: F64 }[type];
  if (valType === undefined) throw new Error(`no argument of type ${type}`);
  return { type: valType, lo, hi, ref: null };
}

function starter(bytes: Uint8Array, args: PlainProgram['args']): Start {
  const module = Module.decode(bytes);
  return async () => {
    const store = new Store();
    const host = new GoldenHost(store);
    const instance = instantiatePaused(store, module, host.imports(module));
    const startFunc = instance.startFunc;
    const run = instance.exports.get('run') as Func | undefined;
    if (startFunc !== undefined && run !== undefined) new Execution(startFunc, []).run();
    const func = run ?? startFunc!;
    const execution = new Execution(
      func,
      args.map((one) => argument(one, host)),
    );
    return { host, instances: [instance], execution };
  };
}

/** Runs until so many safepoints are passed. False when the program ends before. */
export async function runFor(execution: Execution, fuel: number): Promise<boolean> {
  for (;;) {
    const outcome = execution.run({ fuel: Math.max(0, fuel - execution.fuelPaid) });
    if (outcome.kind === 'paused') return true;
    if (outcome.kind !== 'waiting') return false;
    await outcome.promise;
  }
}

/** Runs until the host makes it wait for the n-th time, and leaves it waiting. */
async function runToWait(execution: Execution, n: number): Promise<boolean> {
  for (let k = 1; ; k++) {
    const outcome = execution.run();
    if (outcome.kind !== 'waiting') return false;
    if (k === n) return true;
    await outcome.promise;
  }
}

export function placeText(execution: Execution): string {
  const frames = execution.frames();
  const { kind, offset, values } = frames[frames.length - 1];
  return `${kind} at ${offset} with ${values.length} values, in frame ${frames.length} of functions ${frames.map((f) => f.funcidx).join(' ')}`;
}

function frameSignature(execution: Execution): string {
  const frames = execution.frames();
  const { kind, offset } = frames[frames.length - 1];
  return `${kind} ${offset} ${Math.min(frames.length, 6)}`;
}

/** Fuels at which the program stands in different ways: the first ones, the last, and some between. */
export async function chooseStops<S extends { readonly execution: Execution }>(
  start: () => Promise<S>,
  most: number,
  signatureOf: (stopped: S) => string = ({ execution }) => frameSignature(execution),
): Promise<number[]> {
  const { execution } = await start();
  await runOn(execution);
  const total = execution.fuelUsed;
  const candidates = [0, 1, 2, 3, total >> 1];
  for (let k = 1; k < 100; k++) candidates.push(Math.floor((total * k) / 100));
  candidates.push(total - 1);
  const seen = new Set<string>();
  const chosen: number[] = [];
  for (const fuel of [...new Set(candidates)]
    .filter((one) => one >= 0 && one < total)
    .sort((a, b) => a - b)) {
    const stopped = await start();
    if (!(await runFor(stopped.execution, fuel)) || !stopped.execution.atSafepoint) continue;
    const signature = signatureOf(stopped);
    const late = fuel === total - 1 || fuel === total >> 1;
    if (seen.has(signature) && !late) continue;
    seen.add(signature);
    chosen.push(fuel);
  }
  const step = Math.max(1, chosen.length / most);
  return chosen.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
}

async function unmovedFrom(started: Started): Promise<Partial<Observation>> {
  const { host, instances, execution } = started;
  const before = host.calls.length;
  const ran = await runOn(execution);
  return { ...ran, instances: instances.map(instanceState), hostCalls: host.calls.slice(before) };
}

async function pointsOf(start: Start, write: Write, most: number): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  for (const fuel of await chooseStops(start, most)) {
    const started = await start();
    await runFor(started.execution, fuel);
    const stopped = `after ${fuel} safepoints: ${placeText(started.execution)}`;
    const file = textOf(write(started));
    recorded.push({ point: { stopped, files: [file] }, unmoved: await unmovedFrom(started) });
  }
  return recorded;
}

const plainly =
  (options: CaptureOptions = {}): Write =>
  ({ execution, host }) =>
    snapshot(execution, { nameExternRef: host.nameExternRef, ...options });

async function recordDrafts(record: Record): Promise<void> {
  for (const { name, about, text, args } of PLAIN) {
    const bytes = await assemble(text);
    const recorded = await pointsOf(starter(bytes, args), plainly(), 8);
    await record(name, { kind: 'draft', about }, [bytes], recorded);
  }
  const starting = await assemble(STARTING);
  const inStart = await pointsOf(starter(starting, []), plainly(), 3);
  await record('start', { kind: 'draft', about: 'stopped in the start function' }, [starting], inStart);
  const told = { hostState: Uint8Array.of(1, 2, 3, 0, 255), timestampMs: u64FromNumber(1_764_220_000_123) };
  const carried = await pointsOf(starter(starting, []), plainly(told), 2);
  const about = 'with host state that is not of WASI, and the time at which it was taken';
  await record('host-state', { kind: 'draft', about }, [starting], carried);
}

/** Fuel from a wait on counts the call made again differently from the call that is answered. */
const withoutFuel = ({ fuel: _, ...rest }: Partial<Observation>) => rest;

async function recordWaits(record: Record): Promise<void> {
  const bytes = await assemble(WAITING);
  const start = starter(bytes, [['i32', 4]]);
  const recorded: Recorded[] = [];
  for (const n of [1, 2, 3, 5, 12]) {
    const started = await start();
    if (!(await runToWait(started.execution, n))) throw new Error(`there is no wait ${n}`);
    const stopped = `in wait ${n}: ${placeText(started.execution)}`;
    const file = textOf(snapshot(started.execution));
    const asked = started.host.calls[started.host.calls.length - 1];
    const rest = withoutFuel(await unmovedFrom(started));
    const unmoved = { ...rest, hostCalls: [asked, ...(rest.hostCalls ?? [])] };
    recorded.push({ point: { stopped, files: [file] }, unmoved });
  }
  const about =
    'a pending host call: called directly, through a table, as a tail call; the host is asked again';
  await record('pending', { kind: 'draft', about }, [bytes], recorded);
}

async function recordModules(record: Record): Promise<void> {
  for (const name of ['', 'ready', 'né à Zürich']) {
    const { text, args } = PLAIN.find((program) => program.name === 'references')!;
    const bytes = await assemble(text);
    const recorded = await pointsOf(
      starter(bytes, args),
      (started) => embedSnapshot(bytes, plainly()(started), name),
      2,
    );
    const points = recorded.map(({ point, unmoved }) => {
      const { results: _, ...rest } = unmoved;
      return { point: { ...point, name }, unmoved: rest };
    });
    const title = name === '' ? 'default' : name === 'ready' ? 'named' : 'named-utf8';
    const about = `in a custom section, under the name "${name}"`;
    await record(`module-${title}`, { kind: 'module', about }, [bytes], points);
  }
  await recordDropIn(record);
}

/** The file that `takeSnapshotModule` of the drop-in writes, with two snapshots in it. */
async function recordDropIn(record: Record): Promise<void> {
  const bytes = await assemble(`(module
    (import "host" "tick" (func $tick (param i32) (result i32)))
    (memory 1)
    (func (export "run") (param $n i32) (result i64) (local $sum i64)
      (loop $l
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (call $tick (local.get $n)))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))`);
  const WebAssembly = createSnapshotWebAssembly();
  let suspendAt = -1;
  const tick = (x: number) => {
    if (x === suspendAt) instance.requestSuspend();
    return x * 3 + 1;
  };
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const instance = new WebAssembly.Instance(module, { host: { tick } });
  const suspended = (at: number): void => {
    suspendAt = at;
    try {
      if (instance.isSuspended) instance.resume();
      else (instance.exports['run'] as unknown as (n: number) => unknown)(9);
    } catch (error) {
      if (!(error instanceof WebAssembly.SuspendError)) throw error;
    }
    if (!instance.isSuspended) throw new Error(`not suspended at ${at}`);
  };
  suspended(6);
  const one = instance.takeSnapshotModule(bytes as Uint8Array<ArrayBuffer>, { name: 'early' });
  suspended(3);
  const both = textOf(new Uint8Array(instance.takeSnapshotModule(one)));
  const points = ['early', ''].map((name) => ({
    point: { stopped: `by requestSuspend, snapshot "${name}"`, files: [both], name },
    unmoved: {},
  }));
  const about = 'written by the drop-in namespace: a default and a named snapshot in one module';
  await record('module-drop-in', { kind: 'module', about }, [bytes], points);
}

async function recordSeries(record: Record): Promise<void> {
  const bytes = await assemble(WRITER);
  const start = starter(bytes, [['i32', 90]]);
  const started = await start();
  await runFor(started.execution, 2);
  const checkpoints = new Checkpoints(started.instances[0]);
  const files = [checkpoints.take(started.execution)];
  const wholes = [sha256(snapshot(started.execution))];
  for (const fuel of [20, 33, 34, 70]) {
    await runFor(started.execution, fuel);
    files.push(checkpoints.take(started.execution));
    wholes.push(sha256(snapshot(started.execution)));
  }
  const [whole, ...deltas] = files;
  if (sha256(applyDeltas(whole, deltas)) !== wholes[4]) throw new Error('the series is no whole snapshot');
  const stopped = `five times, at last ${placeText(started.execution)}`;
  const point = { stopped, files: files.map(textOf), wholes };
  const unmoved = await unmovedFrom(started);
  const about = 'a whole snapshot and four deltas; the memory grows between them';
  await record('series', { kind: 'series', about }, [bytes], [{ point, unmoved }]);
}

async function linkedStarter(): Promise<{ modules: Uint8Array[]; start: Start }> {
  const modules = await Promise.all(LINKED.map(assemble));
  const decoded = modules.map((bytes) => Module.decode(bytes));
  const start: Start = async () => {
    const store = new Store();
    const host = new GoldenHost(store);
    const instances: Instance[] = [];
    for (const module of decoded) {
      const externs = module.imports.map(({ module: from, name }): Extern => {
        return host.extern(from, name) ?? instances[Number(from)].exports.get(name)!;
      });
      instances.push(instantiatePaused(store, module, externs));
    }
    return { host, instances, execution: new Execution(runOf(instances), [i32(5)]) };
  };
  return { modules, start };
}
const runOf = (instances: readonly Instance[]) => instances[instances.length - 1].exports.get('run') as Func;

async function recordStores(record: Record): Promise<void> {
  const { modules, start } = await linkedStarter();
  const write: Write = ({ instances, execution }) => snapshotStore(instances, execution);
  const about = 'three linked instances with frames of all of them';
  const recorded = await pointsOf(start, write, 6);
  await record('store', { kind: 'store', about }, modules, recorded);

  const waiting = await start();
  if (!(await runToWait(waiting.execution, 2))) throw new Error('the store does not wait');
  const stopped = `waiting: ${placeText(waiting.execution)}`;
  const point = { stopped, files: [textOf(write(waiting))] };
  const { hostCalls = [], ...rest } = withoutFuel(await unmovedFrom(waiting));
  const unmoved = { ...rest, hostCalls: ['wait 1', ...hostCalls] };
  const told = { kind: 'store', about: 'linked instances, one of which waits for the host' } as const;
  await record('store-pending', told, modules, [{ point, unmoved }]);

  const atRest = await start();
  await runOn(atRest.execution);
  const file = textOf(snapshotStore(atRest.instances));
  const again = { ...atRest, execution: restExecution(atRest.instances) };
  const resting = { point: { stopped: 'at rest', files: [file] }, unmoved: await unmovedFrom(again) };
  const after = { kind: 'store at rest', about: 'linked instances after a call, called again' } as const;
  await record('store-at-rest', after, modules, [resting]);
}

async function recordPostmortems(record: Record): Promise<void> {
  const bytes = await assemble(TRAPPING);
  const start = starter(bytes, [['i32', 6]]);
  const trapped = await start();
  const { ending } = await runOn(trapped.execution);
  if (!ending?.startsWith('trapped')) throw new Error(`the program has not trapped: ${ending}`);
  const running = await start();
  await runFor(running.execution, 3);
  const dumps: [string, Started][] = [
    ['after a trap', trapped],
    ['in the middle', running],
    ['before it began', await start()],
  ];
  const recorded = dumps.map(([stopped, { instances }]) => ({
    point: { stopped, files: [textOf(postmortem(instances[0]))] },
    unmoved: { ending: 'postmortem' },
  }));
  const about = 'dumps of a trapped, a running and a fresh instance';
  await record('postmortem', { kind: 'postmortem', about }, [bytes], recorded);
}

export async function recordPlain(record: Record): Promise<void> {
  await recordDrafts(record);
  await recordWaits(record);
  await recordModules(record);
  await recordSeries(record);
  await recordStores(record);
  await recordPostmortems(record);
}
