/**
 * Accesses by a DataView: one check and one instruction where engines compile what is hot. A typed array needs a test of the address, and a
 * function for those between two elements; and where it is known that there are none, still the index, which is in nobody's way only for
 * bytes and constants. Where nothing is compiled, calling a method takes longer than that.
 *
 * Behind the end a DataView throws. Which access that was says the variable `q`, which is set before each; compiled code has it only in what
 * it notes for being thrown away.
 */
import { I32, type Place, TypedMemories, type Width } from './memories';

const GETTERS = { u8: 'getUint8', u16: 'getUint16', i32: 'getInt32', f32: 'getFloat32', f64: 'getFloat64' };
const SETTERS = { u8: 'setInt8', u16: 'setInt16', i32: 'setInt32', f32: 'setFloat32', f64: 'setFloat64' };

/** What an access behind the end throws: engines say it in words of their own, some in others where the address has more than 32 bits, and with it. */
const OUTSIDE = new Set([0, 2 ** 32].map(outside));
function outside(at: number): unknown {
  try {
    return new DataView(new ArrayBuffer(1)).getInt32(at);
  } catch (error) {
    return withoutNumbers(error as Error);
  }
}

function withoutNumbers({ message }: Error): string {
  return message.replace(/\d+/g, '');
}

export function isOutside(error: unknown): boolean {
  return error instanceof RangeError && OUTSIDE.has(withoutNumbers(error));
}

export class DataViewMemories extends TypedMemories {
  protected override read(place: Place, width: Width): string {
    if (this.byIndex(place, width)) return super.read(place, width);
    return `(${this.mark(place)},${this.get(place, width)})`;
  }

  protected override readPair(place: Place, low: string, high: string): string {
    if (this.byIndex(place, I32)) return super.readPair(place, low, high);
    return `${this.mark(place)},${low}=${this.get(place, I32)},${high}=${this.get(place, I32, 4)}`;
  }

  protected override write(place: Place, value: string, width: Width): string {
    if (this.byIndex(place, width)) return super.write(place, value, width);
    return `${this.mark(place)};${this.set(place, value, width)}`;
  }

  /** The second word first: where that fits, both do. */
  protected override writePair(place: Place, low: string, high: string): string {
    if (this.byIndex(place, I32)) return super.writePair(place, low, high);
    return `${this.mark(place)};${this.set(place, high, I32, 4)}${this.set(place, low, I32)}`;
  }

  /** Bytes, and places that are known, where an index costs nothing. */
  private byIndex(place: Place, width: Width): boolean {
    return (width.shift === 0 || place.constant !== undefined) && this.index(place, width) !== undefined;
  }

  private mark({ at }: Place): string {
    return `${this.expressions.uses.variable('q')}=${at}`;
  }

  private get(place: Place, { view }: Width, more = 0): string {
    return `${this.data(place)}.${GETTERS[view]}(${addressOf(place, more)},true)`;
  }

  private set(place: Place, value: string, { view }: Width, more = 0): string {
    return `${this.data(place)}.${SETTERS[view]}(${addressOf(place, more)},${value},true);`;
  }

  private data({ memidx }: Place): string {
    return this.expressions.uses.data(memidx);
  }
}

function addressOf({ base, constant, offset }: Place, more: number): string {
  if (constant !== undefined) return `${constant + more}`;
  return offset + more === 0 ? `${base}>>>0` : `(${base}>>>0)+${offset + more}`;
}
