/** What assembles the text modules of a script. */
import type { ModuleSource } from './commands';

/** A module as bytes, or why the text parser wants none of it. */
export type Assembled =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly fromText: boolean }
  | { readonly ok: false; readonly message: string };

export interface ScriptParser {
  /** Called for the modules in the order of the script, and for all of them. */
  assemble(source: ModuleSource): Promise<Assembled>;
  /** All modules have been assembled. */
  save(): void;
}
