/** Values where statements put them: in variables, in globals, or nowhere. */
import { F32, F64, slotsOf, type ValType } from '../../decoder';
import { InternalError } from '../../errors';
import { bits, type Const, type Expr, isArithmetic } from '../../lowering';
import { isPlain } from './payloads';
import { behind, CANONICAL_F32, CANONICAL_F64_HIGH, statements, word } from './texts';
import type { FunctionWriter } from './writer';

export class Values {
  private readonly writer: FunctionWriter;

  constructor(writer: FunctionWriter) {
    this.writer = writer;
  }

  set(slot: number, value: Expr): string {
    const { uses, expressions } = this.writer;
    switch (value.kind) {
      case 'i':
        return `${uses.low(slot)}=${expressions.scalar(value)};`;
      case 'r':
        return `${uses.reference(slot)}=${expressions.scalar(value)};`;
      case 'I': {
        const { before, low, high } = expressions.pair(value);
        const [toLow, toHigh] = [uses.low(slot), uses.high(slot)];
        const setLow = low === toLow ? '' : `${toLow}=${low};`;
        // A word that the other one is made of is set behind it.
        return `${statements(before)}${high === toHigh ? '' : `${toHigh}=${high};`}${setLow}`;
      }
      case 'f':
      case 'F':
        return this.setFloat(slot, value);
      case 'v':
        throw new InternalError('a vector, which this tier refuses');
    }
  }

  private setFloat(slot: number, value: Expr): string {
    const { uses, expressions } = this.writer;
    const name = uses.float(slot);
    if (!this.writer.payloads.has(slot)) return `${name}=${expressions.scalar(value)};`;
    if (isArithmetic(value))
      return `${name}=${expressions.scalar(value)};${this.canonical(slot, value.type)}`;
    if (value.op === 'get') return this.writer.slots.move(value.type, value.slot, slot);
    if (value.op === 'const') return this.setConstant(slot, value);
    const number = uses.temporary();
    const text = expressions.scalar(value);
    const { before, low, high } = expressions.bitsOf(value);
    const words =
      value.type === F32
        ? `${uses.low(slot)}=${low};`
        : `${uses.high(slot)}=${high};${uses.low(slot)}=${low};`;
    return `${number}=${text};if(${number}!==${number}){${statements(before)}${words}}${name}=${number};`;
  }

  private setConstant(slot: number, value: Const): string {
    const { uses, expressions } = this.writer;
    const set = `${uses.float(slot)}=${expressions.scalar(value)};`;
    if (isPlain(value)) return set + this.canonical(slot, value.type);
    const high = value.type === F64 ? `${uses.high(slot)}=${word(value.high)};` : '';
    return `${set}${uses.low(slot)}=${word(value.low)};${high}`;
  }

  private canonical(slot: number, type: ValType): string {
    const { uses } = this.writer;
    if (type === F32) return `${uses.low(slot)}=${CANONICAL_F32};`;
    return `${uses.low(slot)}=0;${uses.high(slot)}=${CANONICAL_F64_HIGH};`;
  }

  move(types: readonly ValType[], from: number, to: number): string {
    let at = 0;
    let text = '';
    for (const type of types) {
      text += this.writer.slots.move(type, from + at, to + at);
      at += slotsOf(type);
    }
    return text;
  }

  drop(value: Expr): string {
    if (value.kind !== 'I') return `${this.writer.expressions.scalar(value)};`;
    const { before, low } = this.writer.expressions.pair(value);
    return `${behind(before, low)};`;
  }

  setGlobal(globalidx: number, given: Expr): string {
    const { uses, expressions } = this.writer;
    const target = (high: boolean): string => this.writer.surroundings.globalWord(uses, globalidx, high);
    const value = bits(given);
    if (value.kind === 'i') return `${target(false)}=${expressions.scalar(value)};`;
    const { before, low, high } = expressions.settled(expressions.pair(value));
    return `${statements(before)}${target(false)}=${low};${target(true)}=${high};`;
  }
}
