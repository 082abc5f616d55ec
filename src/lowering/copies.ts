/**
 * Locals that have vectors, or lanes of those in other locals. Compilers put the lanes that they compute addresses from into locals, and use
 * those for the next vector a few instructions on. So whoever reads such a local reads the lane, and a write that nothing has read when its
 * local is written again is left out. Both hold while one statement follows the other: where control flow goes elsewhere, all is written.
 */
import { I32, V128 } from '../decoder';
import { type Expr, type Get, localBit, TRAPS } from './expr';
import type { Sequences } from './sequences';

/** Locals that are looked after at a time: each statement looks at them. */
const MOST = 16;

interface Written {
  /** The local's bit. */
  readonly bit: number;
  /** The lane that it has, as long as that is known. */
  lane: Get | undefined;
  /** Of the statement that wrote it, as long as nothing has read it. */
  unread: number | undefined;
}

const isLane = (value: Expr): value is Get => value.op === 'get' && value.held === V128;

/** Whether a local that has this is looked after: a vector, or a part of one. What traps is computed, whoever reads it. */
export function isWatched(value: Expr): boolean {
  return (value.kind === 'v' || isLane(value)) && (value.flags & TRAPS) === 0;
}

export class Copies {
  /** By slot. */
  private readonly locals = new Map<number, Written>();

  /** The lane that a local has, if it has one. */
  at(slot: number): Get | undefined {
    return this.locals.get(slot)?.lane;
  }

  /** A local has another value from now on. */
  change(slot: number, localidx: number): void {
    const bit = localBit(localidx);
    for (const [copy, known] of this.locals) {
      if (copy === slot || ((known.lane?.locals ?? 0) & bit) !== 0) known.lane = undefined;
    }
  }

  /** The last statement has written a local. The one that wrote it before is left out if nothing has read that. */
  write(slot: number, localidx: number, value: Expr, statements: Sequences): void {
    const { locals } = this;
    const before = locals.get(slot)?.unread;
    if (before !== undefined) statements.remove(before);
    locals.delete(slot);
    if (!isWatched(value)) return;
    const bit = localBit(localidx);
    const isCopy = isLane(value) && value.type === I32 && value.reads < 0 && (value.locals & bit) === 0;
    locals.set(slot, { bit, lane: isCopy ? value : undefined, unread: statements.end - 1 });
    if (locals.size > MOST) locals.delete(locals.keys().next().value!);
  }

  /** A statement reads these locals. */
  read(bits: number): void {
    for (const known of this.locals.values()) if ((known.bit & bits) !== 0) known.unread = undefined;
  }

  clear(): void {
    if (this.locals.size > 0) this.locals.clear();
  }
}
