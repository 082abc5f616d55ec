/**
 * Values that cross between emitted code and the runtime, one by one: pushed by emitted code into a buffer, taken by it out of the machine's
 * slots or the same buffer. A value takes the words that it takes in a slot: floats come as bits, a v128 as two.
 */
import { F32, I32, I64, isRef, slotsOf, type ValType } from '../../decoder';
import type { TierStack } from '../../interpreter/tiers';
import { type Global, type JsNumber, readWords, reference, type Value, writeWords } from '../../runtime';

const FIRST_CAPACITY = 64;

/** Slots: views of one buffer, and references beside them. */
interface Slots {
  readonly ints: Int32Array;
  readonly floats: Float32Array;
  readonly bigs: BigInt64Array;
  readonly doubles: Float64Array;
  readonly refs: unknown[];
}

export class Crossing {
  private buffer = emptySlots(FIRST_CAPACITY);
  private readonly stack: Slots;
  private pushed = 0;
  /** What is taken from, and the slot of the next value. */
  private source: Slots;
  private next = 0;

  constructor({ ints, refs }: TierStack) {
    this.stack = slots(ints.buffer, refs);
    this.source = this.stack;
  }

  // What emitted code calls.

  readonly pushI32 = (value: number): void => {
    const at = this.room();
    const { ints } = this.buffer;
    ints[2 * at] = value;
    ints[2 * at + 1] = 0;
  };
  readonly pushFour = (a: number, b: number, c: number, d: number): void => {
    this.pushI32(a);
    this.pushI32(b);
    this.pushI32(c);
    this.pushI32(d);
  };
  readonly pushI64 = (value: bigint): void => {
    const at = this.room();
    this.buffer.bigs[at] = value;
  };
  readonly pushRef = (value: unknown): void => {
    const at = this.room();
    this.buffer.refs[at] = value;
  };
  readonly takeI32 = (): number => this.source.ints[2 * this.next++];
  readonly takeI64 = (): bigint => this.source.bigs[this.next++];
  readonly takeRef = (): unknown => this.source.refs[this.next++];

  private room(): number {
    const { ints } = this.buffer;
    if (2 * this.pushed === ints.length) {
      const larger = emptySlots(ints.length);
      larger.ints.set(ints);
      this.buffer.refs.forEach((ref, at) => {
        larger.refs[at] = ref;
      });
      this.buffer = larger;
    }
    return this.pushed++;
  }

  // What the runtime calls.

  /** Emitted code takes values from the machine's stack, from a word on. */
  offer(word: number): void {
    this.source = this.stack;
    this.next = word >> 1;
  }
  /** Begins a list of values that the runtime pushes itself, for emitted code to take. */
  offerPushed(): void {
    this.source = this.buffer;
    this.next = 0;
    this.pushed = 0;
  }

  get count(): number {
    return this.pushed;
  }
  /** Forgets what has been pushed. */
  clear(): void {
    this.pushed = 0;
  }

  /** Moves what has been pushed, from its slot `first` on, to the machine's stack. Of references only those that types say. */
  toStack(types: readonly ValType[], word: number, first = 0): void {
    const { ints, refs } = this.buffer;
    const { stack } = this;
    let from = first;
    let to = word;
    for (const type of types) {
      if (isRef(type)) {
        while (stack.refs.length <= to >> 1) stack.refs.push(null);
        stack.refs[to >> 1] = refs[from];
      } else {
        for (let k = 0; k < 2 * slotsOf(type); k++) stack.ints[to + k] = ints[2 * from + k];
      }
      from += slotsOf(type);
      to += 2 * slotsOf(type);
    }
  }

  /** What has been pushed, as values. */
  values(types: readonly ValType[]): Value[] {
    const { ints, refs } = this.buffer;
    let slot = 0;
    return types.map((type) => {
      const value = isRef(type) ? reference(type, refs[slot]) : readWords(type, ints, 2 * slot);
      slot += slotsOf(type);
      return value;
    });
  }
  pushValues(values: readonly Value[]): void {
    for (const value of values) {
      if (isRef(value.type)) {
        this.pushRef(value.ref);
        continue;
      }
      const slot = this.room();
      for (let more = slotsOf(value.type); more > 1; more--) this.room();
      writeWords(value, this.buffer.ints, 2 * slot);
    }
  }
  /** Integers of these types from a word of the machine's stack on, as JavaScript has them; and the other way. */
  integers(types: readonly ValType[], word: number): unknown[] {
    const { ints, bigs } = this.stack;
    return types.map((type, k) => (type === I32 ? ints[word + 2 * k] : bigs[(word >> 1) + k]));
  }
  /** Numbers, of which no NaN is another than JavaScript's. */
  putNumbers(types: readonly ValType[], values: readonly unknown[], word: number): void {
    types.forEach((type, k) => {
      put(this.stack, type, values[k], (word >> 1) + k);
    });
  }
  pushNumber(type: ValType, value: unknown): void {
    const at = this.room();
    this.buffer.ints[2 * at + 1] = 0;
    put(this.buffer, type, value, at);
  }
  takeNumber(type: ValType): JsNumber {
    const { ints, floats, bigs, doubles } = this.source;
    const at = this.next++;
    if (type === I32) return ints[2 * at];
    if (type === I64) return bigs[at];
    return type === F32 ? floats[2 * at] : doubles[at];
  }

  /** A global's value, for emitted code to take. */
  pushGlobal({ type, cells, at, ref }: Global): void {
    if (isRef(type.value)) {
      this.pushRef(ref);
      return;
    }
    for (let word = 0; word < 2 * slotsOf(type.value); word += 2) {
      const slot = this.room();
      this.buffer.ints[2 * slot] = cells[at + word];
      this.buffer.ints[2 * slot + 1] = cells[at + word + 1];
    }
  }
  /** What has been pushed at a slot becomes a global's value. The slot behind it. */
  toGlobal(slot: number, global: Global): number {
    const { ints, refs } = this.buffer;
    const { cells, at } = global;
    const type = global.type.value;
    if (isRef(type)) global.ref = refs[slot];
    else for (let word = 0; word < 2 * slotsOf(type); word++) cells[at + word] = ints[2 * slot + word];
    return slot + slotsOf(type);
  }

  /** Moves all of it there, whatever it is, and forgets it. */
  allToStack(word: number): void {
    const { ints, refs } = this.buffer;
    const { stack } = this;
    while (stack.refs.length < (word >> 1) + this.pushed + 1) stack.refs.push(null);
    for (let k = 0; k < this.pushed; k++) {
      stack.ints[word + 2 * k] = ints[2 * k];
      stack.ints[word + 2 * k + 1] = ints[2 * k + 1];
      stack.refs[(word >> 1) + k] = refs[k];
    }
    this.pushed = 0;
  }

  /**
   * Copies values to a frame's slots on the machine's stack, which has room for them: pairs of a slot and of where its value has been pushed,
   * counted from `first`, or -1: it has not, and is zero.
   */
  land(numbers: Int32Array, references: Int32Array, first: number, word: number): void {
    const { ints, refs } = this.buffer;
    const { stack } = this;
    for (let k = 0; k < numbers.length; k += 2) {
      const to = word + 2 * numbers[k];
      const from = 2 * (first + numbers[k + 1]);
      const isPushed = numbers[k + 1] >= 0;
      stack.ints[to] = isPushed ? ints[from] : 0;
      stack.ints[to + 1] = isPushed ? ints[from + 1] : 0;
    }
    for (let k = 0; k < references.length; k += 2) {
      const from = references[k + 1];
      stack.refs[(word >> 1) + references[k]] = from < 0 ? null : refs[first + from];
    }
  }
  /** The low word of what has been pushed at a slot. */
  wordAt(slot: number): number {
    return this.buffer.ints[2 * slot];
  }
}

function slots(buffer: ArrayBufferLike, refs: unknown[]): Slots {
  return {
    ints: new Int32Array(buffer),
    floats: new Float32Array(buffer),
    bigs: new BigInt64Array(buffer),
    doubles: new Float64Array(buffer),
    refs,
  };
}

function emptySlots(count: number): Slots {
  return slots(
    new ArrayBuffer(16 * count),
    Array.from({ length: count }, () => null),
  );
}

function put({ ints, floats, bigs, doubles }: Slots, type: ValType, value: unknown, slot: number): void {
  if (type === I32) ints[2 * slot] = value as number;
  else if (type === I64) bigs[slot] = value as bigint;
  else if (type === F32) floats[2 * slot] = value as number;
  else doubles[slot] = value as number;
}
