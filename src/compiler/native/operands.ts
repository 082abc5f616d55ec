/**
 * Where the operands of a frame that waits for a call can be read. Code cannot look below what it works on: so operands are kept in locals,
 * in *shadows* of their own, unless one is the copy of a local that nothing has been written to since. Within straight code and behind
 * blocks, what has been written since stands between the two in the module; a loop may come back, so what lies below it is always in shadows.
 */
import { OP, Reader } from '../../decoder';
import type { ModuleData } from '../../decoder/module';
import { type Visitor, Walk } from '../../decoder/walk';

const SHADOWED = -2;
const UNKNOWN = -1;

/** One function is written after the other, so these are the same for all: arrays that grow in other ways would be different for the host's engine. */
const GIVERS: number[] = [];
const WRITTEN: number[] = [];

export class Operands {
  private readonly reader: Reader;
  /** By height, up to `known`: the module offset of the instruction that has made the operand, or that it is in a shadow, or is unknown. */
  readonly givers = GIVERS;
  private known = 0;
  /** By local: the module offset of the last instruction that has written to it, or -1. */
  readonly written = WRITTEN;

  /** `reader`: of the module's bytes. */
  constructor(reader: Reader) {
    this.reader = reader;
  }

  /** The function begins, and has so many locals. */
  begin(locals: number): void {
    for (let localidx = 0; localidx < locals; localidx++) WRITTEN[localidx] = -1;
  }

  /** Nothing is left of what lay at this height and above. */
  forget(height: number): void {
    if (this.known > height) this.known = height;
  }

  /** Straight code has left operands between these heights, whose givers it has noted. */
  give(from: number, to: number): void {
    this.forget(from);
    this.reach(from);
    this.known = to;
  }

  /** The operand at this height, where straight code has left an `i32.const` there. */
  constantAt(height: number): number | undefined {
    this.reach(height + 1);
    const { reader } = this;
    const offset = this.givers[height];
    if (reader.bytes[offset] !== OP['i32.const']) return undefined;
    reader.pos = offset + 1;
    return reader.s32();
  }

  /** The lowest of so many operands that can be read nowhere; undefined when there is none. */
  firstUnread(count: number): number | undefined {
    this.reach(count);
    for (let height = 0; height < count; height++) {
      if (this.givers[height] !== SHADOWED && !this.isCopy(height)) return height;
    }
    return undefined;
  }
  /** The lowest that is not in a shadow. */
  firstUnshadowed(count: number): number | undefined {
    this.reach(count);
    for (let height = 0; height < count; height++) if (this.givers[height] !== SHADOWED) return height;
    return undefined;
  }

  /** There are so many, and all of them are in shadows. */
  shadowAll(count: number): void {
    this.shadow(0, count);
    this.known = count;
  }

  /** These are in shadows now. */
  shadow(from: number, to: number): void {
    this.reach(from);
    for (let height = from; height < to; height++) this.givers[height] = SHADOWED;
    this.known = Math.max(this.known, to);
  }

  /** The locals that so many operands are to be read in, -1 for shadows; undefined when all are in shadows. */
  sources(count: number): readonly number[] | undefined {
    this.reach(count);
    let sources: number[] | undefined;
    for (let height = 0; height < count; height++) {
      if (this.givers[height] === SHADOWED) continue;
      sources ??= new Array<number>(count).fill(-1);
      sources[height] = this.localAt(height);
    }
    return sources;
  }

  /** Whatever lies below this height. */
  private reach(height: number): void {
    while (this.known < height) this.givers[this.known++] = UNKNOWN;
  }
  /** The local that the operand is a copy of, or -1. */
  private localAt(height: number): number {
    const { reader, givers } = this;
    const offset = givers[height];
    if (reader.bytes[offset] !== OP['local.get']) return -1;
    reader.pos = offset + 1;
    return reader.u32();
  }
  /** Whether it is the copy of a local that still holds what it was copied from. */
  private isCopy(height: number): boolean {
    const local = this.localAt(height);
    return local >= 0 && this.written[local] <= this.givers[height];
  }
}

/** A walk that knows where operands can be read. */
export class TracedWalk extends Walk {
  readonly operands: Operands;

  constructor(module: ModuleData, funcidx: number, visitor: Visitor) {
    super(module, funcidx, visitor);
    this.operands = new Operands(new Reader(module.bytes));
  }

  override drop(count: number): void {
    super.drop(count);
    this.operands.forget(this.height);
  }
}
