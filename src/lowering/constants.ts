/**
 * Locals that have a constant vector. Compilers set one just before it is used, and where the instruction knows the constant, nobody reads the
 * local. So the constant is not written before something reads it, or control flow goes on elsewhere: often it never is.
 */
import { V128 } from '../decoder';
import { Copies, isWatched } from './copies';
import { ALL_LOCALS, type Expr, type Get, localBit, type Vector } from './expr';
import type { Sequences } from './sequences';
import type { Statement } from './statements';

interface Unwritten {
  readonly value: Vector;
  /** The local's bit. */
  readonly bit: number;
}

/** Where statements go. */
interface Appending {
  append(statement: Statement): void;
}

/** Constants that wait at a time: each statement looks at them. */
const MOST = 16;

export class Constants {
  private readonly to: Appending;
  /** By the local's slot; both are there once a local has a vector. */
  private known: Map<number, Vector> | undefined = undefined;
  private unwritten: Map<number, Unwritten> | undefined = undefined;
  /** Once a local has a vector that is computed, or a part of one. */
  private copies: Copies | undefined = undefined;

  constructor(to: Appending) {
    this.to = to;
  }

  /** What a local has that is read instead of it. */
  copyAt(slot: number): Get | undefined {
    return this.copies?.at(slot);
  }

  /** What is no lane of a local, if this is one, that has a step from another vector. */
  source(value: Expr): Expr {
    return (value.op === 'get' ? this.copies?.from(value) : undefined) ?? value;
  }

  /** A local has another value from now on. */
  change(slot: number, localidx: number): void {
    this.copies?.change(slot, localidx);
  }

  /** The last statement has written a local. */
  written(slot: number, localidx: number, value: Expr, statements: Sequences): void {
    if (value.type === V128) this.delete(slot);
    if (this.copies === undefined) {
      if (!isWatched(value)) return;
      this.copies = new Copies();
    }
    this.copies.write(slot, localidx, value, statements);
  }

  /** What is in a place, if that is known. */
  at({ slot }: Get): Vector | undefined {
    return this.known?.get(slot);
  }

  /** A local has this constant from now on. */
  set(slot: number, localidx: number, value: Vector): void {
    this.known ??= new Map();
    this.unwritten ??= new Map();
    const { known, unwritten } = this;
    known.set(slot, value);
    unwritten.delete(slot);
    unwritten.set(slot, { value, bit: localBit(localidx) });
    if (unwritten.size > MOST) this.write(unwritten, unwritten.keys().next().value!);
  }

  /** A local has another value from now on, which is written. */
  private delete(slot: number): void {
    this.known?.delete(slot);
    this.unwritten?.delete(slot);
  }

  /** Nothing is known where control flow joins. */
  clear(): void {
    this.copies?.clear();
    // The host makes an empty map anew when it is told to clear one.
    if (this.known !== undefined && this.known.size > 0) this.known.clear();
  }

  /** Before a statement: writes what it may read. */
  writeFor(statement: Statement): void {
    const { unwritten, copies } = this;
    if (unwritten === undefined && copies === undefined) return;
    const locals = localsOf(statement);
    if (locals === ALL_LOCALS) copies?.clear();
    else copies?.read(locals);
    if (unwritten === undefined || unwritten.size === 0) return;
    for (const [slot, { bit }] of unwritten) if ((locals & bit) !== 0) this.write(unwritten, slot);
  }

  /** What stands at a slot is read there. */
  writeAt(slot: number): void {
    const { unwritten } = this;
    if (unwritten?.has(slot)) this.write(unwritten, slot);
  }

  writeAll(): void {
    const { unwritten } = this;
    if (unwritten === undefined || unwritten.size === 0) return;
    for (const slot of unwritten.keys()) this.write(unwritten, slot);
  }

  /** Nobody reads a local any more. */
  forget(): void {
    this.clear();
    if (this.unwritten !== undefined && this.unwritten.size > 0) this.unwritten.clear();
  }

  private write(unwritten: Map<number, Unwritten>, slot: number): void {
    const { value } = unwritten.get(slot)!;
    unwritten.delete(slot);
    this.to.append({ kind: 'set', slot, value });
  }
}

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
