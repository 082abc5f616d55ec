/** `tswasm validate`. */
import { Module } from '../../decoder';
import type { Command } from '../command';
import { FEATURE, featuresOf } from '../features';
import { loadModule } from '../load';
import { UsageError } from '../options';
import { print } from '../output';
import { reportFailure } from '../report';

export const validateCommand: Command = {
  name: 'validate',
  summary: 'check that modules are valid; says nothing when they are',
  usage: 'validate [--verbose] module.wasm...',
  options: [{ name: 'verbose', help: 'also name the modules that are valid' }, FEATURE],
  optionsAnywhere: true,
  async run(options) {
    if (options.rest.length === 0) throw new UsageError('no module is given');
    const features = featuresOf(options);
    let code = 0;
    for (const file of options.rest) {
      try {
        Module.decode(await loadModule(file), { features });
        if (options.has('verbose')) print(`${file}: valid\n`);
      } catch (error) {
        code = Math.max(code, reportFailure(file, error));
      }
    }
    return code;
  },
};
