/**
 * What has been emitted of a program, as data that may outlast the process: another one that runs the same module has nothing to emit then. It
 * belongs to these very bytes, to this very tswasm, and to this version of the host: whoever keeps it sees to that.
 *
 * A run that nothing is known for makes groups in haste, of what is called next to what happens to stand beside it. Of such a one only the functions
 * are kept; the next run makes groups of these alone, and keeps what it has made. What later runs add in haste is kept beside, until that is more than
 * half of all: then groups are made anew.
 */
import type { ValType } from '../../decoder';
import type { FrameSize, HelpedInstruction, Layout, Variant } from './layout';

/** Functions that have been emitted together, behind each other in a side module. */
export interface KeptPiece {
  /** Functions of the original. */
  readonly members: readonly number[];
  /** How many functions of the side module stand before them. */
  readonly first: number;
  /** Offsets of their code entries in the side module, and where the last one ends. */
  readonly codeStarts: readonly number[];
  /** What the added functions behind them are known by, in their order. */
  readonly added: readonly string[];
}
/** A group of functions, or several that stand in one module. */
export interface KeptGroup {
  readonly bytes: Uint8Array;
  /** Tables of the original that it calls through. */
  readonly mirrors: readonly number[];
  readonly pieces: readonly KeptPiece[];
}
export function membersOf({ pieces }: KeptGroup): number[] {
  return pieces.flatMap(({ members }) => members);
}
/** What has been emitted of a continuation. */
export interface SideBytes {
  readonly bytes: Uint8Array;
  /** Offsets of its code entry in `bytes`, and where that ends. */
  readonly codeStarts: readonly number[];
  readonly mirrors: readonly number[];
  /** What its added functions are known by, in their order. */
  readonly added: readonly string[];
}
/** A continuation. `areInside`: its loops lie within those in which interpreters dispatch. */
export interface KeptContinuation extends SideBytes {
  readonly funcidx: number;
  readonly areInside: boolean;
}

/** What emitting one part leaves for emitting others, and for emitting the same once more. */
export interface KeptLayout {
  readonly mirrors: readonly number[];
  readonly added: readonly (readonly [params: readonly ValType[], results: readonly ValType[]])[];
  readonly effects: readonly HelpedInstruction[];
  readonly outside: readonly number[];
  readonly frameSizes: readonly (readonly [id: number, size: FrameSize])[];
}

export interface KeptProgram {
  readonly variant: Variant;
  readonly main: {
    readonly bytes: Uint8Array;
    readonly codeStart: readonly number[];
    readonly refused: readonly (readonly [funcidx: number, why: string])[];
  };
  readonly layout: KeptLayout;
  readonly groups: readonly KeptGroup[];
  /** How many pieces of them were made without knowing what would be called. */
  readonly hasty: number;
  readonly continuations: readonly KeptContinuation[];
}

/** What is known of a module: what has been emitted, one program of a variant, or else functions that it will run. */
export interface KnownCode {
  readonly programs: readonly KeptProgram[];
  readonly wanted?: readonly number[] | undefined;
}

/** The same of one program. */
export interface KnownProgram {
  readonly program?: KeptProgram | undefined;
  readonly wanted?: readonly number[] | undefined;
}

export const isSame = (a: Variant, b: Variant): boolean =>
  a.isShared === b.isShared && a.isExact === b.isExact;

/** What is known when these programs have run, of which nothing or something had been known before; undefined: no more than that. */
export function foundOut(
  programs: readonly KnownProgram[],
  known: KnownCode | undefined,
): KnownCode | undefined {
  if (programs.every(({ program, wanted }) => program === undefined && wanted === undefined))
    return undefined;
  const wanted = new Set(programs.flatMap((one) => one.wanted ?? []));
  if (wanted.size > 0) return { programs: [], wanted: [...wanted] };
  const made = programs.flatMap(({ program }) => program ?? []);
  const others = known?.programs.filter((one) => !made.some(({ variant }) => isSame(variant, one.variant)));
  return { programs: [...made, ...(others ?? [])] };
}

export function keptLayout(layout: Layout): KeptLayout {
  return {
    mirrors: layout.mirrors,
    added: layout.added.map(({ params, results }) => [[...params], [...results]] as const),
    effects: layout.effects.list,
    outside: [...layout.outside],
    frameSizes: [...layout.frameSizes],
  };
}

/** A layout as it was when that was kept. */
export function restoreLayout(layout: Layout, kept: KeptLayout): void {
  layout.mirrors.push(...kept.mirrors);
  for (const [params, results] of kept.added) layout.typeidx(params, results);
  for (const effect of kept.effects) layout.effects.number(effect);
  for (const funcidx of kept.outside) layout.outside.add(funcidx);
  for (const [id, size] of kept.frameSizes) layout.frameSizes.set(id, size);
}
