/**
 * The globals of an instance that a direct call hands over by itself: its mutable ones, where they are few and i32s (a stack pointer, in most
 * programs). For all of them an adapter would have to be called, before each call and behind it.
 */
import { I32, type Module } from '../../decoder';
import type { Global } from '../../runtime';

/** Parameters of the helper `globals`. */
export const MOST_HANDED = 4;

/** Their indices; undefined where the adapters hand globals over. */
export function handedGlobals({ globals }: Module): readonly number[] | undefined {
  const mutable = [...globals.keys()].filter((k) => globals[k].mutable);
  const areFew = mutable.length <= MOST_HANDED && mutable.every((k) => globals[k].value === I32);
  return areFew ? mutable : undefined;
}

/** Of one instance: what emitted code had in them at the last call. */
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

  /** Whether one of them has another value now. */
  get haveChanged(): boolean {
    const { globals, given } = this;
    for (let k = 0; k < given.length; k++) if (globals[k].cells[globals[k].at] !== given[k]) return true;
    return false;
  }
}
