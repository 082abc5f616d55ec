/** `--preload NAME=FILE`: modules that are instantiated first, and whose exports the program imports from NAME. */
import type { DriveHost } from '../../embed/loop/drive';
import { exportedFunc, type ProgramEnding, programOf } from '../../embed/loop/program';
import type { Features } from '../decoder';
import { Func, type ImportLookup, type Instance, instantiatePaused, type Store } from '../index';
import type { Wasi } from '../wasi';
import { reportEnding } from './entry';
import { loadModule } from './load';
import { type OptionSpec, type Options, UsageError } from './options';
import type { Plan } from './plan';
import { reportFailure } from './report';
import { showSourcesFor } from './sources';
import type { TimeLimit } from './time-limit';

export const PRELOAD: OptionSpec = {
  name: 'preload',
  value: 'NAME=FILE',
  repeatable: true,
  help: 'instantiate this module first; what the program imports from NAME is what it exports',
};

interface Place {
  readonly store: Store;
  readonly host: DriveHost;
  readonly wasi: Wasi;
  readonly features: Partial<Features> | undefined;
  readonly time: TimeLimit;
  readonly plan: Plan;
  /** For what nobody knows. */
  readonly unknown: ImportLookup | undefined;
}

/**
 * In the order given: each may import from those before it. Gives where the program finds their exports; or an exit code, when one cannot be
 * instantiated, or its start function or `_initialize` did not return. The program does not run then.
 */
export async function preload(options: Options, place: Place): Promise<ImportLookup | number> {
  const instances = new Map<string, Instance>();
  const lookup: ImportLookup = (module, name, type) =>
    instances.get(module)?.exports.get(name) ?? place.unknown?.(module, name, type);
  for (const text of options.all(PRELOAD.name)) {
    const equals = text.indexOf('=');
    const [name, file] = [text.slice(0, equals), text.slice(equals + 1)];
    if (equals < 1 || file === '') throw new UsageError(`--preload ${text}: expected NAME=FILE`);
    if (instances.has(name)) throw new UsageError(`--preload ${text}: there are two modules of that name`);
    const instance = await instantiateFile(file, lookup, place);
    if (typeof instance === 'number') return instance;
    instances.set(name, instance);
    const ending = await begin(instance, place);
    if (ending !== undefined && ending.kind !== 'done') {
      await showSourcesFor(file, ending);
      return reportEnding(file, ending, options, place.wasi);
    }
  }
  return lookup;
}

/** An exit code instead when there is none, which is told. */
async function instantiateFile(file: string, lookup: ImportLookup, place: Place): Promise<Instance | number> {
  const { store, wasi, features, time } = place;
  try {
    const module = time.decode(file, await loadModule(file), features);
    return instantiatePaused(store, module, wasi.imports(store, module, Func.host, lookup));
  } catch (error) {
    // It is this module that is to blame, not the program.
    return reportFailure(file, error);
  }
}

async function begin(instance: Instance, { plan, host }: Place): Promise<ProgramEnding | undefined> {
  const program = programOf(instance, plan.limitsLeft(), host);
  let ending: ProgramEnding | undefined;
  for (const func of [instance.startFunc, exportedFunc(instance, '_initialize')]) {
    if (func === undefined || (ending !== undefined && ending.kind !== 'done')) continue;
    ending = await program.run(func, []);
  }
  plan.usedBefore(program.fuelUsed);
  return ending;
}
