/**
 * The safepoints of a function and the operand stack at each (draft, "Safepoint Semantics and Kinds", "What a frame holds").
 *
 * One walk over a validated body, by the instruction table. Validation has proved every operand, so the walk only keeps the types of
 * the operand stack. Code that no control flow reaches is skipped, exactly where lowering skips it (`lower-control.ts`): behind an
 * instruction that does not go on, up to an `else`, to the `end` of an `if` without one, or to the `end` of a block that some branch
 * from living code leaves. No frame stands there.
 */
import { type Instruction, instructionOf, OP, PREFIX_BASE, type SpecialOp } from '../decoder/instructions';
import type { ModuleData } from '../decoder/module';
import { Reader } from '../decoder/reader';
import { F32, F64, FUNCREF, type FuncType, I32, I64, V128, type ValType } from '../decoder/types';
import { InternalError } from '../errors';
import { addressType, readAddress, readValType, skipImmediates } from './immediates';

export type SafepointKind = 'entry' | 'call' | 'loop';

/** A safepoint while it is visited. `stack` is the walk's own, valid during the visit only. */
export interface SafepointVisit {
  readonly kind: SafepointKind;
  /** Of the instruction, from the start of the code entry. */
  readonly offset: number;
  /** Offset of the `loop` that a back edge goes to, or -1. */
  readonly targetLoop: number;
  /** The frame's operand stack is the first `height` types of this, then `params`: a back edge's loop parameters. */
  readonly stack: readonly ValType[];
  readonly height: number;
  readonly params: readonly ValType[];
  /** What the callee of a call has to return. */
  readonly results: readonly ValType[];
  /** The function that a `call` names; -1 at every other instruction. */
  readonly callee: number;
}

export interface Safepoint {
  readonly kind: SafepointKind;
  readonly offset: number;
  readonly targetLoop: number;
  /** Types of the operand stack, bottom first. */
  readonly stack: readonly ValType[];
  readonly results: readonly ValType[];
}

/** From a `loop` opcode to its `end`, as offsets in the code entry. */
export interface LoopRegion {
  readonly start: number;
  readonly end: number;
}

/** What takes the function's frame in a tail call: a function, or whichever of a type is in a table. */
export type TailCallee =
  | { readonly kind: 'func'; readonly funcidx: number }
  | { readonly kind: 'type'; readonly typeidx: number };

export interface Visitor {
  safepoint?(point: SafepointVisit): void;
  loop?(region: LoopRegion): void;
  tailCall?(callee: TailCallee): void;
}

const NONE: readonly ValType[] = [];

/** Types of a defined function's locals, parameters first. */
export function localsOf(module: ModuleData, funcidx: number): ValType[] {
  return readLocals(module, funcidx, codeReader(module, funcidx));
}

/** Visits the safepoints of a defined function in the order of their offsets. Safepoints of equal labels of a `br_table` are one. */
export function walkSafepoints(module: ModuleData, funcidx: number, visitor: Visitor): void {
  new Walk(module, funcidx, visitor).run();
}

/** All safepoints of a function, written out: for tests and tools, since it takes room for every stack. */
export function safepointsOf(module: ModuleData, funcidx: number): Safepoint[] {
  const points: Safepoint[] = [];
  walkSafepoints(module, funcidx, {
    safepoint({ kind, offset, targetLoop, stack, height, params, results }) {
      points.push({ kind, offset, targetLoop, stack: [...stack.slice(0, height), ...params], results });
    },
  });
  return points;
}

function codeReader(module: ModuleData, funcidx: number): Reader {
  const defined = funcidx - module.importedFuncs;
  return new Reader(module.bytes, module.codeStart[defined], module.codeEnd[defined]);
}

function funcType(module: ModuleData, funcidx: number): FuncType {
  return module.types[module.funcTypes[funcidx]].composite.func;
}

function readLocals(module: ModuleData, funcidx: number, reader: Reader): ValType[] {
  const locals = [...funcType(module, funcidx).params];
  for (let groups = reader.u32(); groups > 0; groups--) {
    const count = reader.u32();
    const type = readValType(reader);
    for (let i = 0; i < count; i++) locals.push(type);
  }
  return locals;
}

interface Frame {
  /** Of the instruction that opened it, or the `else` passed since. */
  op: number;
  readonly type: FuncType;
  /** Of the operand stack below the block's parameters. */
  readonly height: number;
  /** Of the opcode, from the start of the code entry. */
  readonly offset: number;
  /** The last instruction whose back edge to this loop has been visited. */
  lastBranch: number;
  /** Whether living code branches to its end, or falls through to it from before the `else`. */
  left: boolean;
}

class Walk {
  readonly module: ModuleData;
  readonly reader: Reader;
  readonly locals: readonly ValType[];
  readonly stack: ValType[] = [];
  readonly frames: Frame[] = [];
  /** Position of the instruction at hand. */
  at = 0;
  /** Nothing is reached until an `else`, or an `end` to which control comes from elsewhere. */
  dead = false;
  private readonly start: number;
  private readonly visitor: Visitor;

  constructor(module: ModuleData, funcidx: number, visitor: Visitor) {
    this.module = module;
    this.visitor = visitor;
    this.reader = codeReader(module, funcidx);
    this.start = this.reader.pos;
    this.locals = readLocals(module, funcidx, this.reader);
    const type = { params: NONE, results: funcType(module, funcidx).results };
    this.frames.push({ op: OP.block, type, height: 0, offset: 0, lastBranch: -1, left: false });
  }

  run(): void {
    const { reader } = this;
    this.at = reader.pos;
    this.visit('entry', 0, NONE, -1);
    while (this.frames.length > 0) {
      this.at = reader.pos;
      const row = this.instruction();
      if (this.dead) this.skip(row);
      else if (row.sig === '') EFFECTS[row.name as SpecialOp](this);
      else this.signature(row);
    }
  }

  private instruction(): Instruction {
    let op = this.reader.u8();
    const first = PREFIX_BASE[op];
    if (first !== undefined) op = first + this.reader.u32();
    const row = instructionOf[op];
    if (row === undefined) throw new InternalError(`illegal opcode 0x${op.toString(16)} in a validated body`);
    return row;
  }

  private visit(
    kind: SafepointKind,
    height: number,
    params: readonly ValType[],
    targetLoop: number,
    results: readonly ValType[] = NONE,
    callee = -1,
  ): void {
    const offset = this.at - this.start;
    this.visitor.safepoint?.({
      kind,
      offset,
      targetLoop,
      stack: this.stack,
      height,
      params,
      results,
      callee,
    });
  }

  /** An instruction that cannot be reached: only the nesting of blocks counts. */
  private skip(row: Instruction): void {
    if (row.op === OP.end) this.leave();
    else if (row.op === OP.else) this.otherwise();
    else {
      skipImmediates(this.reader, row);
      if (row.imm !== 'block') return;
      // A block in dead code is dead throughout: a frame of its own, with nothing on its stack.
      this.frames.push({
        op: DEAD,
        type: EMPTY,
        height: this.stack.length,
        offset: 0,
        lastBranch: -1,
        left: false,
      });
    }
  }

  private signature(row: Instruction): void {
    const address = readAddress(this.reader, row, this.module);
    const colon = row.sig.indexOf(':');
    this.drop(colon);
    for (let i = colon + 1; i < row.sig.length; i++) this.stack.push(RESULT[row.sig[i]] ?? address);
  }

  drop(count: number): void {
    this.stack.length -= count;
  }

  pop(): ValType {
    return this.stack.pop()!;
  }

  push(types: readonly ValType[]): void {
    for (let i = 0; i < types.length; i++) this.stack.push(types[i]);
  }

  enter(op: number): void {
    const type = this.blockType();
    if (op === OP.if) this.drop(1);
    const height = this.stack.length - type.params.length;
    this.frames.push({ op, type, height, offset: this.at - this.start, lastBranch: -1, left: false });
  }

  otherwise(): void {
    const frame = this.frames[this.frames.length - 1];
    if (frame.op === DEAD) return;
    if (!this.dead) frame.left = true;
    frame.op = OP.else;
    this.stack.length = frame.height;
    this.push(frame.type.params);
    this.dead = false;
  }

  leave(): void {
    const { op, height, type, offset, left } = this.frames.pop()!;
    if (op === DEAD) return;
    this.stack.length = height;
    this.push(type.results);
    // A branch to a loop goes to its start; an `if` without an `else` may not be entered at all.
    this.dead = this.dead && op !== OP.if && (op === OP.loop || !left);
    if (op === OP.loop) this.visitor.loop?.({ start: offset, end: this.at - this.start });
  }

  /** A branch to label `depth` may be taken here. */
  branch(depth: number): void {
    const frame = this.frames[this.frames.length - 1 - depth];
    frame.left = true;
    if (frame.op !== OP.loop || frame.lastBranch === this.at) return;
    frame.lastBranch = this.at;
    this.visit('loop', frame.height, frame.type.params, frame.offset);
  }

  /** A branch not taken leaves the operands with the label's types. */
  retype(depth: number): void {
    const { op, type } = this.frames[this.frames.length - 1 - depth];
    const types = op === OP.loop ? type.params : type.results;
    this.drop(types.length);
    this.push(types);
  }

  /** `callee` is -1 for an indirect call. */
  call(type: FuncType, callee: number): void {
    this.drop(type.params.length);
    this.visit('call', this.stack.length, NONE, -1, type.results, callee);
    this.push(type.results);
  }

  tailCall(callee: TailCallee): void {
    this.visitor.tailCall?.(callee);
    this.dead = true;
  }

  private blockType(): FuncType {
    const { reader, module } = this;
    const start = reader.pos;
    const code = reader.s33();
    if (code >= 0) return module.types[code].composite.func;
    if (code === EMPTY_BLOCK) return EMPTY;
    reader.pos = start;
    return { params: NONE, results: [readValType(reader)] };
  }
}

/** Mark of a frame in dead code; no instruction's id. */
const DEAD = -1;
const EMPTY: FuncType = { params: NONE, results: NONE };
/** 0x40 as a signed number. */
const EMPTY_BLOCK = -64;

const RESULT: Readonly<Record<string, ValType>> = { i: I32, I: I64, f: F32, F: F64, v: V128 };

function die(walk: Walk): void {
  walk.dead = true;
}

/** What the instructions without a signature do to the stack. */
const EFFECTS: Readonly<Record<SpecialOp, (walk: Walk) => void>> = {
  unreachable: die,
  block: (w) => w.enter(OP.block),
  loop: (w) => w.enter(OP.loop),
  if: (w) => w.enter(OP.if),
  else: (w) => w.otherwise(),
  end: (w) => w.leave(),
  br: (w) => {
    w.branch(w.reader.u32());
    w.dead = true;
  },
  br_if: (w) => {
    w.drop(1);
    const depth = w.reader.u32();
    w.branch(depth);
    w.retype(depth);
  },
  br_table: (w) => {
    w.drop(1);
    for (let count = w.reader.u32(); count >= 0; count--) w.branch(w.reader.u32());
    w.dead = true;
  },
  return: die,
  call: (w) => {
    const funcidx = w.reader.u32();
    w.call(funcType(w.module, funcidx), funcidx);
  },
  call_indirect: (w) => {
    const type = w.module.types[w.reader.u32()].composite.func;
    w.reader.u32();
    w.drop(1);
    w.call(type, -1);
  },
  return_call: (w) => w.tailCall({ kind: 'func', funcidx: w.reader.u32() }),
  return_call_indirect: (w) => {
    const typeidx = w.reader.u32();
    w.reader.u32();
    w.tailCall({ kind: 'type', typeidx });
  },
  drop: (w) => w.drop(1),
  select: (w) => w.drop(2),
  'select t': (w) => {
    w.reader.u32();
    w.drop(3);
    w.push([readValType(w.reader)]);
  },
  'local.get': (w) => w.push([w.locals[w.reader.u32()]]),
  'local.set': (w) => {
    w.reader.u32();
    w.drop(1);
  },
  'local.tee': (w) => {
    // The operand may be of a subtype of the local's type; the result is not.
    w.drop(1);
    w.push([w.locals[w.reader.u32()]]);
  },
  'global.get': (w) => w.push([w.module.globals[w.reader.u32()].value]),
  'global.set': (w) => {
    w.reader.u32();
    w.drop(1);
  },
  'table.get': (w) => {
    w.drop(1);
    w.push([w.module.tables[w.reader.u32()].element]);
  },
  'table.set': (w) => {
    w.reader.u32();
    w.drop(2);
  },
  'table.grow': (w) => {
    w.drop(2);
    w.push([addressType(w.module.tables[w.reader.u32()].address)]);
  },
  'table.fill': (w) => {
    w.reader.u32();
    w.drop(3);
  },
  'table.copy': dropThreeAfterTwo,
  'memory.copy': dropThreeAfterTwo,
  'ref.null': (w) => w.push([readValType(w.reader)]),
  'ref.is_null': (w) => {
    w.drop(1);
    w.push([I32]);
  },
  'ref.func': (w) => {
    w.reader.u32();
    w.push([FUNCREF]);
  },
};

function dropThreeAfterTwo(walk: Walk): void {
  walk.reader.u32();
  walk.reader.u32();
  walk.drop(3);
}
