/** Native code that is kept between processes, for who uses the library. */
import { resolve } from 'node:path';
import { check, TEXT } from '../../src/checks';
import type { ModuleData } from '../../src/decoder/module';
import { KeptModule, userFolder } from './kept-module';
import { nativeTier } from './native-tier';

interface Kept {
  /** Nobody is kept from giving it up. */
  readonly module: WeakRef<ModuleData>;
  readonly file: KeptModule;
}
let folder: string | undefined;
const kept: Kept[] = [];

/**
 * From now on what the native tier emits for a module is kept in a folder, when the process ends, and a later process that calls this too has
 * nothing to emit for the same module: its first use takes about half as long. Without a folder it is the user's (`~/.cache/tswasm`, or what the variable
 * `TSWASM_CACHE` names), which the command uses as well. What is there is believed: a folder that others may write to is not used. It has 256 MB at
 * most. False where nothing can be kept: there is no native tier, no folder, or tswasm was not built as it ships. Throws TypeError when the folder is
 * no string.
 */
export function keepCode(place?: string): boolean {
  if (place !== undefined) check('the folder', place, TEXT);
  const base = place === undefined ? userFolder() : resolve(place);
  if (nativeTier === undefined || base === undefined) return false;
  if (KeptModule.in(base, NO_BYTES, SALT) === undefined) return false;
  if (folder === undefined) process.once('exit', writeAll);
  folder = base;
  nativeTier.keeper = (module) => {
    const file = KeptModule.in(base, module.bytes, SALT);
    if (file === undefined) return undefined;
    kept.push({ module: new WeakRef(module), file });
    return file.contents?.known;
  };
  return true;
}
const NO_BYTES = new Uint8Array(0);
/** The command keeps other things, too. */
const SALT = 'library';

function writeAll(): void {
  for (const { module, file } of kept) {
    const used = module.deref();
    const known = used && nativeTier!.found(used);
    if (known !== undefined) file.write({ known, hasOthers: false });
  }
}
