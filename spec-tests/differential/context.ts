/** What code generation knows of the module around it. */
import type { TypeName } from '../binary';
import type { NumericName } from './operators';
import type { Random } from './random';

export interface Signature {
  readonly params: readonly TypeName[];
  readonly results: readonly TypeName[];
}

/** How often each kind of code comes. Drawn anew for each module, so that modules differ in kind and not just in detail. */
export interface Profile {
  readonly numeric: Record<NumericName, number>;
  readonly memory: number;
  readonly table: number;
  readonly bulk: number;
  readonly call: number;
  readonly control: number;
  readonly long: number;
  readonly tailCalls: boolean;
  readonly memory64: boolean;
  readonly extendedConst: boolean;
  /** How often code throws and handles exceptions, and in which of the two encodings. */
  readonly exceptions: number;
  readonly exceptionStyle: 'legacy' | 'standard';
  /** The bits of all NaNs may be looked at. */
  readonly anyNans: boolean;
  /** Percent of the operations that may trap which are left to do so. */
  readonly trap: number;
  /** Percent of functions that trap at the end of their fuel; the others return zeros. */
  readonly hardFuel: number;
}

export interface TableContext {
  readonly type: 'funcref' | 'externref';
  /** A power of two. */
  readonly size: number;
}

export interface TagContext {
  readonly params: readonly TypeName[];
  /** Functions of the module that make a handle of the payload: one returns the payload before it (exceptions.ts). */
  readonly pack: number;
  readonly packOnly: number;
}

export interface ModuleContext {
  readonly random: Random;
  readonly profile: Profile;
  /** All functions, the imported ones first. */
  readonly signatures: readonly Signature[];
  /** Indices of those that random code may call, and that references may lead to. */
  readonly callable: readonly number[];
  readonly referable: readonly number[];
  /** Those that random code may use. */
  readonly globals: readonly { readonly index: number; readonly type: TypeName; readonly mutable: boolean }[];
  /** The counter that ends every loop and recursion. Not in the reach of random code. */
  readonly fuelGlobal: number;
  readonly tags: readonly TagContext[];
  /** A function of the module that throws the exception of a handle. */
  readonly rethrow: number;
  readonly memory: { readonly address: 'i32' | 'i64' } | undefined;
  readonly tables: readonly TableContext[];
  /** Function indices in table 0 after instantiation, from element 0 on. */
  readonly tableFunctions: readonly number[];
  readonly passiveData: readonly number[];
  readonly passiveElements: readonly { readonly index: number; readonly type: 'funcref' | 'externref' }[];
  typeIndex(params: readonly TypeName[], results: readonly TypeName[]): number;
}

export const NUMERIC: readonly NumericName[] = ['i32', 'i64', 'f32', 'f64', 'v128'];

export function isNumericType(type: TypeName): type is NumericName {
  return (NUMERIC as readonly TypeName[]).includes(type);
}
export function sameList(a: readonly TypeName[], b: readonly TypeName[]): boolean {
  return a.length === b.length && a.every((t, i) => t === b[i]);
}
