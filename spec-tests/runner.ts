/** Runs scripts whose text modules our own text parser assembles. The command line brings another (`tswasm wast`). */
import type { Engine } from './engine';
import { type FileResult, runScriptWith } from './script-run';
import { TextParser } from './text-parser';

export { type Cause, type FileResult, isClean, messageMatches, type Problem } from './script-run';

export function runScript(engine: Engine, path: string, source: string): Promise<FileResult> {
  return runScriptWith(engine, path, source, new TextParser(source));
}
