/** Loads and stores as text. */
import { F32, F64 } from '../../decoder';
import { bits, type Expr, isArithmetic, type Load, type Store, type StoreOp } from '../../lowering';
import {
  behind,
  CANONICAL_F32,
  CANONICAL_F64_HIGH,
  type ExpressionWriter,
  isSimple,
  type Pair,
  statements,
  word,
} from './texts';
import type { View } from './uses';

export interface Memories {
  load(expr: Load): string;
  loadPair(expr: Load): Pair;
  /** Statements. */
  store(statement: Store): string;
}

/** An address whose text can be repeated: a name, or a constant. */
export interface Place {
  readonly before: readonly string[];
  /** As an i32, or as the same number without a sign. */
  readonly base: string;
  readonly unsigned?: boolean;
  readonly constant: number | undefined;
  /** How often two divides the base, as far as it is known. */
  readonly zeros: number;
  readonly offset: number;
  readonly memidx: number;
  readonly at: number;
}

/** The view of aligned accesses of a kind, and the helper of others. */
export interface Width {
  readonly view: View;
  readonly shift: 0 | 1 | 2 | 3;
  readonly load: string;
  readonly store: string;
}
const U8: Width = { view: 'u8', shift: 0, load: 'load8', store: 'store8' };
const U16: Width = { view: 'u16', shift: 1, load: 'load16', store: 'store16' };
export const I32: Width = { view: 'i32', shift: 2, load: 'load32', store: 'store32' };
const FLOAT32: Width = { view: 'f32', shift: 2, load: 'loadF32', store: 'storeF32' };
const FLOAT64: Width = { view: 'f64', shift: 3, load: 'loadF64', store: 'storeF64' };

interface LoadRow {
  readonly width: Width;
  /** The loaded word, extended. */
  readonly extend: (value: string) => string;
  /** The high word of an i64, which the low one gives. */
  readonly high?: (low: string) => string;
}
const same = (value: string): string => value;
const signed = (low: string): string => `${low}>>31`;
const zero = (): string => '0';
const byte = (value: string): string => `(${value}<<24>>24)`;
const half = (value: string): string => `(${value}<<16>>16)`;

const LOADS: Readonly<Record<Exclude<Load['op'], 'i64.load'>, LoadRow>> = {
  'i32.load': { width: I32, extend: same },
  'i32.load8_s': { width: U8, extend: byte },
  'i32.load8_u': { width: U8, extend: same },
  'i32.load16_s': { width: U16, extend: half },
  'i32.load16_u': { width: U16, extend: same },
  'i64.load8_s': { width: U8, extend: byte, high: signed },
  'i64.load8_u': { width: U8, extend: same, high: zero },
  'i64.load16_s': { width: U16, extend: half, high: signed },
  'i64.load16_u': { width: U16, extend: same, high: zero },
  'i64.load32_s': { width: I32, extend: same, high: signed },
  'i64.load32_u': { width: I32, extend: same, high: zero },
  'f32.load': { width: FLOAT32, extend: same },
  'f64.load': { width: FLOAT64, extend: same },
};

const STORES: Readonly<Record<Exclude<StoreOp, 'i64.store'>, Width>> = {
  'i32.store': I32,
  'i32.store8': U8,
  'i32.store16': U16,
  'f32.store': FLOAT32,
  'f64.store': FLOAT64,
};

/** By typed arrays: what is undefined behind the end is out of bounds, and compilers check that with the access. */
export class TypedMemories implements Memories {
  protected readonly expressions: ExpressionWriter;

  constructor(expressions: ExpressionWriter) {
    this.expressions = expressions;
  }

  load(expr: Load): string {
    const { width, extend } = LOADS[expr.op as keyof typeof LOADS];
    const place = this.place(expr.a, expr);
    return behind(place.before, extend(this.read(place, width)));
  }

  loadPair(expr: Load): Pair {
    const { uses } = this.expressions;
    const place = this.place(expr.a, expr);
    const low = uses.temporary();
    if (expr.op !== 'i64.load') {
      const { width, extend, high } = LOADS[expr.op];
      return {
        before: [...place.before, `${low}=${extend(this.read(place, width))}`],
        low,
        high: high!(low),
      };
    }
    const high = uses.temporary();
    return { before: [...place.before, this.readPair(place, low, high)], low, high };
  }

  store(statement: Store): string {
    const { expressions } = this;
    const { op, value } = statement;
    const place = this.place(statement.address, statement);
    const isFloat = value.kind === 'f' || value.kind === 'F';
    if (isFloat && !isArithmetic(value) && !isKept(value)) {
      const wide = value.type === F64;
      return this.storeWords(place, wide ? expressions.pair(bits(value)) : expressions.scalar(bits(value)));
    }
    if (isFloat) return this.storeFloat(place, value);
    if (op === 'i64.store') return this.storeWords(place, expressions.pair(value));
    return this.storeWord(place, expressions.scalar(value), STORES[op]);
  }

  private storeWords(place: Place, value: Pair | string): string {
    return typeof value === 'string' ? this.storeWord(place, value, I32) : this.storePair(place, value);
  }

  private storeWord(place: Place, value: string, width: Width): string {
    const { uses } = this.expressions;
    const before = [...place.before];
    let text = value;
    if (!isSimple(text)) {
      text = uses.temporary();
      before.push(`${text}=${value}`);
    }
    return `${statements(before)}${this.write(place, text, width)}`;
  }

  private storePair(place: Place, value: Pair): string {
    const { before, low, high } = this.expressions.settled(value);
    return statements([...place.before, ...before]) + this.writePair(place, low, high);
  }

  /** A float that is not a number is stored as its bits: those of its own, or the canonical ones. */
  private storeFloat(place: Place, value: Expr): string {
    const { expressions } = this;
    const { uses } = expressions;
    const before = [...place.before];
    let text = expressions.scalar(value);
    if (!isSimple(text)) {
      const name = uses.temporary();
      before.push(`${name}=${text}`);
      text = name;
    }
    const width = value.type === F32 ? FLOAT32 : FLOAT64;
    if (!expressions.isToBeMade(value)) return statements(before) + this.write(place, text, width);
    const own = isArithmetic(value) ? undefined : expressions.bitsOf(value);
    const words = own === undefined ? this.canonical(place, value) : this.storeBits(place, value, own);
    return `${statements(before)}if(${text}!==${text}){${words}}else{${this.write(place, text, width)}}`;
  }

  private canonical(place: Place, { type }: Expr): string {
    const { uses } = this.expressions;
    const helper = uses.helper('numeric', type === F32 ? 'store32' : 'store64');
    return `${helper}(${this.args(place)},${type === F32 ? CANONICAL_F32 : `0,${CANONICAL_F64_HIGH}`});`;
  }

  private storeBits(place: Place, { type }: Expr, value: Pair): string {
    const { uses } = this.expressions;
    const { before, low, high } = this.expressions.settled(value);
    const helper = uses.helper('numeric', type === F32 ? 'store32' : 'store64');
    return `${statements(before)}${helper}(${this.args(place)},${low}${type === F32 ? '' : `,${high}`});`;
  }

  // Places

  private place(
    address: Expr,
    { memoryOffset, memidx, offset: at }: { memoryOffset: number; memidx: number; offset: number },
  ): Place {
    const { expressions } = this;
    const rest = { zeros: expressions.alignments.of(address), offset: memoryOffset, memidx, at };
    if (address.op === 'const') {
      return { before: [], base: word(address.low), constant: (address.low >>> 0) + memoryOffset, ...rest };
    }
    const text = expressions.scalar(address);
    if (isSimple(text)) return { before: [], base: text, constant: undefined, ...rest };
    const base = expressions.uses.temporary();
    const isSum = address.op === 'i32.add' || address.op === 'i32.sub';
    const unsigned = isSum ? `${text.slice(0, -3)}>>>0)` : text;
    return { before: [`${base}=${unsigned}`], base, constant: undefined, ...rest, unsigned: isSum };
  }

  /** The index in a view, of so many bytes behind the place; undefined where the offset leads between two elements. */
  protected index(
    { base, constant, offset, unsigned }: Place,
    { shift }: Width,
    more = 0,
  ): string | undefined {
    const mask = (1 << shift) - 1;
    if (constant !== undefined) {
      return (constant & mask) !== 0 ? undefined : `${Math.floor((constant + more) / 2 ** shift)}`;
    }
    const total = offset + more;
    if ((offset & mask) !== 0) return undefined;
    const first = shift > 0 ? `(${base}>>>${shift})` : unsigned ? base : `(${base}>>>0)`;
    const behindFirst = total / 2 ** shift;
    return behindFirst === 0 ? first : `${first}+${behindFirst}`;
  }

  /** When so many bytes are not accessed by the view: here where they lie between two elements. Undefined: never. */
  protected slow({ base, zeros, constant }: Place, { shift }: Width, _bytes: number): string | undefined {
    if (constant !== undefined || shift <= zeros) return undefined;
    return `${base}&${(1 << shift) - 1}`;
  }

  /** An element, or the trap where there is none. */
  protected present(view: string, index: string, place: Place): string {
    return `${view}[${index}]??${this.fail(place)}`;
  }
  /** The trap, as a statement, where there is no element. */
  protected check(view: View, index: string, place: Place): string {
    return `${this.expressions.uses.view(view, place.memidx)}[${index}]===undefined&&${this.fail(place)};`;
  }

  private args({ memidx, base, offset, at }: Place): string {
    return `${this.expressions.uses.need('memory', memidx)},${base},${offset},${at}`;
  }

  protected fail({ at }: Place): string {
    return `${this.expressions.uses.helper('numeric', 'outOfBounds')}(${at})`;
  }

  /** An element. */
  protected read(place: Place, width: Width): string {
    const { uses } = this.expressions;
    const index = this.index(place, width);
    const far = (): string => `${uses.helper('numeric', width.load)}(${this.args(place)})`;
    if (index === undefined) return far();
    const near = this.present(uses.view(width.view, place.memidx), index, place);
    const test = this.slow(place, width, 1 << width.shift);
    return test === undefined ? `(${near})` : `(${test}?${far()}:${near})`;
  }

  /** An assignment of two words. */
  protected readPair(place: Place, low: string, high: string): string {
    const { uses } = this.expressions;
    const helper = uses.helper('numeric', 'load64');
    const far = `${low}=${helper}(${this.args(place)}),${high}=${uses.highWord()}`;
    const index = this.index(place, I32, 4);
    if (index === undefined) return far;
    const view = uses.view('i32', place.memidx);
    const first = this.index(place, I32)!;
    const near = `${high}=${this.present(view, index, place)},${low}=${view}[${first}]`;
    const test = this.slow(place, I32, 8);
    return test === undefined ? near : `${test}?(${far}):(${near})`;
  }

  /** Statements that set an element. */
  protected write(place: Place, value: string, width: Width): string {
    const { uses } = this.expressions;
    const index = this.index(place, width);
    const far = (): string => `${uses.helper('numeric', width.store)}(${this.args(place)},${value});`;
    if (index === undefined) return far();
    const view = uses.view(width.view, place.memidx);
    const near = `${this.check(width.view, index, place)}${view}[${index}]=${value};`;
    const test = this.slow(place, width, 1 << width.shift);
    return test === undefined ? near : `if(${test})${far()}else{${near}}`;
  }

  /** Statements that set two words. */
  protected writePair(place: Place, low: string, high: string): string {
    const { uses } = this.expressions;
    const helper = uses.helper('numeric', 'store64');
    const far = `${helper}(${this.args(place)},${low},${high});`;
    const index = this.index(place, I32, 4);
    if (index === undefined) return far;
    const view = uses.view('i32', place.memidx);
    const first = this.index(place, I32)!;
    const check = this.check('i32', index, place);
    const near = `${check}${view}[${first}]=${low};${view}[${index}]=${high};`;
    const test = this.slow(place, I32, 8);
    return test === undefined ? near : `if(${test}){${far}}else{${near}}`;
  }
}

/** Where nothing is compiled: an index is compared faster than an element is read, of which a double is an object. */
export class BoundedMemories extends TypedMemories {
  protected override check(view: View, index: string, place: Place): string {
    return `${index}<${this.expressions.uses.bound(view, place.memidx)}||${this.fail(place)};`;
  }
}

/** A float that stands in a variable, or is made from one: its number is at hand. */
function isKept(expr: Expr): boolean {
  switch (expr.op) {
    case 'get':
      return true;
    case 'f32.neg':
    case 'f64.neg':
    case 'f32.abs':
    case 'f64.abs':
      return isKept(expr.a) || isArithmetic(expr.a);
    case 'select':
      return (isKept(expr.a) || isArithmetic(expr.a)) && (isKept(expr.b) || isArithmetic(expr.b));
    default:
      return false;
  }
}
