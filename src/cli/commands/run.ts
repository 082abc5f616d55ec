/** `tswasm run`. */
import { exportedFunc, programOf } from '../../../embed/loop/program';
import { Func, instantiatePaused } from '../../index';
import { noteRun } from '../bytecode';
import { carriesDefault } from '../carried';
import type { Command } from '../command';
import { ENGINE_OPTIONS, runWhole, tellExports } from '../entry';
import { featuresOf } from '../features';
import { KeptRun, NO_CACHE } from '../kept-run';
import { loadModule, readInput } from '../load';
import { type Options, UsageError } from '../options';
import { complain } from '../output';
import { planOf } from '../plans';
import { PRELOAD, preload } from '../preloads';
import { reportFailure } from '../report';
import { SNAPSHOT_NOTES, SNAPSHOT_OPTIONS } from '../snapshot-options';
import { showSourcesFor } from '../sources';
import { STATE_HASH, tellStateHash } from '../state-hash';
import { STATS, Stats } from '../stats';
import { checkEngine, engineOf, TIER } from '../tiers';
import { TimeLimit } from '../time-limit';
import { COVERAGE, TOOL_OPTIONS, Tools } from '../tools';
import { trappingImports, UNKNOWN_IMPORTS } from '../unknown-imports';
import {
  checkFilesOut,
  companionsOf,
  makeWasi,
  openListeners,
  WASI_OPTIONS,
  writeFiles,
} from '../wasi-options';

/** How long we wait, in milliseconds, for peers to take what the program sent before it ended. */
const FLUSH_TIME = 5000;

const COLD_START = { name: 'cold-start', help: 'ignore a snapshot that the module carries' };

/** Options that a program which goes on has no use for. Who gives one wants something else. */
function refuseUnknown(options: Options, resume: Command): void {
  const known = new Set(resume.options.map(({ name }) => name));
  const other = options.names().find((name) => !known.has(name));
  if (other === undefined) return;
  throw new UsageError(
    `--${other}: the program goes on as its snapshot has it; --cold-start takes --${other}`,
  );
}

export const runCommand: Command = {
  usage: 'run [options] module.wasm [arguments...]',
  options: [
    ...WASI_OPTIONS,
    STATE_HASH,
    STATS,
    ...ENGINE_OPTIONS,
    TIER,
    ...SNAPSHOT_OPTIONS,
    ...TOOL_OPTIONS,
    UNKNOWN_IMPORTS,
    PRELOAD,
    COVERAGE,
    COLD_START,
    NO_CACHE,
  ],
  notes: `
Options come before the module; what follows it belongs to the program. The module may be '-' for standard
input, or in the text format (.wat, with the package "wabt" installed). The program gets no variables and no
files but those that you name. Its exit code becomes ours; a trap, and a limit that is reached, give 134.

${SNAPSHOT_NOTES}`,
  async run(options) {
    const [file, ...args] = options.rest;
    if (file === undefined) throw new UsageError('no module is given');
    const mayGoOn = file !== '-' && !options.has('invoke') && !options.has('cold-start');
    const given = mayGoOn ? readInput(file) : undefined;
    if (given !== undefined && carriesDefault(given)) {
      complain(`${file}: goes on from the snapshot that it carries; --cold-start runs it from the beginning`);
      if (args.length > 0) {
        throw new UsageError(
          `${args[0]}: the program goes on with the arguments of its snapshot; --cold-start takes others`,
        );
      }
      const { resumeCommand } = await import('./resume');
      refuseUnknown(options, resumeCommand);
      return resumeCommand.run(options);
    }
    const kept = SNAPSHOT_OPTIONS.find(({ name }) => options.has(name));
    if (options.has(COVERAGE.name) && kept !== undefined) {
      throw new UsageError(`--coverage runs a changed module, of which --${kept.name} would be no use`);
    }
    const time = new TimeLimit(options);
    const stats = new Stats(options, file);
    const plan = await planOf(options);
    checkEngine(options);
    const listeners = await openListeners(options);
    const companions = await companionsOf(options);
    const wasi = makeWasi(options, file, args, listeners, companions());
    try {
      checkFilesOut(options, wasi);
      const bytes = await loadModule(file, given);
      const features = featuresOf(options);
      const known = options.has(COVERAGE.name) ? undefined : KeptRun.of(options, bytes, features);
      const { store, host } = await engineOf(options, known?.tiers);
      const tools = await Tools.begin(options, file);
      const decoded = time.decode(file, bytes, features);
      const module = await tools.instrumented(decoded, time);
      const unknown = options.has(UNKNOWN_IMPORTS.name) ? trappingImports(store) : undefined;
      const others = await preload(options, { store, host, wasi, features, time, plan, unknown });
      if (typeof others === 'number') return others;
      const instance = instantiatePaused(store, module, wasi.imports(store, module, Func.host, others));
      const program = programOf(instance, tools.watched(plan.driveOptions()), host);
      plan.begin({ program, file, bytes, wasi });
      const wanted = { invoke: options.get('invoke'), args };
      if (wanted.invoke === undefined && exportedFunc(instance, '_start') === undefined) {
        tellExports(file, instance);
      }
      stats.ready();
      noteRun(module);
      known?.begin(instance);
      const ending = await runWhole(program, wanted);
      await showSourcesFor(file, ending);
      await tools.end(instance, ending);
      stats.tell(instance, program.fuelUsed);
      writeFiles(options, wasi);
      known?.end(instance);
      return await tellStateHash(options, file, { instance, wasi, ending, code: plan.report(ending) });
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(file, error);
    } finally {
      plan.dispose();
      await Promise.all(listeners.map((listener) => listener.flushed(FLUSH_TIME)));
    }
  },
};
