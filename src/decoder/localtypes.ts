/** Types of the locals of a function that is being validated, and which of those without a default value have been set. */
import { invalid, malformed } from '../errors';
import type { Context } from './context';
import { InitializedLocals } from './inits';
import { checkLimit } from './limits';
import type { Reader } from './reader';
import { readValType } from './typereader';
import { F64, I32, isDefaultable, type ValType } from './types';

const MOST_ENCODED = 2 ** 32;
/** Locals whose types stand in an array, parameters apart; there are 50,000 in four bytes, and the others stay groups. */
const LISTED = 128;

export class LocalTypes {
  /** Types of the parameters and of the first locals. */
  types = new Int32Array(0);
  count = 0;
  private listed = 0;
  /** Whether there are locals that must be set before they are read, the first that may be one, and those that have been. */
  hasUnset = false;
  private firstUnset = 0;
  readonly initialized = new InitializedLocals();
  /** Groups of locals: where each ends, and its type. */
  private groups = 0;
  private readonly groupEnds: number[] = [];
  private readonly groupTypes: ValType[] = [];

  constructor(private readonly context: Context) {
    // Grown here rather than made: engines optimise for a field that never changes, and throw that code away when it does.
    this.ensure(256);
  }

  /** Reads the declarations of a code entry. */
  read(reader: Reader, params: readonly ValType[]): void {
    const start = reader.pos;
    const most = params.length + LISTED;
    this.ensure(most);
    this.types.set(params);
    this.count = params.length;
    this.groups = 0;
    this.hasUnset = false;
    const { bytes } = reader;
    let total = 0;
    let groups = reader.count();
    checkLimit('localDeclarations', groups, start);
    for (; groups > 0; groups--) {
      let count = bytes[reader.pos];
      let type = bytes[reader.pos + 1];
      // Nearly all are a few numbers.
      if (count < 0x80 && type >= F64 && type <= I32) reader.pos += 2;
      else {
        count = reader.u32();
        type = readValType(reader, this.context);
        if (count > 0 && !isDefaultable(type)) this.track(params.length);
      }
      total += count;
      if (total > 0xffffff) continue;
      const from = this.count;
      this.count = params.length + total;
      checkLimit('locals', this.count, start);
      this.types.fill(type, Math.min(from, most), Math.min(this.count, most));
      // Overwritten rather than emptied: that would be a call of the engine's for each function.
      const group = this.groups++;
      this.groupEnds[group] = this.count;
      this.groupTypes[group] = type;
    }
    this.listed = Math.min(this.count, most);
    if (total >= MOST_ENCODED) throw malformed('too many locals', start);
    checkLimit('locals', params.length + total, start);
  }

  private track(params: number): void {
    this.hasUnset = true;
    this.firstUnset = params;
    this.initialized.clear();
  }

  private ensure(count: number): void {
    if (count <= this.types.length) return;
    const old = this.types;
    this.types = new Int32Array(2 * count);
    this.types.set(old);
  }

  /** Reads the index of a local that is read by the instruction at `at`: its type. */
  get(reader: Reader, at: number): ValType {
    const localidx = this.index(reader, at);
    const type = this.typeOf(localidx);
    if (this.isUnset(localidx, type)) throw invalid(`uninitialized local ${localidx}`, at);
    return type;
  }

  /** Reads the index of a local that is set: its type. */
  set(reader: Reader, at: number): ValType {
    const localidx = this.index(reader, at);
    const type = this.typeOf(localidx);
    if (this.isUnset(localidx, type)) this.initialized.set(localidx);
    return type;
  }

  private isUnset(localidx: number, type: ValType): boolean {
    if (!this.hasUnset || localidx < this.firstUnset) return false;
    return !isDefaultable(type) && !this.initialized.has(localidx);
  }

  private index(reader: Reader, at: number): number {
    const localidx = reader.u32();
    if (localidx >= this.count) throw invalid(`unknown local ${localidx}`, at);
    return localidx;
  }

  private typeOf(localidx: number): ValType {
    return localidx < this.listed ? this.types[localidx] : this.typeInGroup(localidx);
  }

  private typeInGroup(localidx: number): ValType {
    const { groupEnds } = this;
    let low = 0;
    for (let high = this.groups - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (groupEnds[middle] > localidx) high = middle;
      else low = middle + 1;
    }
    return this.groupTypes[low];
  }
}
