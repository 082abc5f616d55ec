/**
 * Validation of expressions straight from bytes (spec appendix "Validation Algorithm"): a stack of operand types (`typestack.ts`), a stack
 * of frames, one rule an instruction (`rules.ts`). Both stacks are integer arrays that all functions share; nothing is allocated per
 * instruction. Function bodies go through `codewalk.ts`, which does the commonest instructions in place.
 */
import { invalid, malformed } from '../errors';
import type { Context } from './context';
import { OP, PREFIX_BASE } from './instructions';
import { checkLimit, LIMITS } from './limits';
import { LocalTypes } from './localtypes';
import type { ConstExpr } from './module';
import type { Parts } from './parts';
import { Reader, UNEXPECTED_END } from './reader';
import { NO_TYPES } from './typelist';
import { readTypeIndex, readValType } from './typereader';
import type { FuncType, ValType } from './types';
import { I32, valTypeNameIn } from './types';
import { CHECKPOINT, OperandTypes } from './typestack';

/** Most frames have no parameters and at most one result: that type, or `NO_VALUE`. The others are `COMPLEX`. */
export const NO_VALUE = 0;
export const COMPLEX = -1;

/** Reads the instruction's immediates and applies it. The reader stands just past the opcode. */
export type Rule = (v: Validator) => void;
/** By dense instruction id. Every opcode has a rule, be it that it is illegal or the prefix of another. */
export type Rules = readonly Rule[];

/** How expressions are walked: the rules are written in terms of a validator, so they are given to it. */
export interface Walks {
  /** From the reader's position to the end of the body, or to an instruction behind `until`. */
  readonly body: (v: Validator, until: number) => void;
  /** For bodies whose every instruction goes through its rule. */
  readonly code: Rules;
  readonly constant: Rules;
}

/** Operands that a message names. */
const MOST_NAMED = 10;
const NO_INTS = new Int32Array(0);
const EMPTY: FuncType = { params: NO_TYPES, results: NO_TYPES };
const EMPTY_BLOCK = 0x40;
const valueBlocks = new Map<ValType, FuncType>();
/** The function type of a block or expression with one result. */
function valueBlock(type: ValType): FuncType {
  const block = valueBlocks.get(type) ?? { params: NO_TYPES, results: [type] };
  valueBlocks.set(type, block);
  return block;
}

/** What an `else` stands behind. */
const IFS = [OP.if];

/** Bytes of a body that are validated at once. */
const PART = 4096;

export class Validator extends OperandTypes {
  readonly context: Context;
  readonly reader: Reader;
  /** Dense id and offset of the instruction at hand. */
  op = 0;
  at = 0;
  /** Calls in the function at hand so far. */
  calls = 0;

  readonly locals: LocalTypes;

  /** The frames, outermost first. */
  depth = 0;
  frameOps = NO_INTS;
  frameBases = NO_INTS;
  /** The one result type, `NO_VALUE` or `COMPLEX`. */
  frameResults = NO_INTS;
  /** 1 when the rest of the frame is unreachable: below its base there are operands of any type. */
  framePolymorphic = new Uint8Array(0);
  /** Function types of the `COMPLEX` frames. */
  private readonly frameTypes: FuncType[] = [];
  /** By label: the last table of labels that it was in. Counted, so that a table costs nothing for labels that it does not name. */
  private labelTables = new Float64Array(0);
  private labelTable = 0;
  private readonly walks: Walks;

  constructor(context: Context, walks: Walks) {
    super();
    this.context = context;
    this.walks = walks;
    this.reader = new Reader(context.bytes);
    this.locals = new LocalTypes(context);
    // Grown here rather than made: engines optimise for a field that never changes, and throw that code away when it does.
    this.ensureStack(0);
    this.growFrames(64);
  }

  /**
   * Validates a code entry: local declarations and body at `start`, which must fill it up to `end`. Most bodies are one part; gives the
   * others of a long one.
   */
  func(type: FuncType, start: number, end: number): Parts | undefined {
    checkLimit('functionSize', end - start, start);
    this.calls = 0;
    this.reader.pos = start;
    this.reader.end = this.context.bytes.length;
    this.locals.read(this.reader, type.params);
    this.begin(type.params.length === 0 ? type : { params: NO_TYPES, results: type.results });
    this.part();
    if (this.depth > 0) return this.rest(start, end);
    this.ended(start, end);
    return undefined;
  }

  private *rest(start: number, end: number): Parts {
    while (this.depth > 0) {
      yield;
      this.part();
    }
    this.ended(start, end);
  }

  private part(): void {
    const until = this.reader.pos + PART;
    if (this.locals.hasUnset) this.walk(this.walks.code, until);
    else this.walks.body(this, until);
  }

  private ended(start: number, end: number): void {
    if (this.reader.pos !== end) throw malformed('section size mismatch', start);
  }

  /** Validates the constant expression at `start`, which must end by `end` and makes one value of `type`. */
  constant(type: ValType, start: number, end: number): ConstExpr {
    this.reader.pos = start;
    // A section may claim to go on past the end of the module; that is found after its contents.
    this.reader.end = Math.min(end, this.context.bytes.length);
    if (!this.isPlainConstant(type)) {
      this.reader.pos = start;
      this.begin(valueBlock(type));
      this.walk(this.walks.constant, start + LIMITS.constantSize);
      if (this.depth > 0) checkLimit('constantSize', this.reader.pos - start + 1, start);
    }
    return { start, end: this.reader.pos };
  }

  /** Reads `i32.const x end`, which nearly all offsets are: some modules have 100,000 segments. */
  private isPlainConstant(type: ValType): boolean {
    const { reader } = this;
    if (type !== I32 || reader.u8() !== OP['i32.const']) return false;
    reader.s32();
    return reader.u8() === OP.end;
  }

  private begin(type: FuncType): void {
    this.sp = 0;
    this.depth = 0;
    this.enter(type, OP.block);
  }

  /** One instruction after the other, by the rules alone, up to the end or to an offset. */
  walk(rules: Rules, until: number): void {
    const { reader } = this;
    while (this.depth > 0 && reader.pos < until) {
      this.checkpoint(reader.pos, this.sp);
      this.step(rules, reader.pos);
    }
  }

  /** The instruction at `at`, by its rule. */
  step(rules: Rules, at: number): void {
    const { reader } = this;
    reader.pos = at;
    this.at = at;
    this.op = reader.u8();
    rules[this.op](this);
  }

  /** Makes room for a push per byte up to the offset it returns. */
  checkpoint(pos: number, sp: number): number {
    const { end } = this.reader;
    if (pos >= end) throw malformed(UNEXPECTED_END, end);
    this.ensureStack(sp);
    return Math.min(pos + CHECKPOINT, end);
  }

  /** The instruction after a prefix byte. */
  prefixed(rules: Rules): void {
    const prefix = this.op;
    const code = this.reader.u32();
    this.op = PREFIX_BASE[prefix] + code;
    if (code < (prefix === 0xfd ? 0x200 : 0x100)) rules[this.op](this);
    else throw this.illegal();
  }

  /** That there is no such instruction. */
  illegal(): Error {
    const bytes = this.context.bytes.subarray(this.at, this.reader.pos);
    return malformed(`illegal opcode ${Array.from(bytes, hex).join(' ')}`, this.at);
  }

  // What rules are made of.

  protected isPolymorphic(): boolean {
    return this.framePolymorphic[this.depth - 1] === 1;
  }

  /** The rest of the innermost frame cannot be reached. */
  endReachable(): void {
    this.sp = this.base;
    this.framePolymorphic[this.depth - 1] = 1;
  }

  blockType(): FuncType {
    const { reader, context } = this;
    const offset = reader.pos;
    const byte = reader.u8();
    if (byte === EMPTY_BLOCK) return EMPTY;
    reader.pos = offset;
    if ((byte & 0xc0) === 0x40) return valueBlock(readValType(reader, context));
    if (reader.s33() < 0) throw malformed('malformed block type', offset);
    context.need('multiValue', offset);
    reader.pos = offset;
    return context.types[readTypeIndex(reader, context)].composite.func;
  }

  /** Enters a block-like instruction, taking its parameters. */
  enter(type: FuncType, op: number): void {
    const { params, results } = type;
    this.exchange(params);
    const { depth } = this;
    const base = this.sp - this.cellsOf(params);
    if (depth === this.frameOps.length) this.growFrames(2 * depth);
    const complex = params.length > 0 || results.length > 1;
    if (complex) this.frameTypes[depth] = type;
    if (this.locals.hasUnset) this.locals.initialized.enter();
    this.frameOps[depth] = op;
    this.frameBases[depth] = base;
    this.frameResults[depth] = complex ? COMPLEX : (results[0] ?? NO_VALUE);
    this.framePolymorphic[depth] = 0;
    this.base = base;
    this.depth = depth + 1;
  }

  private growFrames(capacity: number): void {
    const { frameOps, frameBases, frameResults, framePolymorphic } = this;
    this.frameOps = new Int32Array(capacity);
    this.frameOps.set(frameOps);
    this.frameBases = new Int32Array(capacity);
    this.frameBases.set(frameBases);
    this.frameResults = new Int32Array(capacity);
    this.frameResults.set(frameResults);
    this.framePolymorphic = new Uint8Array(capacity);
    this.framePolymorphic.set(framePolymorphic);
  }

  private frameType(frame: number): FuncType {
    const result = this.frameResults[frame];
    if (result === COMPLEX) return this.frameTypes[frame];
    return result === NO_VALUE ? EMPTY : valueBlock(result);
  }

  /** The `else` of an `if`. */
  otherwise(): void {
    const type = this.frameType(this.depth - 1);
    this.nextPart(IFS, OP.else, type.params);
  }

  /** The innermost frame's next part, behind parts with these instructions, begins with these operands. */
  nextPart(behind: readonly number[], op: number, operands: readonly ValType[]): void {
    const frame = this.depth - 1;
    this.requireFrame(behind);
    this.finish(this.frameType(frame));
    if (this.locals.hasUnset) this.locals.initialized.forget();
    this.frameOps[frame] = op;
    this.framePolymorphic[frame] = 0;
    this.pushAll(operands);
  }

  /** The innermost frame was begun by one of these. */
  requireFrame(ops: readonly number[]): void {
    if (!ops.includes(this.frameOp(0))) throw malformed('END opcode expected', this.at);
  }

  /** What began the frame that a label means. */
  frameOp(labelidx: number): number {
    return this.frameOps[this.depth - 1 - labelidx];
  }

  /** Leaves the innermost frame; after the outermost one the expression is over. */
  leave(): void {
    const frame = this.depth - 1;
    const type = this.frameType(frame);
    // An `if` without `else` has an empty one.
    if (this.frameOps[frame] === OP.if) this.otherwise();
    const { results } = type;
    const isExact = this.sp === this.base + this.cellsOf(results) && this.isTop(results);
    if (!isExact) this.finish(type);
    if (this.locals.hasUnset) this.locals.initialized.leave();
    this.depth = frame;
    if (frame === 0) return;
    this.base = this.frameBases[frame - 1];
    if (!isExact) this.pushAll(results);
  }

  /** Pops a frame's results, below which there must be nothing. */
  private finish(type: FuncType): void {
    const { results } = type;
    this.popAll(results);
    if (this.sp === this.base) return;
    const there = [...this.typesAboveBase(MOST_NAMED), ...results].slice(0, MOST_NAMED);
    const [required, actual] = [results, there].map((types) =>
      types.map((one) => this.nameOf(one)).join(' '),
    );
    throw this.mismatch(`block requires [${required}] but stack has [${actual}]`);
  }

  /** Reads a label index: the types a branch to it takes. */
  label(): readonly ValType[] {
    return this.labelTypes(this.reader.u32());
  }

  /** A table of labels begins: none of them is known yet. */
  beginLabels(): void {
    if (this.labelTables.length < this.depth) this.labelTables = new Float64Array(this.frameOps.length);
    this.labelTable++;
  }

  /** Reads a label index of the table at hand: the types a branch to it takes, undefined when it was there before. */
  newLabel(): readonly ValType[] | undefined {
    const labelidx = this.reader.u32();
    if (this.labelTables[labelidx] === this.labelTable) return undefined;
    const types = this.labelTypes(labelidx);
    this.labelTables[labelidx] = this.labelTable;
    return types;
  }

  labelTypes(labelidx: number): readonly ValType[] {
    if (labelidx >= this.depth) throw invalid(`unknown label ${labelidx}`, this.at);
    const frame = this.depth - 1 - labelidx;
    const type = this.frameType(frame);
    return this.frameOps[frame] === OP.loop ? type.params : type.results;
  }

  /** The result types of the expression. */
  results(): readonly ValType[] {
    return this.frameType(0).results;
  }

  /** Reads the index of a local that is read: its type. */
  getLocal(): ValType {
    return this.locals.get(this.reader, this.at);
  }

  /** Reads the index of a local that is set: its type. */
  setLocal(): ValType {
    return this.locals.set(this.reader, this.at);
  }

  /** Reads an index into one of the context's lists. */
  index<T>(what: string, list: readonly T[]): T {
    return this.lookup(what, list, this.reader.u32());
  }

  lookup<T>(what: string, list: readonly T[], index: number): T {
    if (index >= list.length) throw invalid(`unknown ${what} ${index}`, this.at);
    return list[index];
  }

  /** A type's name in terms of the module. */
  nameOf(type: ValType): string {
    return valTypeNameIn(type, this.context.types);
  }

  mismatch(text: string): Error {
    return invalid(`type mismatch: ${text}`, this.at);
  }

  protected operandMismatch(required: string, actual: string): Error {
    return this.mismatch(`instruction requires [${required}] but stack has [${actual}]`);
  }
}

function hex(code: number): string {
  return code.toString(16).padStart(2, '0');
}
