/** Calls and tail calls. */
import { type FuncType, isRef, type ValType } from '../../decoder';
import { callPointOf, type Expr, type Statement } from '../../lowering';
import { type Loudness, loudnessOf } from './callees';
import { type FunctionWriter, RELOAD } from './writer';

export type Call = Extract<Statement, { kind: 'call' | 'call_indirect' | 'call_ref' }>;
export type Tail = Extract<Statement, { kind: 'tail' | 'tail_indirect' | 'tail_ref' }>;

export class Calls {
  private readonly writer: FunctionWriter;

  constructor(writer: FunctionWriter) {
    this.writer = writer;
  }

  private typeOf(statement: Call | Tail): FuncType {
    const { types, funcTypes } = this.writer.module;
    const typeidx = 'funcidx' in statement ? funcTypes[statement.funcidx] : statement.typeidx;
    return types[typeidx].composite.func;
  }

  call(statement: Call): string {
    const { writer } = this;
    const { slots, uses, stops, surroundings } = writer;
    const { params, results } = this.typeOf(statement);
    const { slot } = statement;
    const loudness: Loudness =
      statement.kind === 'call' ? loudnessOf(writer.module, statement.funcidx) : 'loud';
    writer.throws = true;
    const [before, cell] = this.callee(statement);
    const callee = statement.kind === 'call' ? surroundings.callee(uses, statement.funcidx) : `${cell}.f`;
    const frame = surroundings.frameOf(slot);
    const args = [...frame];
    let words = '';
    params.forEach((type, k) => {
      args.push(...slots.variables(type, slot + k));
      words += slots.spillBits(type, slot + k);
    });
    const result = stops.asksResult?.(results) ? this.resultOf(results, slot) : undefined;
    const set = result !== undefined && results.length !== 1 ? `${result}=` : '';
    const text = stops.call({
      before: before + words,
      call: slots.take(results, slot, `${set}${callee}(${args.join()})`),
      result,
      again: slots.take(results, slot, surroundings.again(frame)),
      loudness,
      safepoint: callPointOf(statement),
      mark: writer.markOf(statement),
    });
    return loudness === 'silent' ? text : text + RELOAD;
  }

  /** The variable that has what a callee returns, which is 0 if it is not its only result. */
  private resultOf(results: readonly ValType[], slot: number): string {
    const { slots, uses } = this.writer;
    return results.length === 1 ? slots.variables(results[0], slot)[0] : uses.temporary();
  }

  /** What must be done before a call or tail call, and the cell of its callee. */
  private callee(statement: Call | Tail): [before: string, cell: string] {
    const { uses, expressions, surroundings, module } = this.writer;
    switch (statement.kind) {
      case 'call':
      case 'tail':
        return ['', statement.kind === 'call' ? '' : surroundings.cell(uses, statement.funcidx)];
      case 'call_ref':
      case 'tail_ref': {
        const slot = statement.kind === 'call_ref' ? statement.callee : statement.slot + statement.count;
        const cell = uses.temporary();
        const referred = surroundings.referred(uses, uses.reference(slot), statement.offset);
        return [`${cell}=${referred};`, cell];
      }
      case 'call_indirect':
        return this.element(statement, expressions.scalar(statement.index), isUnsigned(statement.index));
      case 'tail_indirect': {
        const slot = statement.slot + statement.count;
        const wide = module.tables[statement.tableidx].address === 'i64';
        const check = `if(${uses.high(slot)}!==0)${this.writer.raise('undefinedElement', statement.offset)};`;
        const [before, cell] = this.element(statement, uses.low(slot));
        return [wide ? check + before : before, cell];
      }
    }
  }

  private element(
    statement: { readonly tableidx: number; readonly typeidx: number; readonly offset: number },
    given: string,
    hasNoSign = false,
  ): [before: string, cell: string] {
    const { uses, surroundings } = this.writer;
    const index = uses.temporary();
    const cell = uses.temporary();
    const found = surroundings.element(uses, statement, index, cell);
    return [`${index}=${given}${hasNoSign ? '' : '>>>0'};${found}`, cell];
  }

  /** The arguments go to the frame's place on the stack, where whoever goes on finds them (functions.ts). */
  tail(statement: Tail): string {
    const { writer } = this;
    const { uses, slots, stops, surroundings } = writer;
    writer.tails = true;
    writer.throws = true;
    const { params } = this.typeOf(statement);
    const [before, cell] = this.callee(statement);
    const spilled = params.map((type, k) => slots.spill(type, statement.slot + k, k)).join('');
    const cover = params.some(isRef) ? surroundings.cover(uses, `fp+${2 * params.length}`) : '';
    return `${before}${cover}${spilled}${stops.sync}${surroundings.tail(uses, cell)}return 0;`;
  }
}

/** An i32 that is not negative. */
function isUnsigned(expr: Expr): boolean {
  if (expr.op === 'const') return expr.low >= 0;
  return expr.op === 'i32.and' && expr.b!.op === 'const' && expr.b!.low >= 0;
}
