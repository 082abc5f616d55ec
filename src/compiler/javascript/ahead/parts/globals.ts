// biome-ignore-all lint/complexity/useOptionalChain: what small engines do not have, or have wrong
/** Globals that others see. */
import { f32Bits, f32FromBits, f64Bits, f64FromBits } from '../../../../runtime/numerics';
import { imported, unlinkable } from './border';
import { type Cell, type HostCallable, W } from './shared';

/** By letter: i, I, f, F; or the name of a reference type. Words are at 0 and 1. */
export interface FileGlobal {
  0: number;
  1: number;
  ref: Cell | null;
  readonly type: string;
  readonly mutable: boolean;
  get(): unknown;
  set(value: unknown): void;
}
declare function toI64(low: number, high: number): unknown;
declare function fromI64(value: unknown): number;
export function globalOf(
  type: string,
  mutable: boolean,
  low: number,
  high: number,
  ref: Cell | null,
): FileGlobal {
  const global: FileGlobal = {
    0: low,
    1: high,
    ref,
    type,
    mutable,
    get: () => globalGet(global),
    set: (value) => {
      if (!mutable) throw new Error('the global is constant');
      globalSet(global, value);
    },
  };
  return global;
}
function globalGet(global: FileGlobal): unknown {
  if (global.type === 'i') return global[0];
  if (global.type === 'I') return toI64(global[0], global[1]);
  if (global.type === 'f') return f32FromBits(global[0]);
  if (global.type === 'F') return f64FromBits(global[0], global[1]);
  return global.ref && global.ref.t ? global.ref.h : global.ref;
}
function globalSet(global: FileGlobal, value: unknown): void {
  W.hi = 0;
  if (global.type === 'i') global[0] = (value as number) | 0;
  else if (global.type === 'I') global[0] = fromI64(value);
  else if (global.type === 'f') global[0] = f32Bits(value as number);
  else if (global.type === 'F') global[0] = f64Bits(value as number);
  else global.ref = ((value && (value as HostCallable).cell) || value) as Cell | null;
  global[1] = W.hi;
}
/** A number or a global of a file. */
export function importedGlobal(
  imports: Record<string, Record<string, unknown>>,
  module: string,
  name: string,
  type: string,
  mutable: boolean,
): FileGlobal {
  const found = imported(imports, module, name) as FileGlobal;
  if (found && found.type) {
    if (found.type === type && found.mutable === mutable) return found;
  } else if (!mutable) {
    const global = globalOf(type, mutable, 0, 0, null);
    globalSet(global, found);
    return global;
  }
  throw unlinkable(module, name, 'is of another type');
}
