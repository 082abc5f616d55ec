/** Files that commands write. */
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError, reasonOf } from './load';

/** The whole file at once or nothing, so that a crash leaves the one that was there. */
export function writeOutput(file: string, bytes: Uint8Array | string): void {
  const partial = `${file}.partial`;
  try {
    writeFileSync(partial, bytes);
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new InputError(`${file}: ${reasonOf(error)}`);
  }
}

/** Refuses, before the run, a file that could not be written after it. */
export function checkOutput(option: string, file: string): void {
  const folder = dirname(file);
  const fail = (why: string): never => {
    throw new InputError(`--${option} ${file}: ${why}`);
  };
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) fail(`there is no directory ${folder}`);
  if (!stat!.isDirectory()) fail(`${folder} is not a directory`);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) fail('is a directory');
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    fail(reasonOf(error));
  }
}
