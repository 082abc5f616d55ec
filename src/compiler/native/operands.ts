/**
 * Where the operands of a frame that waits for a call can be read. Code cannot look below what it works on: so operands are kept in locals,
 * in *shadows* of their own, unless one is the copy of a local that nothing has been written to since. Within straight code and behind
 * blocks, what has been written since stands between the two in the module; a loop may come back, so what lies below it is always in shadows.
 */
import { OP, type Reader } from '../../decoder';

const SHADOWED = -2;
const UNKNOWN = -1;

export class Operands {
  private readonly reader: Reader;
  /** By height, up to `known`: the local of which the operand is a copy, and the module offset of the instruction that has made it. */
  private readonly locals: number[] = [];
  private readonly since: number[] = [];
  private known = 0;
  /** By local: the module offset of the last instruction that has written to it. */
  readonly written: number[] = [];

  /** Of the module's bytes. */
  constructor(reader: Reader) {
    this.reader = reader;
  }

  /** Nothing is left of what lay at this height and above. */
  forget(height: number): void {
    if (this.known > height) this.known = height;
  }

  /** Straight code has left so many operands from a height on, given by the instructions at these offsets. */
  give(height: number, count: number, givers: readonly number[]): void {
    this.reach(height);
    const { reader } = this;
    for (let k = 0; k < count; k++) {
      const offset = givers[k];
      let local = UNKNOWN;
      if (reader.bytes[offset] === OP['local.get']) {
        reader.pos = offset + 1;
        local = reader.u32();
      }
      this.since[this.known] = offset;
      this.locals[this.known++] = local;
    }
  }

  /** The operand at this height, where straight code has left an `i32.const` there. */
  constantAt(height: number): number | undefined {
    this.reach(height + 1);
    const { reader, locals, since } = this;
    const offset = since[height];
    if (locals[height] !== UNKNOWN || reader.bytes[offset] !== OP['i32.const']) return undefined;
    reader.pos = offset + 1;
    return reader.s32();
  }

  /** The lowest of so many operands that can be read nowhere; undefined when there is none. */
  firstUnread(count: number): number | undefined {
    this.reach(count);
    for (let height = 0; height < count; height++) {
      if (this.locals[height] !== SHADOWED && this.localAt(height) < 0) return height;
    }
    return undefined;
  }
  /** The lowest that is not in a shadow. */
  firstUnshadowed(count: number): number | undefined {
    this.reach(count);
    for (let height = 0; height < count; height++) if (this.locals[height] !== SHADOWED) return height;
    return undefined;
  }

  /** These are in shadows now. */
  shadow(from: number, to: number): void {
    this.reach(from);
    for (let height = from; height < to; height++) this.locals[height] = SHADOWED;
    this.known = Math.max(this.known, to);
  }

  /** The locals that so many operands are to be read in, -1 for shadows; undefined when all are in shadows. */
  sources(count: number): readonly number[] | undefined {
    let sources: number[] | undefined;
    for (let height = 0; height < count; height++) {
      if (this.locals[height] === SHADOWED) continue;
      sources ??= new Array<number>(count).fill(-1);
      sources[height] = this.locals[height];
    }
    return sources;
  }

  /** Whatever lies below this height. */
  private reach(height: number): void {
    while (this.known < height) {
      this.since[this.known] = UNKNOWN;
      this.locals[this.known++] = UNKNOWN;
    }
  }
  /** The local that still holds what it was copied from. */
  private localAt(height: number): number {
    const local = this.locals[height];
    return local >= 0 && (this.written[local] ?? -1) <= this.since[height] ? local : -1;
  }
}
