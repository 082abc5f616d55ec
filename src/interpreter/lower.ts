/**
 * Lowering: one walk over a validated function body makes basic blocks (ir.ts); assemble.ts makes closures of them. Nothing is rejected
 * here: validation has passed.
 *
 * The operand stack of the walk holds expressions that are not computed yet. They are forced into their canonical slot (operand k of a
 * frame lives behind the locals, at the place that the snapshot format gives it) when a safepoint needs the canonical state, when control
 * flow joins, or when a statement would change what they read or overtake their trap.
 */
import {
  type Instruction,
  instructionOf,
  isRef,
  PREFIX_BASE,
  Reader,
  slotsOf,
  type ValType,
} from '../decoder';
import { readValType, type UsesFeatures } from '../decoder/typereader';
import { RuntimeError } from '../errors';
import { type Assembler, MAX_CHAIN } from './assemble';
import { Code, type Safepoint, wordsOf } from './code';
import { type Expr, getLocal, getOperand, localBit, TRAPS } from './expr';
import { assembler } from './forms';
import type { Func } from './func';
import type { Instance } from './instance';
import type { Block, Label, Statement, Target, Terminator } from './ir';
import { lowerControl } from './lower-control';
import { lowerPlain } from './lower-plain';

/** A structured instruction that is open. */
export interface Control {
  kind: 'func' | 'block' | 'loop' | 'if' | 'else';
  /** Operands below its parameters. */
  readonly height: number;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  /** Where a branch to it goes. */
  readonly label: Label;
  /** Where the `else` or an untaken `if` goes on. */
  readonly otherwise: Label | undefined;
  /** The operand stack's types below its parameters. */
  readonly below: readonly ValType[];
}

const NO_TYPES: readonly ValType[] = [];
/** What the module uses is switched on: it has been validated. */
export const VALIDATED: UsesFeatures = { need() {} };
/** Trees larger than this are computed into their slot: deep closures would nest the host's stack. */
const MAX_TREE = 16;

export class Lowering {
  readonly func: Func;
  readonly instance: Instance;
  readonly reader: Reader;
  /** Start of the code entry: safepoint offsets count from here. */
  readonly start: number;
  readonly locals: readonly ValType[];
  readonly blocks: Block[] = [];
  readonly loops: Label[] = [];
  readonly controls: Control[] = [];
  readonly stack: Expr[] = [];
  /** Word offsets of the operands' canonical slots. */
  readonly slots: number[] = [];
  /** Word offset of the slot of the next operand, and the highest there ever was. */
  top: number;
  highest: number;
  usesRefs = false;
  code!: Code;
  /** Once all instructions have been read. */
  assembler: Assembler | undefined;
  private block!: Block;
  private readonly localSlots: number[] = [];

  constructor(func: Func, instance: Instance) {
    this.func = func;
    this.instance = instance;
    const { module } = instance;
    const defined = func.funcidx - module.importedFuncs;
    this.start = module.codeStart[defined];
    this.reader = new Reader(module.bytes, this.start, module.codeEnd[defined]);
    const locals = [...func.type.params];
    for (let groups = this.reader.u32(); groups > 0; groups--) {
      const count = this.reader.u32();
      const type = readValType(this.reader, VALIDATED);
      for (let k = 0; k < count; k++) locals.push(type);
    }
    this.locals = locals;
    let slot = 0;
    for (const type of locals) {
      this.localSlots.push(slot);
      slot += 2 * slotsOf(type);
      if (isRef(type)) this.usesRefs = true;
    }
    this.top = slot;
    this.highest = Math.max(slot, wordsOf(func.type.results));
    this.begin();
  }

  // Blocks

  /** Starts a block; code goes on there. */
  begin(...labels: (Label | undefined)[]): void {
    this.block = { statements: [], end: undefined };
    for (const label of labels) if (label !== undefined) label.block = this.blocks.length;
    this.blocks.push(this.block);
  }
  emit(statement: Statement): void {
    // A block is assembled in one go, and a chain as long as this one is cut anyway.
    if (this.block.statements.length === MAX_CHAIN) {
      const label: Label = { block: -1, loop: -1, used: true };
      this.end({ kind: 'jump', to: { label, back: undefined } });
      this.begin(label);
    }
    this.block.statements.push(statement);
  }
  end(terminator: Terminator): void {
    this.block.end = terminator;
  }

  // Operands

  push(expr: Expr): void {
    this.stack.push(expr);
    this.slots.push(this.top);
    this.top += 2 * slotsOf(expr.type);
    if (this.top > this.highest) this.highest = this.top;
    if (expr.size > MAX_TREE) this.force(this.stack.length - 1);
  }
  pop(): Expr {
    this.top = this.slots.pop()!;
    return this.stack.pop()!;
  }
  /** Pushes a value that stands in its canonical slot already. */
  pushSlot(type: ValType): void {
    if (isRef(type)) this.usesRefs = true;
    this.push(getOperand(type, this.top));
  }
  pushLocal(index: number): void {
    this.push(getLocal(this.locals[index], this.localSlots[index], index));
  }
  /** Drops operands down to a height; what could trap still does. */
  truncate(height: number): void {
    while (this.stack.length > height) this.pop();
  }

  /** Computes operand k into its canonical slot, after those below it that it would overtake or overwrite. */
  force(k: number): void {
    const expr = this.stack[k];
    const slot = this.slots[k];
    if (expr.name === 'get' && expr.lo === slot) return;
    for (let below = 0; below < k; below++) {
      const other = this.stack[below];
      if (other.top >= slot || (expr.flags & other.flags & TRAPS) !== 0) this.force(below);
    }
    this.emit({ kind: 'set', to: slot, value: expr });
    this.stack[k] = getOperand(expr.type, slot);
  }
  forceAll(): void {
    for (let k = 0; k < this.stack.length; k++) this.force(k);
  }
  /** Forces the operands that have one of these effects. */
  forceFlags(flags: number): void {
    for (let k = 0; k < this.stack.length; k++) if ((this.stack[k].flags & flags) !== 0) this.force(k);
  }

  setLocal(index: number, value: Expr): void {
    const bit = localBit(index);
    const traps = (value.flags & TRAPS) !== 0;
    for (let k = 0; k < this.stack.length; k++) {
      const { locals, flags } = this.stack[k];
      if ((locals & bit) !== 0 || (traps && (flags & TRAPS) !== 0)) this.force(k);
    }
    const slot = this.localSlots[index];
    if (value.name === 'get' && value.lo === slot) return;
    this.emit({ kind: 'set', to: slot, value });
  }

  drop(): void {
    const value = this.pop();
    if ((value.flags & TRAPS) === 0) return;
    this.forceFlags(TRAPS);
    this.emit({ kind: 'drop', value });
  }

  // Branches

  /** Types of the operands up to a height. */
  types(height: number): readonly ValType[] {
    return height === 0 ? NO_TYPES : this.stack.slice(0, height).map((expr) => expr.type);
  }

  /** Moves the top operands to where the control expects them and ends the block with the branch. `at` is the branch's offset. */
  branch(control: Control, at: number): void {
    if (control.kind === 'func') {
      this.returnValues();
      return;
    }
    const types = control.kind === 'loop' ? control.params : control.results;
    this.moveTop(types, control.height);
    this.end({ kind: 'jump', to: this.target(control, at) });
  }

  /** Sets the slots from `height` on to the top `count` operands. The operands stay as they are. */
  private moveTop(types: readonly ValType[], height: number): void {
    const first = this.stack.length - types.length;
    let to = this.slots[height] ?? this.top;
    for (let k = 0; k < first; k++) if ((this.stack[k].flags & TRAPS) !== 0) this.dropInPlace(k);
    for (let k = 0; k < types.length; k++) {
      const value = this.stack[first + k];
      if (value.name !== 'get' || value.lo !== to) this.emit({ kind: 'set', to, value });
      to += 2 * slotsOf(types[k]);
    }
  }
  private dropInPlace(k: number): void {
    this.emit({ kind: 'drop', value: this.stack[k] });
  }

  returnValues(): void {
    const { results } = this.func.type;
    if (results.length > 1) this.forceAll();
    const first = this.stack.length - results.length;
    for (let k = 0; k < first; k++) if ((this.stack[k].flags & TRAPS) !== 0) this.dropInPlace(k);
    let to = 0;
    for (let k = 0; k < results.length; k++) {
      const value = this.stack[first + k];
      if (value.name !== 'get' || value.lo !== to) this.emit({ kind: 'set', to, value });
      to += 2 * slotsOf(results[k]);
    }
    this.end({ kind: 'return' });
  }

  /** A branch's target, with its safepoint when it goes back. */
  target(control: Control, at: number): Target {
    if (control.kind !== 'loop') return { label: control.label, back: undefined };
    const back: Safepoint = {
      code: this.code,
      kind: 'loop',
      offset: at - this.start,
      targetLoop: control.label.loop,
      operands: control.params.length === 0 ? control.below : [...control.below, ...control.params],
      resume: null,
    };
    return { label: control.label, back };
  }

  /** Whether a branch to the control takes no operands along. */
  needsNoMoves(control: Control): boolean {
    if (control.kind === 'func') return false;
    const count = (control.kind === 'loop' ? control.params : control.results).length;
    return count === 0;
  }

  control(depth: number): Control {
    return this.controls[this.controls.length - 1 - depth];
  }
}

/** The next instruction. The reader stands behind its opcode. */
export function readInstruction(reader: Reader): Instruction {
  const byte = reader.u8();
  const base = PREFIX_BASE[byte];
  return instructionOf[base === undefined ? byte : base + reader.u32()]!;
}

/** Begins to lower a defined function. `hot` code has factories of its own. */
export function startLowering(func: Func, instance: Instance, hot: boolean): Lowering {
  if (instance.unusable !== undefined) throw new RuntimeError(instance.unusable);
  instance.hasRun = true;
  const lowering = new Lowering(func, instance);
  lowering.code = new Code(func, hot, lowering.locals, lowering.reader.pos - lowering.start);
  lowering.controls.push({
    kind: 'func',
    height: 0,
    params: NO_TYPES,
    results: func.type.results,
    label: { block: -1, loop: -1, used: false },
    otherwise: undefined,
    below: NO_TYPES,
  });
  return lowering;
}

/** Goes on with it, for about so many instructions. True when the code is complete. */
export function lowerSome(lowering: Lowering, most: number): boolean {
  const { reader, controls } = lowering;
  let left = most;
  for (; controls.length > 0; left--) {
    if (left <= 0) return false;
    const at = reader.pos;
    const row = readInstruction(reader);
    if (!lowerControl(lowering, row.name, at)) lowerPlain(lowering, row, at);
  }
  lowering.assembler ??= assembler(lowering);
  return lowering.assembler.run(left);
}
