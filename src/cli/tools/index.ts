/** Options that look at a run without changing it. What they need is loaded when they are given. */
import type { DriveOptions } from '../../../embed/loop/drive';
import type { ProgramEnding } from '../../../embed/loop/program';
import type { Instance, Module } from '../../index';
import { featuresOf } from '../features';
import type { OptionSpec, Options } from '../options';
import { complain } from '../output';
import { checkOutput } from '../output-files';
import { showSourcesOf } from '../sources';
import type { TimeLimit } from '../time-limit';
import type { Probed } from './coverage';
import type { Profile } from './profile';

export const TOOL_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'profile',
    value: 'FILE',
    help: 'sample where the time goes, for the profile viewers of Chrome and VS Code',
  },
  {
    name: 'coredump',
    value: 'FILE',
    help: 'when the program traps, write its memory, globals and backtrace there',
  },
];

/** Changes the module, so `resume` has it not, and snapshots would be of another module. */
export const COVERAGE: OptionSpec = {
  name: 'coverage',
  value: 'FILE',
  help: 'write which functions and lines have run, for lcov and what reads its files',
};

/** Milliseconds between two samples of the profile. */
const SAMPLE_SLICE = 1;

/** The tools of one run. */
export class Tools {
  private profile: Profile | undefined;
  private probed: Probed | undefined;

  private constructor(
    private readonly options: Options,
    private readonly file: string,
  ) {}

  /** Refuses files that could not be written. */
  static async begin(options: Options, file: string): Promise<Tools> {
    const tools = new Tools(options, file);
    for (const { name, value } of [...TOOL_OPTIONS, COVERAGE]) {
      const target = options.get(name);
      if (value !== undefined && target !== undefined) checkOutput(name, target);
    }
    if (options.has('profile')) {
      const { Profile } = await import('./profile');
      await showSourcesOf(file);
      tools.profile = new Profile(file);
    }
    return tools;
  }

  /** The module that runs instead, when what runs is to be noted. */
  async instrumented(module: Module, time: TimeLimit): Promise<Module> {
    if (!this.options.has(COVERAGE.name)) return module;
    const { probe } = await import('./coverage');
    this.probed = probe(module.bytes, module);
    return time.decode(this.file, this.probed.bytes, featuresOf(this.options));
  }

  /** What the program's executions are driven with, looked at by the tools. */
  watched(drive: DriveOptions): DriveOptions {
    const { profile } = this;
    if (profile === undefined) return drive;
    profile.start();
    return {
      ...drive,
      slice: Math.min(drive.slice ?? Number.POSITIVE_INFINITY, SAMPLE_SLICE),
      onSlice: (execution) => profile.sample(execution),
    };
  }

  /** Writes what there is to write. */
  async end(instance: Instance, ending: ProgramEnding): Promise<void> {
    const { options, file } = this;
    const target = options.get('profile');
    if (this.profile !== undefined && target !== undefined) {
      const count = this.profile.write(target);
      complain(`${file}: the profile is in ${target} (${count} samples)`);
    }
    const trace = options.get(COVERAGE.name);
    if (this.probed !== undefined && trace !== undefined) {
      const { writeCoverage } = await import('./coverage');
      complain(`${file}: ${writeCoverage(trace, file, this.probed, instance)}; ${trace} says which`);
    }
    const dump = options.get('coredump');
    if (dump !== undefined && ending.kind === 'trapped') {
      const { writeCoredump } = await import('./coredump');
      const size = writeCoredump(dump, file, instance, ending.error);
      complain(`${file}: the coredump is in ${dump} (${size} bytes)`);
    }
  }
}
