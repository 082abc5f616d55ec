/**
 * Values between the variables of a function and the machine's stack, as text. A slot of the frame at `fp` is at the words fp + 2k and
 * fp + 2k + 1 there; references are beside it.
 *
 * A float that is no number crosses as its bits on the stack, also where the number itself is an argument or a result: whoever gets a NaN
 * finds its words in the slot.
 */
import { F32, F64, I32, I64, isRef, slotsOf, type ValType } from '../../decoder';
import { InternalError } from '../../errors';
import type { Payloads } from './payloads';
import type { Surroundings } from './surroundings';
import { CANONICAL_F32, CANONICAL_F64_HIGH } from './texts';
import type { Uses } from './uses';

const plus = (base: string, offset: number): string => (offset === 0 ? base : `${base}+${offset}`);
/** The word of the stack at which a slot begins. */
export const wordAt = (slot: number): string => plus('fp', 2 * slot);
const pairAt = (slot: number): string => (slot === 0 ? 'fp>>1' : `(fp>>1)+${slot}`);

type BitRules = Pick<Surroundings, 'keepsBits' | 'canonicalNans'>;

export class Slots {
  private readonly uses: Uses;
  private readonly payloads: Payloads;
  private readonly rules: BitRules;

  constructor(uses: Uses, payloads: Payloads, rules: BitRules) {
    this.uses = uses;
    this.payloads = payloads;
    this.rules = rules;
  }

  /** Whether the number of a slot has all that is known of its bits: engines keep those of what arithmetic has made. */
  private isWhole(slot: number): boolean {
    return !this.rules.canonicalNans && !this.payloads.has(slot);
  }

  /** The variables of a value: what a parameter or an argument is. */
  variables(type: ValType, slot: number): string[] {
    const { uses } = this;
    if (type === I32) return [uses.low(slot)];
    if (type === I64) return [uses.low(slot), uses.high(slot)];
    if (type === F32 || type === F64) return [uses.float(slot)];
    if (isRef(type)) return [uses.reference(slot)];
    throw new InternalError('a vector, which this tier refuses');
  }

  /** The value on the stack, as arguments. */
  onStack(type: ValType, slot: number): string[] {
    if (type === I32) return [this.word(slot)];
    if (type === I64) return [this.word(slot), this.word(slot, 1)];
    if (type === F32 || type === F64) return [this.float(type, slot)];
    return [this.reference(slot)];
  }

  /** Writes a value to the stack; `to` is another slot's place for it. */
  spill(type: ValType, slot: number, to = slot): string {
    if (type === F32 || type === F64) {
      const float = this.uses.float(slot);
      const target = this.float(type, to);
      if (!this.rules.keepsBits || this.isWhole(slot)) return `${target}=${float};`;
      return `if(${float}===${float})${target}=${float};else{${this.bits(type, slot, to)}}`;
    }
    if (isRef(type)) return `${this.reference(to)}=${this.uses.reference(slot)};`;
    const [low, high] = this.variables(type, slot);
    return `${this.word(to)}=${low};${high === undefined ? '' : `${this.word(to, 1)}=${high};`}`;
  }

  /** Writes the words of a float that is no number; nothing of other values. */
  spillBits(type: ValType, slot: number, to = slot): string {
    if ((type !== F32 && type !== F64) || !this.rules.keepsBits) return '';
    const float = this.uses.float(slot);
    if (this.isWhole(slot)) return `if(${float}!==${float})${this.float(type, to)}=${float};`;
    return `if(${float}!==${float}){${this.bits(type, slot, to)}}`;
  }

  private bits(type: ValType, slot: number, to: number): string {
    const own = this.payloads.has(slot);
    if (type === F32) return `${this.word(to)}=${own ? this.uses.low(slot) : CANONICAL_F32};`;
    const low = own ? this.uses.low(slot) : '0';
    const high = own ? this.uses.high(slot) : `${CANONICAL_F64_HIGH}`;
    return `${this.word(to)}=${low};${this.word(to, 1)}=${high};`;
  }

  /** Reads a value from the stack. */
  fill(type: ValType, slot: number): string {
    const texts = this.onStack(type, slot);
    const set = this.variables(type, slot).map((name, k) => `${name}=${texts[k]};`);
    return set.join('') + this.fillBits(type, slot);
  }

  /** Reads the words of a float that is no number, if somebody wants them. */
  fillBits(type: ValType, slot: number): string {
    if ((type !== F32 && type !== F64) || !this.payloads.has(slot)) return '';
    const float = this.uses.float(slot);
    const high = type === F32 ? '' : `${this.uses.high(slot)}=${this.word(slot, 1)};`;
    return `if(${float}!==${float}){${this.uses.low(slot)}=${this.word(slot)};${high}}`;
  }

  // Places on the stack

  private word(slot: number, more = 0): string {
    return `${this.stack('S')}[${plus('fp', 2 * slot + more)}]`;
  }
  private float(type: ValType, slot: number): string {
    return type === F32 ? `${this.stack('SF')}[${wordAt(slot)}]` : `${this.stack('SD')}[${pairAt(slot)}]`;
  }
  private reference(slot: number): string {
    return `${this.stack('R')}[${pairAt(slot)}]`;
  }
  private stack(name: 'S' | 'SF' | 'SD' | 'R'): string {
    this.uses.usesStack = true;
    return this.uses.given(name);
  }

  /** Moves a value between slots of this function. */
  move(type: ValType, from: number, to: number): string {
    const names = this.variables(type, from);
    const moved = this.variables(type, to).map((name, k) => `${name}=${names[k]};`);
    if ((type !== F32 && type !== F64) || !this.payloads.has(to)) return moved.join('');
    const { uses } = this;
    const [low, high] = [uses.low(to), uses.high(to)];
    if (this.isWhole(from)) {
      const float = uses.float(to);
      const raw = uses.helper('numeric', type === F32 ? 'f32Raw' : 'f64Raw');
      const words = `${low}=${raw}(${float});${type === F32 ? '' : `${high}=${uses.highWord()};`}`;
      return `${moved.join('')}if(${float}!==${float}){${words}}`;
    }
    const own = this.payloads.has(from);
    const canonicalLow = type === F32 ? `${CANONICAL_F32}` : '0';
    moved.push(`${low}=${own ? uses.low(from) : canonicalLow};`);
    if (type === F64) moved.push(`${high}=${own ? uses.high(from) : CANONICAL_F64_HIGH};`);
    return moved.join('');
  }

  /** A result that is returned; of several, none is. */
  result(types: readonly ValType[]): string {
    if (types.length === 0) return 'return 0;';
    if (types.length > 1) {
      let slot = 0;
      let text = '';
      for (const type of types) {
        text += this.spill(type, slot);
        slot += slotsOf(type);
      }
      return `${text}return 0;`;
    }
    const [type] = types;
    const [low, high] = this.variables(type, 0);
    return `${this.spillBits(type, 0)}${high === undefined ? '' : `${this.uses.highWord()}=${high};`}return ${low};`;
  }

  /** Takes the results of a call whose arguments began at a slot. */
  take(types: readonly ValType[], slot: number, call: string): string {
    if (types.length === 0) return `${call};`;
    if (types.length > 1) {
      let at = slot;
      let text = `${call};`;
      for (const type of types) {
        text += this.fill(type, at);
        at += slotsOf(type);
      }
      return text;
    }
    const [type] = types;
    const [low, high] = this.variables(type, slot);
    return `${low}=${call};${high === undefined ? '' : `${high}=${this.uses.highWord()};`}${this.fillBits(type, slot)}`;
  }
}
