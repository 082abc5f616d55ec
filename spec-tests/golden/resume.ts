/** Restoring the points of a fixture and going on to the end: what the recorder checks its work with, and the test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cli } from '../../embed/node/wasi-tests/cli';
import { Execution, Func, type Instance, i32, instantiatePaused, Module, Store } from '../../src/index';
import {
  applyDeltas,
  decode,
  embedSnapshot,
  expandMemory,
  extractSnapshot,
  type RestoreOptions,
  restore,
  restoreStore,
  snapshot,
  snapshotStore,
  u64ToNumber,
  verify,
} from '../../src/snapshot';
import { createSnapshotWebAssembly } from '../../src/webassembly-snapshot';
import { bytesOf, type Fixture, type Point } from './fixture';
import { GoldenHost, type HostObject } from './host';
import { type InstanceState, instanceState, type Observation, runOn, sha256 } from './observe';
import { readFolder, treeListing, World } from './world';

export interface Resumed {
  readonly observation: Observation;
  /** The files that capturing right after the restore gives; undefined where it gives none. */
  readonly again: readonly Uint8Array[] | undefined;
}

/** The argument of a store at rest. */
export const REST_ARGUMENT = 3;

export function resume(fixture: Fixture, point: Point): Promise<Resumed> {
  const modules = fixture.modules.map((text) => bytesOf(text));
  const files = point.files.map((text) => bytesOf(text));
  switch (fixture.kind) {
    case 'draft':
      return resumeDraft(modules[0], files[0], point);
    case 'module':
      return resumeModule(modules[0], files[0], point);
    case 'series':
      return resumeSeries(modules[0], files, point);
    case 'store':
    case 'store at rest':
      return resumeStore(modules, files[0]);
    case 'postmortem':
      return Promise.resolve(readPostmortem(modules[0], files[0]));
    case 'cli':
      return resumeCli(modules[0], files[0], point);
  }
}

function resumeDraft(module: Uint8Array, file: Uint8Array, point: Point): Promise<Resumed> {
  return point.world === undefined ? resumePlain(module, file) : resumeWasi(module, file, point);
}

async function resumePlain(bytes: Uint8Array, file: Uint8Array): Promise<Resumed> {
  const module = Module.decode(bytes);
  const document = decode(file);
  verify(document, module);
  const store = new Store();
  const host = new GoldenHost(store);
  const instance = instantiatePaused(store, module, host.imports(module));
  let hostState: Uint8Array | undefined;
  const execution = restore(file, instance, {
    bindExternRef: host.bindExternRef,
    loadHostState: (state) => {
      hostState = state.slice();
    },
  });
  const again = recaptured(() =>
    snapshot(execution, {
      nameExternRef: host.nameExternRef,
      timestampMs: document.timestampMs,
      ...(hostState && { hostState }),
    }),
  );
  const ran = await runOn(execution);
  const timestamp = u64ToNumber(document.timestampMs);
  const observation = {
    ...ran,
    instances: [instanceState(instance)],
    hostCalls: host.calls,
    ...(hostState && { hostState: Buffer.from(hostState).toString('hex') }),
    ...(timestamp > 0 && { timestamp }),
  };
  return { observation, again: again && [again] };
}

/** Not every restored execution can be captured before it runs: the recorder notes which can. */
function recaptured(capture: () => Uint8Array): Uint8Array | undefined {
  try {
    return capture();
  } catch {
    return undefined;
  }
}

async function resumeWasi(bytes: Uint8Array, file: Uint8Array, point: Point): Promise<Resumed> {
  const world = new World(point.world!);
  try {
    const { wasi } = world;
    const module = Module.decode(bytes);
    const store = new Store();
    const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host));
    const execution = restore(file, instance, {
      loadHostState: (state) => wasi.restoreState(state, point.world!.policy),
    });
    const again = recaptured(() => snapshot(execution, { hostState: wasi.saveState(point.world!.save) }));
    const ran = await runOn(execution);
    const observation = {
      ...ran,
      ...(world.ownFiles && { instances: [instanceState(instance)] }),
      stdout: world.stdout,
      stderr: world.stderr,
      files: world.files(),
    };
    return { observation, again: again && [again] };
  } finally {
    world.dispose();
  }
}

/** Through the core, and through the drop-in, which must give the same results. */
async function resumeModule(clean: Uint8Array, carrier: Uint8Array, point: Point): Promise<Resumed> {
  const inner = await resumePlain(clean, extractSnapshot(carrier, point.name));
  const again = inner.again && [embedSnapshot(clean, inner.again[0], point.name)];
  const names = new GoldenHost(new Store());
  const WebAssembly = createSnapshotWebAssembly();
  const host = {
    tick: (x: number) => x * 3 + 1,
    tag: ({ name }: HostObject, x: number) => names.object(name * 10 + x),
  };
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(carrier as Uint8Array<ArrayBuffer>),
    { host },
    {
      ...(point.name && { resumeName: point.name }),
      bindExternRef: (name: bigint) => names.object(Number(name)),
      loadHostState: () => undefined,
    },
  );
  const results = [instance.resume()].flat().map(jsText);
  return {
    observation: { ...inner.observation, results: [...(inner.observation.results ?? []), ...results] },
    again,
  };
}
function jsText(value: unknown): string {
  const kind = typeof value;
  return kind === 'object' && value !== null ? `object ${(value as HostObject).name}` : `${kind} ${value}`;
}

/** At each file of the series the whole that it amounts to; then on from the last one. */
async function resumeSeries(
  module: Uint8Array,
  files: readonly Uint8Array[],
  point: Point,
): Promise<Resumed> {
  const [whole, ...deltas] = files;
  const wholes = files.map((_, k) => applyDeltas(whole, deltas.slice(0, k)));
  const digests = wholes.map((bytes) => sha256(bytes));
  if (point.wholes !== undefined && digests.join() !== point.wholes.join()) {
    throw new Error(`the series gives ${digests.join()} instead of ${point.wholes.join()}`);
  }
  for (const bytes of wholes.slice(0, -1)) await resumePlain(module, bytes);
  const last = await resumePlain(module, wholes[wholes.length - 1]);
  // What is captured again is a whole, never a delta.
  return { observation: last.observation, again: undefined };
}

async function resumeStore(bytes: readonly Uint8Array[], file: Uint8Array): Promise<Resumed> {
  const store = new Store();
  const host = new GoldenHost(store);
  const options: RestoreOptions = { bindExternRef: host.bindExternRef };
  const restored = restoreStore(
    file,
    store,
    bytes.map((one) => Module.decode(one)),
    { ...options, importFromHost: (item) => host.extern(item.module, item.name) },
  );
  const { instances } = restored;
  const again = recaptured(() => snapshotStore(instances, restored.execution));
  const execution = restored.execution ?? restExecution(instances);
  const ran = await runOn(execution);
  const observation = { ...ran, instances: instances.map(instanceState), hostCalls: host.calls };
  return { observation, again: again && [again] };
}

export function restExecution(instances: readonly Instance[]): Execution {
  return new Execution(instances[instances.length - 1].exports.get('run') as Func, [i32(REST_ARGUMENT)]);
}

function readPostmortem(module: Uint8Array, file: Uint8Array): Resumed {
  const document = decode(file);
  verify(document, Module.decode(module));
  const { memories, tables, globals, segments } = document;
  const store: InstanceState = {
    memories: memories.map((record) => {
      if (record.sameAs !== undefined) return `same as ${record.sameAs}`;
      return `${record.pages} pages ${sha256(expandMemory(record))}`;
    }),
    tables: tables.map((record) =>
      record.sameAs === undefined
        ? [record.type, [...record.elements].join(' ')]
        : [`same as ${record.sameAs}`],
    ),
    globals: globals.map(({ type, lo, hi }) => `${type} ${lo} ${hi}`),
    dropped: `${[...segments.dataDropped].join('')} ${[...segments.elemDropped].join('')}`,
  };
  const ending = document.postmortem ? 'postmortem' : 'resumable';
  return { observation: { ending, store }, again: undefined };
}

/** In a process of its own, as a user would. */
async function resumeCli(module: Uint8Array, file: Uint8Array, point: Point): Promise<Resumed> {
  const place = mkdtempSync(path.join(tmpdir(), 'tswasm-golden-cli-'));
  const world = new World(point.world ?? { roots: [] });
  try {
    const { spec } = world;
    const given = path.join(place, point.name === undefined ? 'given.dmp' : 'given.wasm');
    writeFileSync(given, file);
    writeFileSync(path.join(place, 'module.wasm'), module);
    const folders = spec.roots.filter(({ kind }) => kind === 'host');
    const dirs = folders.flatMap(({ path: root, tree }) => [
      '--dir',
      `${world.folderOf(root, tree)}::${root}`,
    ]);
    const source =
      point.name === undefined ? [given, path.join(place, 'module.wasm')] : [`${given}:${point.name}`];
    const run = await cli(['resume', ...dirs, ...(spec.words ?? []), ...source]);
    const files = folders.map(({ path: root, tree }) => {
      return [root, treeListing(readFolder(world.folderOf(root, tree)))] as const;
    });
    const observation = {
      exitCode: run.code ?? -1,
      stdout: run.stdout,
      stderr: run.stderr,
      files: Object.fromEntries(files),
    };
    return { observation, again: undefined };
  } finally {
    world.dispose();
    rmSync(place, { recursive: true, force: true });
  }
}
