/** Functions between those of the module and the host: what calls an imported one, and what the host calls. */
import {
  F32,
  F64,
  FUNCREF,
  type FuncType,
  I32,
  I64,
  isRef,
  matchesValType,
  slotsOf,
  type ValType,
} from '../../../decoder';
import type { LoweredBody } from '../../../lowering';
import type { Payloads } from '../payloads';
import { Slots } from '../slots';
import { Uses } from '../uses';
import type { Dialect } from './dialects';
import type { FrameNeeds } from './surroundings';

const NO_PAYLOADS: Payloads = { has: () => false };

export class Border {
  /** Of all functions that have been written. */
  readonly needs = new Uses();
  private readonly dialect: Dialect;
  private readonly frame: FrameNeeds;

  constructor(dialect: Dialect, frame: FrameNeeds) {
    this.dialect = dialect;
    this.frame = frame;
  }

  /** `function F0(fp,sp,...){...}`, which calls `I0`. */
  importText(funcidx: number, { params, results }: FuncType): string {
    const { uses, slots } = this.begin();
    const names = atSlots(params, 0, (type, slot) => slots.variables(type, slot));
    const head = [...this.shown(['fp', 'sp']), ...names.flat()];
    const args = params.map((type, k) => this.toHost(uses, type, names[k]));
    let body = `r=I${funcidx}(${args.join()});`;
    let before = '';
    let after = '';
    if (this.frame.depth) {
      const depth = uses.helper('numeric', 'Z');
      before = `var z=${depth}.depth;${depth}.depth=sp+1;`;
      after = `${depth}.depth=z;`;
    }
    if (this.frame.pauses) {
      before += `var s=${uses.helper('numeric', 'away')}();`;
      after += `${uses.helper('numeric', 'home')}(s)`;
    }
    if (before !== '') body = `${before}try{${body}}finally{${after}}`;
    const taken = atSlots(results, 0, (type, slot) => slots.variables(type, slot));
    results.forEach((type, k) => {
      body += this.fromHost(uses, type, taken[k], results.length > 1 ? `r[${k}]` : 'r');
    });
    body += slots.result(results);
    return `function F${funcidx}(${head.join()}){${this.declared(uses, ['r'], head)}${body}}`;
  }

  /** A function expression that the host calls. */
  exportText(funcidx: number, { params, results }: FuncType): string {
    const { uses, slots } = this.begin();
    const given = params.map((_, k) => `p${k}`);
    let body = '';
    const names = atSlots(params, 0, (type, slot) => slots.variables(type, slot));
    params.forEach((type, k) => {
      body += this.fromHost(uses, type, names[k], given[k]);
    });
    body += atSlots(params, 0, (type, slot) => slots.spillBits(type, slot)).join('');
    const depth = this.frame.depth ? `${uses.helper('numeric', 'Z')}.depth` : '';
    const frame = this.shown(['fp', depth]);
    let call = `${uses.need('func', funcidx)}(${[...frame, ...names.flat()].join()})`;
    if (this.frame.pauses) {
      // What is called again to go on takes no arguments.
      const fresh = `${uses.helper('numeric', 'back')}===null`;
      if (body !== '') body = `if(${fresh}){${body}}`;
      call = `(${fresh}?${call}:${uses.helper('numeric', 'next')}(${frame.join()}))`;
    }
    body += slots.take(results, 0, call);
    const values = atSlots(results, 0, (type, slot) => this.toHost(uses, type, slots.variables(type, slot)));
    if (values.length === 1) body += `return ${values[0]}`;
    if (values.length > 1) body += `return[${values.join()}]`;
    if (this.frame.stack) body = `var fp=0;${body}`;
    if (this.dialect.overflows) body = `try{${body}}catch(e){throw ${uses.helper('numeric', 'overflow')}(e)}`;
    return `function(${given.join()}){${this.declared(uses, [], given)}${body}}`;
  }

  /** `function G7(fp,sp){...}`: takes the arguments from the stack. */
  stackText(funcidx: number, callee: string, { params }: FuncType): string {
    const { slots } = this.begin();
    const args = atSlots(params, 0, (type, slot) => slots.onStack(type, slot)).flat();
    return `function G${funcidx}(fp,sp){return ${callee}(${[...this.shown(['fp', 'sp']), ...args].join()})}`;
  }

  private shown([fp, sp]: readonly string[]): string[] {
    return [...(this.frame.stack ? [fp] : []), ...(this.frame.depth ? [sp] : [])];
  }

  private begin(): { uses: Uses; slots: Slots } {
    const uses = new Uses();
    const rules = { keepsBits: this.dialect.keepsBits && this.frame.stack, canonicalNans: true };
    return { uses, slots: new Slots(uses, NO_PAYLOADS, rules) };
  }

  private declared(uses: Uses, more: readonly string[], given: readonly string[]): string {
    for (const [name, need] of uses.needs) this.needs.needs.set(name, need);
    this.needs.usesStack ||= uses.usesStack;
    const names = [...uses.variables.keys(), ...more].filter((name) => !given.includes(name));
    return names.length === 0 ? '' : `var ${names.join()};`;
  }

  private fromHost(uses: Uses, type: ValType, [low, high]: readonly string[], value: string): string {
    if (type === I32) return `${low}=${value}|0;`;
    if (type === I64) {
      return `${low}=${uses.helper('numeric', 'fromI64')}(${value});${high}=${uses.helper('numeric', 'W')}.hi;`;
    }
    if (type === F32) return `${low}=${uses.helper('math', 'fround')}(${value});`;
    if (type === F64) return `${low}=+${value};`;
    const isFunc = matchesValType(type, FUNCREF);
    return `${low}=${isFunc ? `${uses.helper('numeric', 'fromHost')}(${value})` : value};`;
  }

  private toHost(uses: Uses, type: ValType, [low, high]: readonly string[]): string {
    if (type === I64) return `${uses.helper('numeric', 'toI64')}(${low},${high})`;
    if (isRef(type) && matchesValType(type, FUNCREF)) return `${uses.helper('numeric', 'toHost')}(${low})`;
    return low;
  }
}

/** A text for each of the values that stand one behind the other. */
export function atSlots<T>(
  types: readonly ValType[],
  first: number,
  text: (type: ValType, slot: number) => T,
): T[] {
  let slot = first;
  return types.map((type) => {
    const made = text(type, slot);
    slot += slotsOf(type);
    return made;
  });
}

/** Whether a function has its own frame checked. */
export function entryOf({ slots }: LoweredBody, { stack, depth }: FrameNeeds, { room }: Dialect): string {
  const tests = [...(stack ? [`fp+${2 * slots}>${room.words}`] : []), ...(depth ? [`sp>${room.depth}`] : [])];
  return tests.length === 0 ? '' : `if(${tests.join('||')})full();`;
}
