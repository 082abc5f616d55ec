/**
 * Locals that have a constant vector. Compilers set one just before it is used, and where the instruction knows the constant, nobody reads the
 * local. So the constant is not written before something reads it, or control flow goes on elsewhere: often it never is.
 */
import { type Get, localBit, type Vector } from './expr';
import type { Statement } from './statements';

interface Unwritten {
  readonly value: Vector;
  /** The local's bit. */
  readonly bit: number;
}

/** Constants that wait at a time: each statement looks at them. */
const MOST = 16;

export class Constants {
  private readonly emit: (statement: Statement) => void;
  /** By the local's slot. */
  private readonly known = new Map<number, Vector>();
  private readonly unwritten = new Map<number, Unwritten>();

  constructor(emit: (statement: Statement) => void) {
    this.emit = emit;
  }

  /** What is in a place, if that is known. */
  at({ slot }: Get): Vector | undefined {
    return this.known.get(slot);
  }

  /** A local has this constant from now on. */
  set(slot: number, localidx: number, value: Vector): void {
    this.known.set(slot, value);
    this.unwritten.delete(slot);
    this.unwritten.set(slot, { value, bit: localBit(localidx) });
    if (this.unwritten.size > MOST) this.write(this.unwritten.keys().next().value!);
  }

  /** A local has another value from now on, which is written. */
  delete(slot: number): void {
    this.known.delete(slot);
    this.unwritten.delete(slot);
  }

  /** Nothing is known where control flow joins. */
  clear(): void {
    // The host makes an empty map anew when it is told to clear one.
    if (this.known.size > 0) this.known.clear();
  }

  /** Before a statement: writes what it may read. */
  writeFor(statement: Statement): void {
    if (this.unwritten.size === 0) return;
    const locals = localsOf(statement);
    for (const [slot, { bit }] of this.unwritten) if ((locals & bit) !== 0) this.write(slot);
  }

  /** What stands at a slot is read there. */
  writeAt(slot: number): void {
    if (this.unwritten.has(slot)) this.write(slot);
  }

  writeAll(): void {
    if (this.unwritten.size === 0) return;
    for (const slot of this.unwritten.keys()) this.write(slot);
  }

  /** Nobody reads a local any more. */
  forget(): void {
    this.clear();
    if (this.unwritten.size > 0) this.unwritten.clear();
  }

  private write(slot: number): void {
    const { value } = this.unwritten.get(slot)!;
    this.unwritten.delete(slot);
    this.emit({ kind: 'set', slot, value });
  }
}

const ALL_LOCALS = -1;

/** The locals that it may read, as bits. Where it is not just the next one that runs behind a statement, that is all of them. */
function localsOf(statement: Statement): number {
  switch (statement.kind) {
    case 'set':
    case 'drop':
    case 'global.set':
      return statement.value.locals;
    case 'store':
    case 'vector.store':
      return statement.address.locals | statement.value.locals;
    default:
      return ALL_LOCALS;
  }
}
