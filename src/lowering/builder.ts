/**
 * The state of a lowering: open blocks, operands, the sequence that statements go to. The handlers (handlers.ts) work on it. It keeps its own
 * stack of open blocks, so that lowering can be done in slices, and no nesting is too deep for it.
 */
import { type Instruction, type ModuleData, OP, Reader, slotsOf, type ValType } from '../decoder';
import { opensBlock } from '../decoder/instructions';
import { entryPoint, type Safepoint } from '../decoder/safepoints';
import { holdReferences, NO_TYPES } from '../decoder/typelist';
import { placeWhatIsBuilt } from './build';
import { Constants } from './constants';
import { type Control, Controls } from './controls';
import { ALL_LOCALS, isIn } from './expr';
import { Locals, slotsOfAll } from './frame';
import { MOVED_SINGLY, Operands } from './operands';
import { NOTHING, Sequences } from './sequences';
import {
  type Block,
  type Branch,
  type ForwardLabel,
  type If,
  isExceptional,
  type Loop,
  type LoopLabel,
  type LoweredBody,
  type Move,
  type MoveSlots,
  type Statement,
  sizeOf,
  type Try,
} from './statements';

export class Builder {
  readonly module: ModuleData;
  readonly funcidx: number;
  readonly reader: Reader;
  /** Module offset of the code entry: safepoints count from there. */
  readonly start: number;
  readonly locals: Locals;
  readonly operands: Operands;
  private readonly controls = new Controls();
  /** Offset of the instruction at hand, in the module. */
  offset = 0;
  /** Whether it calls anything. */
  calls = false;
  readonly constants = new Constants(this);
  private usesExceptions = false;
  private readonly results: readonly ValType[];
  readonly entry: Safepoint;
  readonly sequences = new Sequences();
  private statements: readonly Statement[] = [];
  /** Blocks that are open in code which no control flow reaches, or -1. */
  private dead = -1;
  private labels = 0;
  /** Statements and expressions so far. */
  size = 0;
  /** Labels of tables. */
  labelsRead = 0;

  constructor(module: ModuleData, funcidx: number) {
    this.module = module;
    this.funcidx = funcidx;
    const defined = funcidx - module.importedFuncs;
    this.start = module.codeStart[defined];
    this.reader = new Reader(module.bytes, this.start, module.codeEnd[defined]);
    const type = module.types[module.funcTypes[funcidx]].composite.func;
    this.results = type.results;
    this.locals = new Locals(type, this.reader, module);
    this.sequences.open();
    this.operands = new Operands(this.locals.slots, this);
    this.operands.reserve(slotsOfAll(type.results));
    this.entry = entryPoint(module, funcidx, this.reader.pos - this.start);
    this.controls.push('func', 0, NO_TYPES, type.results, this.forwardLabel('func'), undefined);
  }

  /** What has been looked at so far: operands, labels of tables, and statements that were made. */
  get work(): number {
    return this.operands.visits + this.labelsRead + this.size;
  }

  /** Whether all instructions have been read. */
  get isComplete(): boolean {
    return this.controls.depth === 0;
  }

  /** Whether control flow reaches the instruction at hand. */
  get reached(): boolean {
    return this.dead < 0;
  }

  /** The body, when all instructions have been read. */
  finish(): LoweredBody {
    const { funcidx, start, locals, operands, entry, calls, usesExceptions, statements, size } = this;
    const usesRefs = operands.usesRefs || locals.hasRefs;
    return {
      funcidx,
      start,
      locals,
      slots: operands.end,
      usesRefs,
      calls,
      usesExceptions,
      entry,
      statements,
      size,
    };
  }

  emit(statement: Statement): void {
    this.constants.writeFor(statement);
    this.append(statement);
  }

  /** The same, of what reads no local that has a constant. */
  append(statement: Statement): void {
    this.size += sizeOf(statement);
    if (isExceptional(statement)) this.usesExceptions = true;
    this.sequences.add(statement);
  }

  // Blocks

  /** Opens a structured instruction whose parameters are on the stack. All operands go to their slots. */
  open(kind: 'block' | 'loop', params: readonly ValType[], results: readonly ValType[]): void {
    if (kind === 'loop') this.constants.clear();
    this.operands.computeAll();
    const height = this.begin(params, results);
    const statement: Block | Loop =
      kind === 'loop'
        ? { kind, label: this.loopLabel(), body: NOTHING }
        : { kind, label: this.forwardLabel(kind), body: NOTHING };
    this.enter(kind, height, params, results, statement);
  }

  openIf(params: readonly ValType[], results: readonly ValType[]): void {
    const condition = this.operands.pop();
    this.operands.computeAll();
    const height = this.begin(params, results);
    const label = this.forwardLabel('block');
    const statement: If = { kind: 'if', label, condition, body: NOTHING, otherwise: NOTHING };
    this.enter('if', height, params, results, statement);
  }

  /** Parameters stand where the block expects them, and there is room for its results. The operands below. */
  begin(params: readonly ValType[], results: readonly ValType[]): number {
    const { operands } = this;
    const height = operands.height - params.length;
    operands.settle(height, params);
    operands.reserve(operands.slotAt(height) + slotsOfAll(results));
    return height;
  }

  enter(
    kind: Control['kind'],
    height: number,
    params: readonly ValType[],
    results: readonly ValType[],
    statement: Block | Loop | If | Try,
  ): void {
    this.emit(statement);
    this.controls.push(kind, height, params, results, statement.label, statement);
    this.sequences.open();
  }

  /** The `else` of the innermost control. */
  otherwise(): void {
    this.nextPart('else', this.control(0).params);
  }

  /** The innermost control's next part, behind `else` or a handler, begins with these operands. */
  nextPart(kind: 'else' | 'catch', operands: readonly ValType[]): Control {
    const control = this.control(0);
    this.joins();
    if (this.dead < 0) {
      this.fall(control);
      control.thenFalls = true;
    }
    this.endPart(control);
    this.dead = -1;
    control.kind = kind;
    this.operands.settle(control.height, operands);
    this.sequences.open();
    return control;
  }

  /** The `end` of the innermost control. */
  end(): void {
    const reached = this.dead < 0;
    const control = this.control(0);
    if (control.kind === 'func') {
      if (reached) this.returnValues();
      this.endPart(control);
      this.controls.pop();
      return;
    }
    this.joins();
    if (reached) this.fall(control);
    this.endPart(control);
    this.controls.pop();
    // A branch to a loop does not lead behind it. An `if` without `else` is passed by.
    const isTarget = control.kind !== 'loop' && control.label.used;
    const lives = reached || isTarget || control.thenFalls || control.kind === 'if';
    this.operands.settle(control.height, control.results);
    this.dead = lives ? -1 : 0;
  }

  /** The part of a control that is open holds no more statements. */
  private endPart({ kind, statement }: Control): void {
    const part = this.sequences.close();
    if (statement === undefined) this.statements = part;
    else if (kind === 'catch') {
      const { clauses } = statement as Try;
      clauses[clauses.length - 1].to = part;
    } else if (kind === 'else') (statement as If).otherwise = part;
    else statement.body = part;
  }

  /** Other control flow joins, or goes on elsewhere. */
  private joins(): void {
    this.constants.writeAll();
    this.constants.clear();
  }

  /** Puts the results of a control where they are expected behind it. */
  private fall(control: Control): void {
    const moves = this.moves(control.results, this.operands.slotAt(control.height), control);
    for (const move of moves) this.emit(move);
  }

  /** Whether code lives again at an instruction that nothing reaches: its handler does then what it does where it is reached. */
  revives(row: Instruction): boolean {
    const { op } = row;
    if (opensBlock(row)) this.dead++;
    else if (op === OP.end || op === OP.delegate) {
      if (this.dead === 0) return true;
      this.dead--;
    }
    return this.dead === 0 && (op === OP.else || op === OP.catch || op === OP.catch_all);
  }

  /** What comes next is not reached, up to the `else` or `end` where code lives again. */
  die(): void {
    this.dead = 0;
  }

  /** The open structured instruction that a label's index names. */
  control(depth: number): Control {
    return this.controls.at(depth);
  }

  forwardLabel(kind: ForwardLabel['kind']): ForwardLabel {
    return { kind, id: this.labels++, used: false };
  }
  private loopLabel(): LoopLabel {
    const operands = this.operands.list(this.operands.height);
    return { kind: 'loop', id: this.labels++, used: false, offset: this.offset - this.start, operands };
  }

  // Branches

  /** A branch of the instruction at hand, which has one to each label. The operands stay as they are. */
  branch(control: Control): Branch {
    const { kind, label, height, params, results } = control;
    const offset = this.offset - this.start;
    if (control.branch?.offset === offset) return control.branch;
    label.used = true;
    const types = kind === 'loop' ? params : results;
    const moves =
      kind === 'func' ? this.resultMoves(control) : this.moves(types, this.operands.slotAt(height), control);
    control.branch = { label, moves, offset };
    return control.branch;
  }

  /** A branch that is not taken leaves what the label takes, as the typed walk has it: only references have other types. */
  retype({ kind, params, results }: Control): void {
    const types = kind === 'loop' ? params : results;
    if (holdReferences(types)) this.operands.retype(types);
  }

  returnValues(): void {
    for (const move of this.resultMoves(this.controls.body)) this.emit(move);
    this.constants.forget();
    this.emit({ kind: 'return' });
  }

  private resultMoves(control: Control): readonly Move[] {
    // Results stand where the first locals do: one may overwrite what another one, or its own next lane, reads.
    if (this.results.length > 1) this.operands.computeAll();
    else if (this.results.length === 1) placeWhatIsBuilt(this.operands, ALL_LOCALS);
    return this.moves(this.results, 0, control);
  }

  /** Moves of the top operands, as a control's label takes them, to the slots from `to` on. What is below them still traps. */
  private moves(types: readonly ValType[], to: number, control: Control): readonly Move[] {
    const { operands } = this;
    const count = types.length;
    if (count > MOVED_SINGLY) operands.computeAll();
    const first = operands.height - count;
    let moves = operands.dropTraps(first);
    const from = operands.slotAt(first);
    if (count > MOVED_SINGLY) {
      if (from === to) return moves;
      if (moves.length > 0) return [...moves, moveOf(types, from, operands.top, to)];
      const known = control.moved;
      // What falls out of a loop is of other types than what goes back to it.
      if (known?.[0].from === from && known[0].types === types) return known;
      control.moved = [moveOf(types, from, operands.top, to)];
      return control.moved;
    }
    let slot = to;
    for (let height = first; height < operands.height; height++) {
      const value = operands.at(height);
      if (isIn(value, slot)) this.constants.writeAt(slot);
      else moves = withMove(moves, { kind: 'set', slot, value });
      slot += slotsOf(value.type);
    }
    return moves;
  }
}

/** A list of the few that a branch has, without the room to spare of one that grows: they are kept with the code. */
function withMove(moves: readonly Move[], move: Move): readonly Move[] {
  return moves.length === 0 ? [move] : [...moves, move];
}

/** Of values that stand between two slots. Their types are the label's own list: a long one is not copied for each branch. */
function moveOf(types: readonly ValType[], from: number, top: number, to: number): MoveSlots {
  return { kind: 'move', to, from, count: top - from, types };
}

/** What an instruction becomes. It reads its immediates; the reader stands behind the opcode. */
export type Handler = (lowering: Builder, row: Instruction) => void;
