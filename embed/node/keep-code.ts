/** What processes find out about modules, kept between them, for who uses the library. */
import { resolve } from 'node:path';
import { check, TEXT } from '../../src/checks';
import type { Module } from '../../src/decoder';
import { knowBodies, knownBodies } from '../../src/decoder/known-bodies';
import { runParts } from '../../src/decoder/parts';
import { folderIn, KeptModule, userFolder } from './kept-module';
import { nativeTier } from './native-tier';

let folder: string | undefined;
/** What the features are that modules have been decoded with, by their bytes; undefined: once with these, once with those. */
const decodedWith = new WeakMap<Uint8Array, string | undefined>();
const files = new WeakMap<Uint8Array, KeptModule>();
/** Modules that run natively. Nobody is kept from giving them up. */
const used: WeakRef<Module>[] = [];

/** Bytes of a module that is decoded and validated sooner than a file is looked for. */
const SMALL = 2 ** 16;

/**
 * From now on what is found out about a module that is decoded and runs natively is kept in a folder, when the process ends: that it is
 * valid, and what the native tier emits for it. A later process that calls this too has nothing to validate and emit for the same module:
 * its first use takes about half as long, of a large module a third. Without a folder it is the user's (`~/.cache/tswasm`, or what the
 * variable `TSWASM_CACHE` names), which the command uses as well. What is there is believed: a folder that others may write to is not
 * used. It has 256 MB at most. False where nothing can be kept: there is no native tier, no folder, or tswasm was not built as it ships.
 * Throws TypeError when the folder is no string.
 */
export function keepCode(place?: string): boolean {
  if (place !== undefined) check('the folder', place, TEXT);
  const base = place === undefined ? userFolder() : resolve(place);
  if (nativeTier === undefined || base === undefined || folderIn(base) === undefined) return false;
  if (folder === undefined) process.once('exit', writeAll);
  folder = base;
  knowBodies(function* (bytes, features) {
    const switches = JSON.stringify(features);
    const isOne = !decodedWith.has(bytes) || decodedWith.get(bytes) === switches;
    decodedWith.set(bytes, isOne ? switches : undefined);
    return isOne && bytes.length >= SMALL ? (yield* fileOf(bytes))?.contents?.bodies : undefined;
  });
  nativeTier.keeper = (module) => {
    used.push(new WeakRef(module));
    return runParts(fileOf(module.bytes))?.contents?.known;
  };
  return true;
}

/** Undefined where nothing is kept. */
function* fileOf(bytes: Uint8Array): Generator<undefined, KeptModule | undefined> {
  const switches = decodedWith.get(bytes);
  if (switches === undefined) return undefined;
  // Other features, other modules that are valid. The command keeps other things, too.
  const file = files.get(bytes) ?? (yield* KeptModule.in(folder!, bytes, `library ${switches}`));
  if (file !== undefined) files.set(bytes, file);
  return file;
}

function writeAll(): void {
  for (const module of new Set(used.flatMap((one) => one.deref() ?? []))) {
    const known = nativeTier!.found(module);
    if (known === undefined) continue;
    const contents = { bodies: knownBodies(module), known, hasOthers: false };
    runParts(fileOf(module.bytes))?.write(contents, module.bytes);
  }
}
