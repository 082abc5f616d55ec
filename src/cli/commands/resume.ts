/** `tswasm resume`. */
import { existsSync } from 'node:fs';
import { programOf } from '../../../embed/loop/program';
import { Func, instantiatePaused } from '../../index';
import { decode, restore } from '../../snapshot';
import { StateError } from '../../wasi';
import type { Command } from '../command';
import { ENGINE_OPTIONS, runRest, storeLimits } from '../entry';
import { featuresOf } from '../features';
import { KeptRun, NO_CACHE } from '../kept-run';
import { loadModule } from '../load';
import { type Options, UsageError } from '../options';
import { planOf } from '../plans';
import { PRELOAD, preload } from '../preloads';
import { during } from '../progress';
import { reportFailure } from '../report';
import { isSnapshotFile, readSnapshot } from '../snapshot-files';
import { SNAPSHOT_OPTIONS } from '../snapshot-options';
import { showSourcesFor } from '../sources';
import { STATE_HASH, tellStateHash } from '../state-hash';
import { STATS, Stats } from '../stats';
import { engineOf, TIER } from '../tiers';
import { TimeLimit } from '../time-limit';
import { TOOL_OPTIONS, Tools } from '../tools';
import { trappingImports, UNKNOWN_IMPORTS } from '../unknown-imports';
import { checkFilesOut, companionsOf, makeWasi, WASI_OPTIONS, writeFiles } from '../wasi-options';

/** The rest of the program's surroundings is in the snapshot. */
const KEPT = [
  'dir',
  'memory-fs',
  'fs-tar',
  'fs-out',
  'max-open-files',
  'max-file-bytes',
  'max-output',
  'nn',
  'nn-model',
  'trace-wasi',
];

export const resumeCommand: Command = {
  usage: 'resume [options] F.dmp module.wasm\n       tswasm resume [options] F.wasm[:NAME]',
  options: [
    ...WASI_OPTIONS.filter(({ name }) => KEPT.includes(name)),
    STATE_HASH,
    STATS,
    ...ENGINE_OPTIONS,
    TIER,
    ...SNAPSHOT_OPTIONS,
    ...TOOL_OPTIONS,
    UNKNOWN_IMPORTS,
    PRELOAD,
    NO_CACHE,
  ],
  notes: `
F.wasm is a module that carries the snapshot NAME (default: its only one). Arguments, variables, clocks, random
numbers, open files and files in memory are those of the snapshot. Every directory is given again, under the name
that the program knows: with --dir one of the machine, which must hold its open files as they were; with
--memory-fs (or --dir HOST::NAME::copy) a place for files in memory, which are then those of the snapshot. Sockets
do not travel. --invoke is needed only for a snapshot taken before that function began (in the start function or
_initialize); its arguments follow the files. Modules of --preload begin anew: the snapshot is of the program alone.`,
  async run(options) {
    const [file, ...others] = options.rest;
    if (file === undefined) throw new UsageError('no snapshot is given');
    refuseSwapped(file, others);
    const time = new TimeLimit(options);
    const stats = new Stats(options, file);
    const plan = await planOf(options);
    let blamed = file;
    try {
      const saved = readSnapshot(file);
      const moduleFile = saved.module === undefined ? others.shift() : file;
      if (moduleFile === undefined) {
        throw new UsageError(`${file} does not carry its module: tswasm resume ${file} module.wasm`);
      }
      refuseSurplus(options, file, saved.module !== undefined, others);
      const limits = storeLimits(options);
      const checkDigest = !options.has('no-digest');
      const { length } = saved.bytes;
      const document = during(`reading ${file}`, length, () =>
        decode(saved.bytes, { ...limits, checkDigest }),
      );
      blamed = moduleFile;
      const bytes = saved.module ?? (await loadModule(moduleFile));
      const tools = await Tools.begin(options, moduleFile);
      const features = featuresOf(options);
      const known = KeptRun.of(options, bytes, features);
      const module = time.decode(moduleFile, bytes, features);
      const { store, host } = await engineOf(options, known?.tiers);
      const companions = await companionsOf(options);
      const wasi = makeWasi(options, moduleFile, [], [], companions());
      const unknown = options.has(UNKNOWN_IMPORTS.name) ? trappingImports(store) : undefined;
      const imported = await preload(options, { store, host, wasi, features, time, plan, unknown });
      if (typeof imported === 'number') return imported;
      const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host, imported));
      blamed = file;
      const loadHostState = (state: Uint8Array) => loadState(() => wasi.restoreState(state));
      const execution = during(`restoring ${file}`, length, () =>
        restore(document, instance, { loadHostState }),
      );
      checkFilesOut(options, wasi);
      const program = programOf(instance, tools.watched(plan.driveOptions()), host);
      plan.begin({ program, file: moduleFile, bytes, wasi });
      blamed = moduleFile;
      stats.ready();
      known?.begin(instance);
      const ending = await program.goOn(execution);
      const wanted = { invoke: options.get('invoke'), args: others };
      const last = await runRest(program, execution.func, ending, wanted);
      await showSourcesFor(moduleFile, last);
      await tools.end(instance, last);
      stats.tell(instance, program.fuelUsed);
      writeFiles(options, wasi);
      known?.end(instance);
      return await tellStateHash(options, moduleFile, {
        instance,
        wasi,
        ending: last,
        code: plan.report(last),
      });
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(blamed, error);
    } finally {
      plan.dispose();
    }
  },
};

/** Snapshot first, module second: nobody remembers that. */
function refuseSwapped(file: string, [second]: readonly string[]): void {
  if (second === undefined || !existsSync(file) || !existsSync(second)) return;
  if (!isSnapshotFile(file) && isSnapshotFile(second)) {
    throw new UsageError(
      `${file} is no snapshot, but ${second} is: did you mean tswasm resume ${second} ${file}?`,
    );
  }
}

/** One module (draft, "Host Instantiation and Resumption Semantics"); what else follows belongs to --invoke. */
function refuseSurplus(options: Options, file: string, carries: boolean, others: readonly string[]): void {
  const [first] = others;
  if (first === undefined) return;
  if (carries && (options.get('invoke') === undefined || /\.wa(sm|t)$/.test(first))) {
    throw new UsageError(`${first}: ${file} carries its module, so no other is taken`);
  }
  if (options.get('invoke') === undefined) {
    throw new UsageError(`${first}: the program has the arguments of the snapshot, and takes no others`);
  }
}

function loadState(load: () => void): void {
  try {
    load();
  } catch (error) {
    const missing = error instanceof StateError && /^no directory is given for (.*)$/s.exec(error.message);
    const inMemory = missing && missing[1] === '/' ? ' or --memory-fs' : '';
    if (missing) throw new StateError(`${error.message}: give it with --dir HOST::${missing[1]}${inMemory}`);
    throw error;
  }
}
