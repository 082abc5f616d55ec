/**
 * The typed walk over the body of a function that has been validated: an instruction at a time, with the types of the operand stack and
 * the open blocks before it. Validation has proved every operand, so the walk only keeps types.
 *
 * Code that no control flow reaches is walked, but has no types: behind an instruction that does not go on, up to an `else`, to the `end`
 * of an `if` without one, or to the `end` of a block that some branch from reached code leaves. Lowering leaves out the same code, so no
 * frame ever stands there.
 *
 * It takes time and room in proportion to the body and to what it pushes together (a type's list of results), nests nothing on the
 * host's stack, and can stop between any two instructions.
 */
import {
  codeReader,
  funcTypeOf,
  groupOf,
  type LocalGroup,
  readBlockType,
  readBodyValType,
  readInstruction,
  readLocals,
} from './body';
import { skipImmediates } from './immediates';
import { InitializedLocals } from './inits';
import {
  type BlockOp,
  type Instruction,
  instructionOf,
  OP,
  opensBlock,
  type PlainOp,
  type SpecialOp,
} from './instructions';
import type { ModuleData } from './module';
import { PLAIN_OPS, readPlain } from './plain';
import type { Reader } from './reader';
import { TYPE_OF_SIGNATURE } from './rules';
import { holdReferences, NO_TYPES, onTop, type TypeList, typeAt, withoutTop } from './typelist';
import { asNonNull, BOTTOM, type FuncType, I32, isDefaultable, type ValType } from './types';
import { EXCEPTION_EFFECTS, HANDLER_EFFECTS } from './walk-exceptions';

/** A structured instruction that is open. */
export interface Block {
  /** An `if` becomes an `else` when its `else` is passed, a `try` a `catch` at each of its handlers. */
  readonly kind: 'func' | 'else' | 'catch' | BlockOp;
  /** Of its opcode, in the module; of the function, its first instruction's. */
  readonly offset: number;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  /** Types of the operands below its parameters. */
  readonly below: TypeList | undefined;
  /** How many those are. */
  readonly height: number;
  /** Whether control flow reached its opcode. */
  readonly reachable: boolean;
}

/** What a call names. */
export type Callee =
  | { readonly kind: 'func'; readonly funcidx: number }
  | { readonly kind: 'type'; readonly typeidx: number; readonly tableidx: number }
  /** A reference, which it pops. */
  | { readonly kind: 'ref'; readonly typeidx: number };

/** What the walk is asked to tell. The walk's fields hold for the instruction at hand; `stack` as each method says. */
export interface Visitor {
  /** Each instruction, reached or not, before it does anything. Its immediates stand from `walk.immediates` on. */
  instruction?(walk: Walk): void;
  /** A branch that is reached and may be taken; once, when an instruction has a label several times. `stack` has the label's values on top. */
  branch?(walk: Walk, target: Block, labelidx: number): void;
  /** A call that is reached. `stack` is without its operands. */
  call?(walk: Walk, callee: Callee, type: FuncType): void;
  /** A tail call that is reached; `stack` as before it. */
  tailCall?(walk: Walk, callee: Callee): void;
  /** The `end` of a block, reached or not. `stack` as before it. */
  end?(walk: Walk, block: Block): void;
}

/** The same, as the walk works on it. */
interface OpenBlock extends Block {
  kind: Block['kind'];
  /** The instruction whose branch here has been visited last. */
  branchedFrom: number;
  /** Whether reached code branches to its end, or falls through to it from before the `else`. */
  left: boolean;
}

export class Walk {
  readonly module: ModuleData;
  readonly funcidx: number;
  readonly locals: readonly LocalGroup[];
  /** Module offset of the code entry. */
  readonly start: number;
  /** The instruction at hand, the module offsets of its opcode and of its immediates. */
  row: Instruction = instructionOf[OP.nop]!;
  offset: number;
  immediates: number;
  /** Whether control flow reaches it. */
  reachable = true;
  /** Types of the operands; nothing where control flow does not reach. */
  stack: TypeList | undefined = undefined;
  readonly reader: Reader;
  private readonly open: OpenBlock[] = [];
  /** Of the locals that have no default value those that have been set; undefined when there are none such. */
  private readonly initialized: InitializedLocals | undefined;
  private readonly params: number;
  private readonly visitor: Visitor;

  constructor(module: ModuleData, funcidx: number, visitor: Visitor) {
    this.module = module;
    this.funcidx = funcidx;
    this.visitor = visitor;
    this.reader = codeReader(module, funcidx);
    this.start = this.reader.pos;
    const type = funcTypeOf(module, funcidx);
    this.locals = readLocals(type, this.reader, module);
    this.params = type.params.length;
    const hasUnset = this.locals.some((group) => this.isUnsetAtFirst(group));
    this.initialized = hasUnset ? new InitializedLocals() : undefined;
    this.offset = this.reader.pos;
    this.immediates = this.offset;
    this.openBlock('func', { params: [], results: type.results });
  }

  /** The open blocks around the instruction, the function's own first. Valid until the next step. */
  get blocks(): readonly Block[] {
    return this.open;
  }

  get height(): number {
    return this.stack === undefined ? 0 : this.stack.length;
  }

  run(): void {
    while (this.step());
  }

  /** The next instruction, or false behind the last one. */
  step(): boolean {
    if (this.open.length === 0) return false;
    const { reader } = this;
    this.offset = reader.pos;
    const row = readInstruction(reader);
    this.row = row;
    this.immediates = reader.pos;
    this.visitor.instruction?.(this);
    if (!this.reachable) this.pass(row);
    else if (row.sig === '') EFFECTS[row.name as SpecialOp](this);
    else this.applySignature(row);
    return true;
  }

  /** An instruction that is not reached: only the nesting of blocks counts. */
  private pass(row: Instruction): void {
    if (row.op === OP.end) this.endBlock();
    else if (row.op === OP.else) this.otherwise();
    else if (row.name in HANDLER_EFFECTS) EFFECTS[row.name as SpecialOp](this);
    else if (opensBlock(row)) this.openSkipped(row);
    else skipImmediates(this.reader, row, this.module);
  }

  private openSkipped(row: Instruction): void {
    const { pos } = this.reader;
    const type = readBlockType(this.reader, this.module);
    this.reader.pos = pos;
    skipImmediates(this.reader, row, this.module);
    this.openBlock(row.name as BlockOp, type);
  }

  private applySignature(row: Instruction): void {
    const address = skipImmediates(this.reader, row, this.module);
    const { operands, results } = SIGNATURES[row.op];
    this.drop(operands);
    for (const type of results) this.push(type || address);
  }

  // What the effects of instructions are made of.

  drop(count: number): void {
    this.stack = withoutTop(this.stack, count);
  }

  popType(): ValType {
    const { top } = this;
    this.drop(1);
    return top;
  }

  push(type: ValType): void {
    this.stack = onTop(this.stack, [type]);
  }

  /** Of the operand on top. */
  get top(): ValType {
    return typeAt(this.stack, 0);
  }

  plain(op: PlainOp): void {
    const { takes, gives } = readPlain(op, this.reader, this.module, this.top);
    this.drop(takes.length);
    this.stack = onTop(this.stack, gives);
  }

  local(): ValType {
    return groupOf(this.locals, this.reader.u32()).type;
  }

  private isUnsetAtFirst({ type, localidx, count }: LocalGroup): boolean {
    return !isDefaultable(type) && localidx + count > this.params;
  }

  setLocal(): ValType {
    const localidx = this.reader.u32();
    const { type } = groupOf(this.locals, localidx);
    if (!isDefaultable(type)) this.initialized?.set(localidx);
    return type;
  }

  /** Whether a local may not have been set yet, so that validation lets nobody read it. */
  isUnset(localidx: number): boolean {
    const { initialized } = this;
    if (initialized === undefined || localidx < this.params || initialized.has(localidx)) return false;
    return !isDefaultable(groupOf(this.locals, localidx).type);
  }

  /** Nothing is reached any more, up to an `else` or `end`. */
  die(): void {
    this.reachable = false;
    this.stack = undefined;
  }

  enter(kind: BlockOp): void {
    const type = readBlockType(this.reader, this.module);
    if (kind === 'if') this.drop(1);
    this.openBlock(kind, type);
  }

  openBlock(kind: OpenBlock['kind'], { params, results }: FuncType): void {
    const { offset, reachable } = this;
    this.initialized?.enter();
    const below = reachable ? withoutTop(this.stack, params.length) : undefined;
    const height = below === undefined ? 0 : below.length;
    this.open.push({
      kind,
      offset,
      params,
      results,
      below,
      height,
      reachable,
      branchedFrom: -1,
      left: false,
    });
    // As one part, so that a block inside that takes them looks at one part.
    if (reachable) this.stack = onTop(below, params);
  }

  otherwise(): void {
    this.nextPart('else', this.open[this.open.length - 1].params);
  }

  /** The innermost block's next part, behind `else` or a handler, begins with these operands, and below them what is hidden from the program. */
  nextPart(kind: 'else' | 'catch', operands: readonly ValType[], hidden = NO_TYPES): void {
    const block = this.open[this.open.length - 1];
    block.kind = kind;
    this.initialized?.forget();
    if (!block.reachable) return;
    if (this.reachable) block.left = true;
    this.reachable = true;
    this.stack = onTop(onTop(block.below, hidden), operands);
  }

  endBlock(): void {
    const block = this.open[this.open.length - 1];
    this.visitor.end?.(this, block);
    this.open.pop();
    this.initialized?.leave();
    const { kind, reachable, left, below, results } = block;
    if (!reachable) return;
    // A branch to a loop goes to its start; an `if` without an `else` may not be entered at all.
    this.reachable = this.reachable || kind === 'if' || (kind !== 'loop' && left);
    this.stack = this.reachable ? onTop(below, results) : undefined;
  }

  /** A branch to a label may be taken here. */
  branch(labelidx: number): void {
    const block = this.open[this.open.length - 1 - labelidx];
    block.left = true;
    if (block.branchedFrom === this.offset) return;
    block.branchedFrom = this.offset;
    this.visitor.branch?.(this, block, labelidx);
  }

  /** A branch that is not taken leaves the operands with the label's types, which only references do not have before. */
  retype(labelidx: number): void {
    const { kind, params, results } = this.open[this.open.length - 1 - labelidx];
    const types = kind === 'loop' ? params : results;
    if (!holdReferences(types)) return;
    this.drop(types.length);
    this.stack = onTop(this.stack, types);
  }

  call(callee: Callee): void {
    const { module } = this;
    const type =
      callee.kind === 'func'
        ? funcTypeOf(module, callee.funcidx)
        : module.types[callee.typeidx].composite.func;
    this.drop(type.params.length);
    this.visitor.call?.(this, callee, type);
    this.stack = onTop(this.stack, type.results);
  }

  tailCall(callee: Callee): void {
    this.visitor.tailCall?.(this, callee);
    this.die();
  }

  readCallee(kind: Callee['kind']): Callee {
    const { reader } = this;
    if (kind === 'func') return { kind, funcidx: reader.u32() };
    const typeidx = reader.u32();
    return kind === 'ref' ? { kind, typeidx } : { kind, typeidx, tableidx: reader.u32() };
  }
}

/** By dense id: how many operands, and the results; BOTTOM stands for the type that the immediates decide. */
const SIGNATURES = signatures();
interface Signature {
  readonly operands: number;
  readonly results: readonly ValType[];
}

function signatures(): Signature[] {
  const known = new Map<string, Signature>();
  return instructionOf.map((row) => {
    const sig = row?.sig ?? '';
    const signature = known.get(sig) ?? signatureOf(sig);
    known.set(sig, signature);
    return signature;
  });
}

function signatureOf(sig: string): Signature {
  const [operands, results = ''] = sig.split(':');
  return {
    operands: operands.length,
    results: results.split('').map((char) => TYPE_OF_SIGNATURE[char] ?? BOTTOM),
  };
}

type WalkEffect = (walk: Walk) => void;

const PLAIN = Object.fromEntries(
  PLAIN_OPS.map((op): [PlainOp, WalkEffect] => [op, (walk) => walk.plain(op)]),
) as Record<PlainOp, WalkEffect>;

/** What the instructions without a signature do to the stack. */
const EFFECTS: Readonly<Record<SpecialOp, WalkEffect>> = {
  ...PLAIN,
  ...EXCEPTION_EFFECTS,
  unreachable: (w) => w.die(),
  block: (w) => w.enter('block'),
  loop: (w) => w.enter('loop'),
  if: (w) => w.enter('if'),
  else: (w) => w.otherwise(),
  end: (w) => w.endBlock(),
  br: (w) => {
    w.branch(w.reader.u32());
    w.die();
  },
  br_if: (w) => {
    const labelidx = w.reader.u32();
    w.drop(1);
    w.branch(labelidx);
    w.retype(labelidx);
  },
  br_table: (w) => {
    w.drop(1);
    for (let more = w.reader.u32(); more >= 0; more--) w.branch(w.reader.u32());
    w.die();
  },
  return: (w) => w.die(),
  call: (w) => w.call(w.readCallee('func')),
  call_indirect: (w) => {
    w.drop(1);
    w.call(w.readCallee('type'));
  },
  call_ref: (w) => {
    w.drop(1);
    w.call(w.readCallee('ref'));
  },
  return_call: (w) => w.tailCall(w.readCallee('func')),
  return_call_ref: (w) => w.tailCall(w.readCallee('ref')),
  return_call_indirect: (w) => w.tailCall(w.readCallee('type')),
  drop: (w) => w.drop(1),
  select: (w) => {
    w.drop(2);
    // Another value than its first operand was.
    w.push(w.popType());
  },
  'select t': (w) => {
    w.reader.u32();
    w.drop(3);
    w.push(readBodyValType(w.reader, w.module));
  },
  'local.get': (w) => w.push(w.local()),
  'local.set': (w) => {
    w.setLocal();
    w.drop(1);
  },
  'local.tee': (w) => {
    // The operand may be of a subtype of the local's type; the result is not.
    w.drop(1);
    w.push(w.setLocal());
  },
  'global.get': (w) => w.push(w.module.globals[w.reader.u32()].value),
  'global.set': (w) => {
    w.reader.u32();
    w.drop(1);
  },
  'table.fill': (w) => {
    w.reader.u32();
    w.drop(3);
  },
  'table.copy': dropThreeAfterTwo,
  'memory.copy': dropThreeAfterTwo,
  'ref.is_null': (w) => {
    w.drop(1);
    w.push(I32);
  },
  br_on_null: (w) => {
    const labelidx = w.reader.u32();
    const type = w.popType();
    w.branch(labelidx);
    w.retype(labelidx);
    w.push(asNonNull(type));
  },
  br_on_non_null: (w) => {
    const labelidx = w.reader.u32();
    w.push(asNonNull(w.popType()));
    w.branch(labelidx);
    w.retype(labelidx);
    w.drop(1);
  },
};

function dropThreeAfterTwo(walk: Walk): void {
  walk.reader.u32();
  walk.reader.u32();
  walk.drop(3);
}
