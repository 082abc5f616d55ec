/** Cells of functions that are not compiled: they put their arguments on the stack and have the machine call the function. */
import { F32, F64, I32, I64, isRef, type ValType } from '../../decoder';
import { InternalError } from '../../errors';
import type { TierStack } from '../../interpreter/tiers';
import { Func, type Table } from '../../runtime';
import { withOne } from '../../runtime/listeners';
import { words } from '../../runtime/numerics';
import type { Watcher } from '../../runtime/table';
import type { Cell, CompiledCall } from './cells';

interface Caller {
  out(callee: Func, fp: number, sp: number): boolean;
  cover(end: number): void;
}

export class Stubs {
  private readonly caller: Caller;
  private readonly stack: TierStack;
  private readonly cells = new WeakMap<Func, Cell>();
  private readonly tables = new WeakMap<Table, (Cell | undefined)[]>();

  constructor(caller: Caller, stack: TierStack) {
    this.caller = caller;
    this.stack = stack;
  }

  cellOf(func: Func): Cell {
    let cell = this.cells.get(func);
    if (cell === undefined) {
      cell = { f: this.stub(func), g: undefined, t: func.typeId, func };
      this.cells.set(func, cell);
    }
    return cell;
  }

  /** The function is not compiled any more. */
  reset(func: Func): void {
    const cell = this.cells.get(func);
    if (cell === undefined) return;
    cell.f = this.stub(func);
    cell.g = undefined;
  }

  /** The cells of a table's elements, which follow what is written to it. */
  table(table: Table): readonly (Cell | undefined)[] {
    let cells = this.tables.get(table);
    if (cells === undefined) {
      const made: (Cell | undefined)[] = [];
      this.copy(table, made, 0, table.elements.length);
      const watcher: Watcher = (from, count) => this.copy(table, made, from, count);
      table.watchers = withOne(table.watchers, watcher);
      this.tables.set(table, made);
      cells = made;
    }
    return cells;
  }

  private copy({ elements }: Table, cells: (Cell | undefined)[], from: number, count: number): void {
    for (let k = from; k < from + count; k++) {
      const element = elements[k];
      const cell = element instanceof Func ? this.cellOf(element) : undefined;
      if (k < cells.length) cells[k] = cell;
      else cells.push(cell);
    }
  }

  private stub(func: Func): CompiledCall {
    const { params } = func.type;
    return (fp: number, sp: number, ...args: unknown[]) => {
      this.write(params, fp, args);
      return this.callWithStack(func, fp, sp);
    };
  }

  /** The arguments are on the stack already. Undefined: the callee has stopped (`Activations.u`). */
  callWithStack(func: Func, fp: number, sp: number): unknown {
    if (!this.caller.out(func, fp, sp)) return undefined;
    const { results } = func.type;
    return results.length === 1 ? this.read(results[0], fp) : 0;
  }

  private write(types: readonly ValType[], fp: number, args: readonly unknown[]): void {
    const { ints, floats, doubles, refs } = this.stack;
    if (types.some(isRef)) this.caller.cover(fp + 2 * types.length);
    let k = 0;
    types.forEach((type, slot) => {
      const at = fp + 2 * slot;
      const value = args[k++] as number;
      if (type === I32) ints[at] = value;
      else if (type === I64) {
        ints[at] = value;
        ints[at + 1] = args[k++] as number;
      } else if (type === F32 || type === F64) {
        // The words of what is no number are there.
        if (Number.isNaN(value)) return;
        if (type === F32) floats[at] = value;
        else doubles[at >> 1] = value;
      } else if (isRef(type)) refs[at >> 1] = value;
      else throw new InternalError('a vector, which this tier refuses');
    });
  }

  private read(type: ValType, fp: number): unknown {
    const { ints, floats, doubles, refs } = this.stack;
    if (type === I32) return ints[fp];
    if (type === F32) return floats[fp];
    if (type === F64) return doubles[fp >> 1];
    if (type !== I64) return refs[fp >> 1];
    words.hi = ints[fp + 1];
    return ints[fp];
  }
}
