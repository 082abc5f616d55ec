/** `tswasm validate`. */
import type { Command } from '../command';
import { FEATURE, featuresOf } from '../features';
import { loadModule } from '../load';
import { UsageError } from '../options';
import { print } from '../output';
import { reportFailure } from '../report';
import { TIMEOUT, TimeLimit } from '../time-limit';

export const validateCommand: Command = {
  usage: 'validate [options] module.wasm...',
  options: [{ name: 'verbose', help: 'also name the modules that are valid' }, FEATURE, TIMEOUT],
  optionsAnywhere: true,
  async run(options) {
    if (options.rest.length === 0) throw new UsageError('no module is given');
    const features = featuresOf(options);
    const time = new TimeLimit(options);
    let code = 0;
    for (const file of options.rest) {
      try {
        time.decode(file, await loadModule(file), features);
        if (options.has('verbose')) print(`${file}: valid\n`);
      } catch (error) {
        code = Math.max(code, reportFailure(file, error));
      }
    }
    return code;
  },
};
