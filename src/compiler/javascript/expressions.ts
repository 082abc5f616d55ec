/**
 * Expressions of lowered code as JavaScript text. An i64 is two words, so it has two texts, behind assignments to temporaries that come
 * before either. A text of a scalar is one expression, in parentheses where it is more than a name or a number.
 */
import { F32, F64, I32, I64 } from '../../decoder';
import { InternalError } from '../../errors';
import {
  bits,
  type Compute,
  type ComputeOp,
  type Const,
  type Expr,
  type Get,
  type GlobalGet,
  isArithmetic,
  isOperation,
  type Select,
} from '../../lowering';
import { Alignments } from './alignments';
import type { Memories } from './memories';
import type { Payloads } from './payloads';
import { dividedBy, divisorOf } from './quotients';
import type { Surroundings } from './surroundings';
import { type CutTemplate, type Piece, templateOf } from './templates';
import { behind, type ExpressionWriter, isSimple, type Pair, word } from './texts';
import type { Uses } from './uses';
import { isWide, wide } from './wide';

/** i64 instructions whose low word depends on low words alone, and how. */
const LOW_WORDS: ReadonlyMap<string, (a: string, b: string, uses: Uses) => string> = new Map([
  ['i64.add', (a, b) => `(${a}+${b}|0)`],
  ['i64.sub', (a, b) => `(${a}-${b}|0)`],
  ['i64.mul', (a, b, uses) => `${uses.helper('math', 'imul')}(${a},${b})`],
  ['i64.and', (a, b) => `(${a}&${b})`],
  ['i64.or', (a, b) => `(${a}|${b})`],
  ['i64.xor', (a, b) => `(${a}^${b})`],
  ['i64.shl<32', (a, b) => `(${a}<<${b})`],
]);

/** Instructions that change nothing by zero. */
const CHANGES: ReadonlyMap<string, (a: string, b: string) => string> = new Map([
  ['i32.add', (a, b) => `(${a}+${b}|0)`],
  ['i32.sub', (a, b) => `(${a}-${b}|0)`],
  ['i32.or', (a, b) => `(${a}|${b})`],
  ['i32.xor', (a, b) => `(${a}^${b})`],
]);

/** Divisions by constants that cannot trap, which need no function. */
const BY_CONSTANTS: ReadonlyMap<string, (a: string, b: number) => string> = new Map([
  ['i32.div_s', (a, b) => `(${a}/${word(b)}|0)`],
  ['i32.div_u', (a, b) => `((${a}>>>0)/${b >>> 0}|0)`],
  ['i32.rem_s', (a, b) => `(${a}%${word(b)}|0)`],
  ['i32.rem_u', (a, b) => `((${a}>>>0)%${b >>> 0}|0)`],
]);

export class Expressions implements ExpressionWriter {
  readonly uses: Uses;
  readonly memories: Memories;
  readonly alignments = new Alignments();
  private readonly payloads: Payloads;
  private readonly surroundings: Surroundings;

  /** `payloads`: slots of floats that may be NaNs with bits of their own. */
  constructor(uses: Uses, payloads: Payloads, surroundings: Surroundings) {
    this.uses = uses;
    this.payloads = payloads;
    this.surroundings = surroundings;
    this.memories = surroundings.memories(this);
  }

  hasPayload(slot: number): boolean {
    return this.payloads.has(slot);
  }

  isToBeMade(expr: Expr): boolean {
    if (this.surroundings.canonicalNans) return true;
    return expr.op === 'get' ? this.hasPayload(expr.slot) : !isArithmetic(expr);
  }

  /** An i32, float or reference. */
  scalar(expr: Expr): string {
    switch (expr.op) {
      case 'get':
        return this.get(expr);
      case 'const':
        return this.constant(expr);
      case 'global.get':
        return this.global(expr);
      case 'select':
        return this.select(expr);
      case 'is_null':
        return `(${this.condition(expr)}?1:0)`;
      case 'narrow': {
        const { before, low, high } = this.pair(expr.a);
        const trap = `${this.uses.helper('numeric', 'raise')}('${expr.trap}',${expr.offset})`;
        return behind(before, `(${high}!==0?${trap}:${low})`);
      }
      case 'address': {
        const { a, memoryOffset, bytes, memidx, offset } = expr;
        const memory = this.uses.need('memory', memidx);
        return `(${memory}.far(${this.scalar(a)},${memoryOffset >>> 0},${bytes},${offset})|0)`;
      }
      case 'vector':
      case 'build':
        throw new InternalError('a vector, which this tier refuses');
      default:
        return 'memidx' in expr ? this.memories.load(expr) : this.computed(expr);
    }
  }

  /** What is true when the i32 is not zero. */
  condition(expr: Expr): string {
    if (expr.op === 'is_null') return `${this.uses.reference(expr.a.slot)}===null`;
    if (expr.op === 'i32.eqz' && isTest(expr.a)) return `!(${this.condition(expr.a)})`;
    if (!isTest(expr)) return this.scalar(expr);
    const compute = expr as Compute;
    const template = templateOf(compute.op);
    const { before, fill } = this.filled(compute, template);
    return behind(before, `(${fill(template.condition!)})`);
  }

  pair(expr: Expr): Pair {
    switch (expr.op) {
      case 'get':
        return this.getPair(expr);
      case 'const':
        return { before: [], low: word(expr.low), high: word(expr.high) };
      case 'global.get': {
        const low = this.uses.temporary();
        const first = this.globalWord(expr, false);
        return { before: [`${low}=${first}`], low, high: this.globalWord(expr, true) };
      }
      case 'select':
        return this.selectPair(expr);
      case 'vector':
      case 'build':
      case 'narrow':
      case 'address':
      case 'is_null':
        throw new InternalError(`${expr.op} is no i64`);
      default:
        return 'memidx' in expr ? this.memories.loadPair(expr) : this.computedPair(expr);
    }
  }

  /** The pair with a high word that can be read more than once. */
  settled(pair: Pair): Pair {
    if (isSimple(pair.high)) return pair;
    const high = this.uses.temporary();
    return { before: [...pair.before, `${high}=${pair.high}`], low: pair.low, high };
  }

  /** The low word of an i64 alone. */
  low(expr: Expr): string {
    if (expr.op === 'get' && expr.held === I64) return this.uses.low(expr.slot);
    if (expr.op === 'const') return word(expr.low);
    if (expr.op === 'i64.extend_i32_u' || expr.op === 'i64.extend_i32_s') return this.scalar(expr.a);
    const row = LOW_WORDS.get(expr.op);
    if (row !== undefined) {
      const { a, b } = expr as Compute;
      const right = b!.kind === 'I' ? this.low.bind(this) : this.scalar.bind(this);
      return row(this.low(a), right(b!), this.uses);
    }
    const { before, low } = this.pair(expr);
    return behind(before, low);
  }

  // Places and constants

  private get({ kind, slot, held }: Get): string {
    const { uses } = this;
    if (kind === 'r') return uses.reference(slot);
    if (kind !== 'i') return uses.float(slot);
    if (held === I32) return uses.low(slot);
    if (held !== F32) throw new InternalError('a lane of a vector, which this tier refuses');
    const float = uses.float(slot);
    const asBits = `${this.bitsOfNumber('f32')}(${float})`;
    return this.hasPayload(slot) ? `(${float}===${float}?${asBits}:${uses.low(slot)})` : asBits;
  }

  private getPair({ slot, held }: Get): Pair {
    const { uses } = this;
    if (held === I64) return { before: [], low: uses.low(slot), high: uses.high(slot) };
    if (held !== F64) throw new InternalError('a lane of a vector, which this tier refuses');
    const float = uses.float(slot);
    const low = uses.temporary();
    const high = uses.temporary();
    const asBits = `${low}=${this.bitsOfNumber('f64')}(${float}),${high}=${uses.highWord()}`;
    if (!this.hasPayload(slot)) return { before: [asBits], low, high };
    const own = `${low}=${uses.low(slot)},${high}=${uses.high(slot)}`;
    return { before: [`${float}===${float}?(${asBits}):(${own})`], low, high };
  }

  /** What tells the bits of a float that has none beside: a NaN is the one of arithmetic. */
  private bitsOfNumber(type: 'f32' | 'f64'): string {
    return this.uses.helper('numeric', `${type}${this.surroundings.canonicalNans ? 'Bits' : 'Raw'}`);
  }

  private constant(expr: Const): string {
    if (expr.kind === 'i') return word(expr.low);
    return number(expr, this.surroundings);
  }

  private globalWord({ globalidx }: GlobalGet, high: boolean): string {
    return this.surroundings.globalWord(this.uses, globalidx, high);
  }

  private global(expr: GlobalGet): string {
    const { uses } = this;
    const low = this.globalWord(expr, false);
    if (expr.kind === 'i') return low;
    if (expr.kind === 'f') return `${uses.helper('numeric', 'f32FromBits')}(${low})`;
    return `${uses.helper('numeric', 'f64FromBits')}(${low},${this.globalWord(expr, true)})`;
  }

  private select({ kind, a, b, condition }: Select): string {
    const masked = kind === 'i' && this.surroundings.masksSelects ? this.masked(a, b) : undefined;
    const test = this.condition(condition);
    if (masked === undefined) return `(${test}?${this.scalar(a)}:${this.scalar(b)})`;
    return masked(`(${test}${isTest(condition) ? '' : '!==0'}|0)`);
  }

  /**
   * A select of words without a branch, which engines would predict wrongly as often as the condition is not foreseen; native code has none
   * either. The text by a bit that chooses; undefined where one of the words would be computed in vain.
   */
  private masked(a: Expr, b: Expr): ((bit: string) => string) | undefined {
    const inFirst = this.changed(a, b);
    if (inFirst !== undefined) return (bit) => inFirst(`0-${bit}`);
    const inSecond = this.changed(b, a);
    if (inSecond !== undefined) return (bit) => inSecond(`${bit}-1`);
    // Of two locals one is often the larger again, and what comes next waits for the mask: a branch runs ahead.
    if (!isWord(a) || !isWord(b) || (a.op !== 'const' && b.op !== 'const')) return undefined;
    const [one, other] = [this.scalar(a), this.scalar(b)];
    if (other === '0') return (bit) => `(${one}&0-${bit})`;
    if (one === '0') return (bit) => `(${other}&${bit}-1)`;
    return (bit) => `(${other}^(${one}^${other})&0-${bit})`;
  }

  /** A local that is changed by a word, or where the mask is zero by nothing; undefined where the value is something else. */
  private changed(value: Expr, from: Expr): ((mask: string) => string) | undefined {
    const change = CHANGES.get(value.op);
    if (change === undefined || from.op !== 'get' || from.held !== I32) return undefined;
    const { a, b } = value as Compute;
    if (a.op !== 'get' || a.held !== I32 || a.slot !== from.slot || b === undefined || !isWord(b)) {
      return undefined;
    }
    const [local, by] = [this.scalar(from), this.scalar(b)];
    return (mask) => change(local, `(${by}&${mask})`);
  }

  private selectPair({ a, b, condition }: Select): Pair {
    const low = this.uses.temporary();
    const high = this.uses.temporary();
    const test = this.condition(condition);
    const arm = (expr: Expr): string => {
      const pair = this.pair(expr);
      return `(${[...pair.before, `${low}=${pair.low}`, `${high}=${pair.high}`].join()})`;
    };
    return { before: [`${test}?${arm(a)}:${arm(b)}`], low, high };
  }

  // Instructions

  private computed(expr: Compute): string {
    const { op, a } = expr;
    if (op === 'i32.wrap_i64') return this.low(a);
    if (op === 'f64.promote_f32') return this.scalar(a);
    const division = BY_CONSTANTS.get(op);
    // No sign is left.
    const by = op === 'i32.shr_u' && expr.b!.op === 'const' ? expr.b!.low & 31 : 0;
    if (by > 0) return `(${this.scalar(a)}>>>${by})`;
    if (division !== undefined && isHarmless(expr)) return division(this.scalar(a), (expr.b as Const).low);
    const template = templateOf(op);
    const { before, fill } = this.filled(expr, template);
    const text = behind(before, `(${fill(template.low)})`);
    if (this.surroundings.canonicalNans || !isNothing(expr)) return text;
    const made = this.uses.temporary();
    return `((${made}=${text})===${made}?${made}:NaN)`;
  }

  private computedPair(expr: Compute): Pair {
    const { op, a } = expr;
    // Moved as bits: f64.neg of a number is one of these.
    if (op === 'i64.reinterpret_f64') return this.bitsPair(a);
    const { widens } = this.surroundings;
    if (isWide(op, widens)) {
      const [left, right] = [expr.a, expr.b!].map((operand) => this.settled(this.pair(operand)));
      return wide(expr, left, right, this.uses, widens);
    }
    const { uses } = this;
    const divisor = this.surroundings.dividesInPlace ? divisorOf(expr) : undefined;
    if (divisor !== undefined) return dividedBy(divisor, op, this.settled(this.pair(a)), uses);
    const template = templateOf(op);
    const { before, fill } = this.filled(expr, template);
    const text = fill(template.low);
    if (isSimple(text) && !template.keepsLow) {
      return { before, low: text, high: this.part(fill(template.high!)) };
    }
    const low = uses.temporary();
    const high = fill(template.high!, low);
    return { before: [...before, `${low}=${text}`], low, high: this.part(high) };
  }

  /** The words of an f64 made by arithmetic. */
  private bitsPair(value: Expr): Pair {
    const low = this.uses.temporary();
    const helper = this.uses.helper('numeric', 'f64Bits');
    return { before: [`${low}=${helper}(${this.scalar(value)})`], low, high: this.uses.highWord() };
  }

  private part(text: string): string {
    return isSimple(text) ? text : `(${text})`;
  }

  /** Operands that occur more than once go to temporaries. */
  private filled(
    { a, b, offset }: Compute,
    template: CutTemplate,
  ): { before: string[]; fill: (pieces: readonly Piece[], variable?: string) => string } {
    const { uses } = this;
    const before: string[] = [];
    const inOrder = needsOrder(template);
    const texts = [a, b].map((operand, k) => {
      if (operand === undefined) return { low: '', high: '' };
      const count = template.counts[k];
      if (operand.kind !== 'I') {
        const text = this.scalar(operand);
        if (isSimple(text) || !inOrder) return { low: text, high: '' };
        const name = uses.temporary();
        before.push(`${name}=${text}`);
        return { low: name, high: '' };
      }
      if (count.high === 0) {
        const text = this.low(operand);
        if (isSimple(text)) return { low: text, high: '' };
        const name = uses.temporary();
        before.push(`${name}=${text}`);
        return { low: name, high: '' };
      }
      const pair = this.settled(this.pair(operand));
      before.push(...pair.before);
      return pair;
    });
    const piece = (part: Piece, variable: string): string => {
      switch (part.kind) {
        case 'operand':
          return part.high ? texts[part.operand].high : texts[part.operand].low;
        case 'variable':
          return variable;
        case 'offset':
          return `${offset}`;
        case 'highWord':
          return uses.highWord();
        case 'numeric':
        case 'math':
          return uses.helper(part.kind, part.name);
        case 'text':
          return part.text;
      }
    };
    const fill = (pieces: readonly Piece[], variable = ''): string =>
      pieces.map((part) => piece(part, variable)).join('');
    return { before, fill };
  }

  // Floats that are moved

  /**
   * The bits of a float that may be a NaN with bits of its own, when it is not a number. Of a float that is one, `bits` says too.
   */
  bitsOf(expr: Expr): Pair {
    if (expr.type === F64) return this.pair(bits(expr));
    return { before: [], low: this.scalar(bits(expr)), high: '0' };
  }
}

/** An i32 whose text is a name or a number. */
function isWord(expr: Expr): boolean {
  return expr.kind === 'i' && (expr.op === 'const' || (expr.op === 'get' && expr.held === I32));
}

/** Whether operands are computed into temporaries: one that is would overtake another that stands in the text. */
function needsOrder({ high, operands, counts }: CutTemplate): boolean {
  return high !== undefined || operands.includes('I') || counts.some(({ low }) => low > 1);
}

/** Whether a division is by a constant with which no number overflows. */
function isHarmless({ op, b }: Compute): boolean {
  return b!.op === 'const' && b!.low !== 0 && (op !== 'i32.div_s' || b!.low !== -1);
}

const WITH_UNITS: ReadonlySet<ComputeOp> = new Set([
  ...(['f32.add', 'f32.sub', 'f32.mul', 'f32.div'] as const),
  ...(['f64.add', 'f64.sub', 'f64.mul', 'f64.div'] as const),
]);

/** Whether engines may take an operand for the result, as it is: then a NaN would not be one that arithmetic makes. */
function isNothing({ op, a, b }: Compute): boolean {
  if (op === 'f32.demote_f64') return a.op === 'f64.promote_f32';
  return WITH_UNITS.has(op) && [a, b!].some((operand) => operand.op === 'const' && isUnit(operand));
}

/** 0, 1, and the same with the other sign. */
function isUnit(expr: Const): boolean {
  const high = (expr.type === F32 ? expr.low : expr.high) & 0x7fffffff;
  if (expr.type === F32) return high === 0 || high === 0x3f800000;
  return expr.low === 0 && (high === 0 || high === 0x3ff00000);
}

/** Whether a condition says it more simply than a number. */
function isTest(expr: Expr): boolean {
  if (expr.op === 'is_null') return true;
  if (!isCompute(expr)) return false;
  return expr.kind === 'i' && templateOf(expr.op).condition !== undefined;
}

function isCompute(expr: Expr): expr is Compute {
  return isOperation(expr) && !('memidx' in expr);
}

const scratch = new DataView(new ArrayBuffer(8));

/** A float constant. Engines print numbers so that reading them gives the same number. */
function number({ type, low, high }: Const, surroundings: Surroundings): string {
  scratch.setInt32(0, type === F32 ? low : high);
  scratch.setInt32(4, low);
  const value = type === F32 ? scratch.getFloat32(0) : scratch.getFloat64(0);
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '(1/0)';
  if (value === Number.NEGATIVE_INFINITY) return '(-1/0)';
  const magnitude = Math.abs(value);
  const text = surroundings.constant(magnitude) ?? `${magnitude}`;
  return value < 0 || Object.is(value, -0) ? `(-${text})` : text;
}
