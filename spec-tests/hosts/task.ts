/**
 * What goes to another host and back, a line of JSON each: a script whose text modules are assembled already, and what became of it; at the
 * end, that it is the end, and what the engine tells of all scripts.
 */
import { fromHex, toHex } from '../../embed/quickjs/tests/wire';
import type { Assembled } from '../script/assembled';
import type { FileResult } from '../script-run';

export interface Task {
  /** The name of an engine (engines.ts). */
  readonly engine: string;
  readonly path: string;
  readonly source: string;
  /** Of the modules of the script, in their order. */
  readonly assembled: readonly Packed[];
}
export type Reply = FileResult | { readonly refused: string };
export interface Finish {
  readonly finish: string;
}
export interface Told {
  /** Undefined when the engine has nothing to tell. */
  readonly told?: string;
}

type Packed = { readonly hex: string; readonly fromText: boolean } | { readonly message: string };

export function packed(assembled: Assembled): Packed {
  if (!assembled.ok) return { message: assembled.message };
  return { hex: toHex(assembled.bytes), fromText: assembled.fromText };
}
export function unpacked(packed: Packed): Assembled {
  if ('message' in packed) return { ok: false, message: packed.message };
  return { ok: true, bytes: fromHex(packed.hex), fromText: packed.fromText };
}
