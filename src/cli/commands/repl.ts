/** `tswasm repl`. */
import type { Command } from '../command';
import { ENGINE_OPTIONS, storeLimits } from '../entry';
import { loadModule } from '../load';
import { UsageError } from '../options';
import { EXIT, reportFailure } from '../report';
import { choiceOf, loadTiers } from '../tiers';
import { companionsOf, makeWasi, WASI_OPTIONS } from '../wasi-options';

/** Options of `run` that mean something to somebody who calls functions one by one. */
const TAKEN = ['max-memory', 'max-table-elements', 'max-depth', 'feature'];

export const replCommand: Command = {
  usage: 'repl [options] module.wasm [arguments...]',
  options: [...WASI_OPTIONS, ...ENGINE_OPTIONS.filter(({ name }) => TAKEN.includes(name))],
  notes: 'Once it runs, :help lists what can be typed.',
  async run(options) {
    const [file, ...args] = options.rest;
    if (file === undefined) throw new UsageError('no module is given');
    try {
      const bytes = await loadModule(file);
      const { Session } = await import('../repl/session');
      const { talk } = await import('../repl/talk');
      await loadTiers();
      const companions = await companionsOf(options);
      const session = await Session.open(bytes, {
        options,
        file,
        limits: { ...storeLimits(options), tier: choiceOf(options) },
        wasi: () => makeWasi(options, file, args, [], companions()),
      });
      await talk(session);
      return EXIT.success;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return reportFailure(file, error);
    }
  },
};
