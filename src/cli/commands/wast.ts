/** `tswasm wast`: scripts of the specification's tests. */

import type { Assembled, ScriptParser } from '../../../spec-tests/script/assembled';
import type { ModuleSource } from '../../../spec-tests/script/commands';
import { CompileError } from '../../errors';
import type { Command } from '../command';
import { assembleText, InputError, readInput } from '../load';
import { UsageError } from '../options';
import { complain, print } from '../output';
import { Progress } from '../progress';
import { EXIT } from '../report';
import { loadTiers } from '../tiers';

/** Problems of a file that are shown. */
const SHOWN = 20;

export const wastCommand: Command = {
  usage: 'wast [--verbose] script.wast...',
  options: [{ name: 'verbose', help: 'show all problems, and the assertions that are skipped' }],
  optionsAnywhere: true,
  notes: `
Scripts are those of the WebAssembly specification: modules, (invoke ...), (assert_return ...), (assert_trap ...)
and the rest. Text modules need the package "wabt". Exit code 1 when an assertion fails.`,
  async run(options) {
    if (options.rest.length === 0) throw new UsageError('no script is given');
    await loadTiers();
    const { runScriptWith, isClean } = await import('../../../spec-tests/script-run');
    const { tswasmEngine } = await import('../../../spec-tests/engines/tswasm');
    const most = options.has('verbose') ? Number.POSITIVE_INFINITY : SHOWN;
    let code: number = EXIT.success;
    const progress = new Progress('running scripts');
    for (const [done, file] of options.rest.entries()) {
      progress.tick(`: ${done} of ${options.rest.length}`);
      const source = Buffer.from(readInput(file)).toString('utf8');
      const result = await runScriptWith(tswasmEngine, file, source, new WabtParser(file));
      const { passed, failed, skipped, problems, notes } = result;
      const skips = skipped === 0 ? '' : `, ${skipped} skipped`;
      progress.end();
      print(`${file}: ${passed} passed, ${failed} failed${skips}\n`);
      for (const { line, command, message } of problems.slice(0, most)) {
        complain(`${file}:${line}: ${command}: ${message}`, 'error');
      }
      if (problems.length > most)
        complain(`${file}: and ${problems.length - most} more (--verbose shows all)`);
      if (options.has('verbose'))
        for (const { line, message } of notes) complain(`${file}:${line}: ${message}`);
      if (!isClean(result)) code = EXIT.failure;
    }
    return code;
  },
};

/** Text modules through the package that the command line has for the text format. */
class WabtParser implements ScriptParser {
  constructor(private readonly file: string) {}

  async assemble(source: ModuleSource): Promise<Assembled> {
    if (source.form === 'binary') return { ok: true, bytes: source.bytes, fromText: false };
    try {
      const text =
        source.form === 'text' ? source.text : new TextDecoder('utf-8', { fatal: true }).decode(source.bytes);
      return { ok: true, bytes: await assembleText(this.file, text), fromText: true };
    } catch (error) {
      if (error instanceof InputError) throw error;
      if (error instanceof CompileError) return { ok: false, message: error.message };
      return { ok: false, message: 'malformed UTF-8 encoding' };
    }
  }
  save(): void {}
}
