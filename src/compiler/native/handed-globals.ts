/**
 * The globals of an instance that direct calls hand over with their arguments, and when they return: those that its functions set, where they are
 * few and i32s (a stack pointer, in most programs). For all of them an adapter would have to be called, before each call and behind it.
 */
import { I32, type Module, type ValType } from '../../decoder';
import type { Global } from '../../runtime';

/** Parameters for them. */
export const HANDED: readonly ValType[] = [I32, I32, I32, I32];

/** Their indices; undefined where the adapters hand globals over. */
export function handedGlobals({ globals, written }: Module): readonly number[] | undefined {
  const all = [...globals.keys()].filter((k) => written.has(globals[k]));
  const areFew = all.length <= HANDED.length && all.every((k) => globals[k].value === I32);
  return areFew ? all : undefined;
}

/** Of one instance: what emitted code has in them, when it does not run. */
export class HandedGlobals {
  private readonly globals: readonly Global[];
  private readonly given: number[];

  constructor(globals: readonly Global[]) {
    this.globals = globals;
    this.given = globals.map(() => 0);
  }

  give(a: number, b: number, c: number, d: number): void {
    const { globals, given } = this;
    for (let k = 0; k < given.length; k++) {
      const value = k < 2 ? (k === 0 ? a : b) : k === 2 ? c : d;
      given[k] = value;
      globals[k].cells[globals[k].at] = value;
    }
  }

  /** Emitted code has what the runtime has. */
  agree(): void {
    const { globals, given } = this;
    for (let k = 0; k < given.length; k++) given[k] = globals[k].cells[globals[k].at];
  }

  /** Whether the runtime has another value of one of them. */
  get haveChanged(): boolean {
    const { globals, given } = this;
    for (let k = 0; k < given.length; k++) if (globals[k].cells[globals[k].at] !== given[k]) return true;
    return false;
  }
}
