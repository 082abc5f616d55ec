/**
 * Statements to basic blocks: one linear pass over a lowered body, in the order of its code. Each block ends in a terminator; branches
 * forward go to blocks behind, so that a back end that works from the last block to the first has their targets at hand.
 */
import { InternalError } from '../errors';
import type {
  Branch,
  Bulk,
  Call,
  CallIndirect,
  CallRef,
  Clause,
  Effect,
  Expr,
  GlobalSet,
  If,
  Label,
  LoweredBody,
  Move,
  Statement,
  Store,
  TailCall,
  TailCallIndirect,
  TailCallRef,
  Throw,
  ThrowRef,
  Try,
  VectorStore,
} from '../lowering';

/** Statements that one closure does at most before it goes through the trampoline: the host's stack stays shallow. */
export const MAX_CHAIN = 120;

export type Simple = Move | Store | VectorStore | GlobalSet | Effect;

/** A place to branch to: the start of a block. */
export interface Place {
  block: number;
  /** Of a loop: the last block that branches back to it, or -1. */
  last: number;
}
/** A branch back to a loop, past its safepoint. */
export interface Back {
  readonly header: Place;
  readonly branch: Branch;
}
/** Where a branch goes: to a block behind it, or back to a loop. */
export type Target = Place | Back;

export function isBack(target: Target): target is Back {
  return 'branch' in target;
}

/** Whether a branch is a jump alone. */
function isDirect({ moves, label }: Branch): boolean {
  return moves.length === 0 && label.kind !== 'func';
}

function nowhere(): Place {
  return { block: -1, last: -1 };
}

export type Terminator =
  | { readonly kind: 'jump'; readonly to: Target }
  | { readonly kind: 'if'; readonly condition: Expr; readonly yes: Target; readonly no: Target }
  | { readonly kind: 'table'; readonly index: Expr; readonly targets: readonly Target[] }
  | { readonly kind: 'return' }
  | { readonly kind: 'unreachable'; readonly offset: number }
  | Throw
  | ThrowRef
  | Call
  | CallIndirect
  | CallRef
  | Bulk
  | TailCall
  | TailCallIndirect
  | TailCallRef;

export interface BasicBlock {
  readonly statements: readonly Simple[];
  readonly end: Terminator;
  /** What handles the exceptions of its terminator. */
  readonly handlers: Handlers | undefined;
  /** Of a loop's start, where something goes back to it: the offset of the `loop` in the code entry; else -1. */
  readonly targetLoop: number;
  /** Where the loops begin whose last branch back is its end, inner ones first. */
  loops: number[] | undefined;
}

/** The clauses of a `try`, and those around it. */
export interface Handlers {
  readonly clauses: readonly HandlerClause[];
  readonly outer: Handlers | undefined;
}
export interface HandlerClause {
  readonly tagidx: number;
  readonly slot: number;
  readonly ref: Clause['ref'];
  readonly target: Target;
}

/** Where a handler with a body begins. */
interface HandlerBody {
  readonly place: Place;
  readonly statements: readonly Statement[];
}

const NOTHING: readonly Simple[] = [];

/** A sequence that is being passed through, and the statement that holds it. */
interface Sequence {
  readonly statements: readonly Statement[];
  next: number;
  readonly holder: Statement | undefined;
  /** Which part of it this is: of an `if` the second is its `else`, of a `try` those are its handlers. */
  readonly part: number;
}

export class Flattening {
  readonly blocks: BasicBlock[] = [];
  /** The blocks at the start of loops, in the order of the code. */
  readonly headers: number[] = [];
  /** Statements of the block that is open, of which there are `count`; -1 when none is open. */
  private readonly statements: Simple[] = [];
  private count = -1;
  private targetLoop = -1;
  private readonly places: (Place | undefined)[] = [];
  private readonly sequences: Sequence[] = [];
  /** Statements passed and written, and labels of tables. */
  private work = 0;

  constructor(body: LoweredBody) {
    this.begin();
    this.sequences.push({ statements: body.statements, next: 0, holder: undefined, part: 0 });
  }

  /** Goes on for about so much work. True when all are in blocks. */
  run(most: number): boolean {
    const { sequences } = this;
    for (const end = this.work + most; sequences.length > 0; this.work++) {
      if (this.work >= end) return false;
      const sequence = sequences[sequences.length - 1];
      if (sequence.next < sequence.statements.length) this.statement(sequence.statements[sequence.next++]);
      else {
        sequences.pop();
        if (sequence.holder !== undefined) this.leave(sequence.holder, sequence.part);
      }
    }
    // Blocks may be kept with their module; how they were made need not be.
    this.places.length = this.inside.length = 0;
    return true;
  }

  /** The block at the start of a loop that something goes back to, or -1. */
  header(targetLoop: number): number {
    const { headers, blocks } = this;
    let low = 0;
    for (let high = headers.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (blocks[headers[middle]].targetLoop < targetLoop) low = middle + 1;
      else high = middle;
    }
    return low < headers.length && blocks[headers[low]].targetLoop === targetLoop ? headers[low] : -1;
  }

  private begin(place?: Place): void {
    if (this.count >= 0) throw new InternalError('a block that does not end');
    this.count = 0;
    if (place !== undefined) place.block = this.blocks.length;
  }
  private get isOpen(): boolean {
    return this.count >= 0;
  }
  private end(end: Terminator): void {
    if (this.count < 0) throw new InternalError('a statement that nothing reaches');
    // With no room to spare, as a list that grows has it: most blocks hold few statements.
    this.close(end, this.count === 0 ? NOTHING : this.statements.slice(0, this.count));
  }
  private close(end: Terminator, statements: readonly Simple[]): void {
    const { handlers, targetLoop } = this;
    this.blocks.push({ statements, end, handlers, targetLoop, loops: undefined });
    this.count = this.targetLoop = -1;
    switch (end.kind) {
      case 'jump':
        this.noteBack(end.to);
        break;
      case 'if':
        this.noteBack(end.yes);
        break;
      case 'table':
        for (const target of new Set(end.targets)) this.noteBack(target);
    }
  }
  private noteBack(target: Target): void {
    if (isBack(target)) target.header.last = this.blocks.length - 1;
  }
  private jump(place: Place): void {
    this.end({ kind: 'jump', to: place });
  }

  private placeOf(label: Label): Place {
    let place = this.places[label.id];
    if (place === undefined) {
      place = nowhere();
      this.places[label.id] = place;
    }
    return place;
  }

  private statement(statement: Statement): void {
    switch (statement.kind) {
      case 'set':
      case 'move':
      case 'drop':
      case 'store':
      case 'vector.store':
      case 'global.set':
      case 'effect':
        this.emit(statement);
        return;
      case 'block':
        this.enter(statement, statement.body, 0);
        return;
      case 'try':
        this.openTry(statement);
        return;
      case 'loop':
        if (statement.label.used) {
          const header = this.placeOf(statement.label);
          this.jump(header);
          this.begin(header);
          this.headers.push(header.block);
          this.targetLoop = statement.label.offset;
        }
        this.enter(statement, statement.body, 0);
        return;
      case 'if':
        this.openIf(statement);
        return;
      case 'br':
        this.branch(statement.branch);
        return;
      case 'br_if':
        this.branchIf(statement.condition, statement.branch);
        return;
      case 'br_table':
        this.table(statement.index, statement.branches);
        return;
      case 'call':
      case 'call_indirect':
      case 'call_ref':
      case 'bulk':
        this.end(statement);
        this.begin();
        return;
      case 'tail':
      case 'tail_indirect':
      case 'tail_ref':
      case 'return':
      case 'throw':
      case 'throw_ref':
      case 'unreachable':
        this.end(statement);
        return;
    }
    statement satisfies never;
  }

  private emit(statement: Simple): void {
    this.work++;
    // A block is assembled in one go, and a chain as long as this one is cut anyway.
    if (this.count === MAX_CHAIN) {
      const place: Place = nowhere();
      this.jump(place);
      this.begin(place);
    }
    this.statements[this.count++] = statement;
  }

  private enter(holder: Statement, statements: readonly Statement[], part: number): void {
    if ('label' in holder) {
      const { id } = holder.label;
      this.inside[id] = this.handlers;
      // Its place may be asked for after those of thousands of labels inside: an array grows in order.
      if (id >= this.places.length) this.places[id] = undefined;
    }
    this.sequences.push({ statements, next: 0, holder, part });
  }

  private openIf(statement: If): void {
    const yes: Place = nowhere();
    // Where the `else` begins; without one, behind the `if`.
    const no: Place = statement.otherwise.length > 0 ? nowhere() : this.placeOf(statement.label);
    this.end({ kind: 'if', condition: statement.condition, yes, no });
    this.begin(yes);
    this.others.push(no);
    this.enter(statement, statement.body, 0);
  }
  /** Where the open `if`s go on when their condition is zero. */
  private readonly others: Place[] = [];

  /** What is behind a block, loop or `if` comes next. */
  private leave(holder: Statement, part: number): void {
    if (holder.kind === 'loop') {
      this.leaveLoop(this.places[holder.label.id]);
      return;
    }
    if (holder.kind === 'try') {
      this.leaveTry(holder, part);
      return;
    }
    if (holder.kind === 'if' && part === 0) {
      const no = this.others.pop()!;
      if (this.isOpen) this.jump(this.placeOf(holder.label));
      this.begin(no);
      if (holder.otherwise.length > 0) this.enter(holder, holder.otherwise, 1);
      return;
    }
    if (holder.kind !== 'if' && holder.kind !== 'block')
      throw new InternalError(`${holder.kind} holds nothing`);
    this.behind(holder.label);
  }

  /** Nothing behind a loop branches back to it. */
  private leaveLoop(header: Place | undefined): void {
    if (header === undefined || header.last < 0) return;
    const last = this.blocks[header.last];
    if (last.loops === undefined) last.loops = [header.block];
    else last.loops.push(header.block);
  }

  private behind(label: Label): void {
    const place = this.places[label.id];
    if (place === undefined) return;
    if (this.isOpen) this.jump(place);
    this.begin(place);
  }

  // Exceptions

  /** What handles the exceptions of the code at hand. */
  private handlers: Handlers | undefined = undefined;
  /** The same inside of each label, in the part of its block that is being passed or has been last. */
  private readonly inside: (Handlers | undefined)[] = [];
  /** Handlers around the open `try`s. */
  private readonly around: (Handlers | undefined)[] = [];
  /** The handlers of the open `try`s that have a body, in the order of their clauses. */
  private readonly bodies: HandlerBody[][] = [];

  private openTry(statement: Try): void {
    const { clauses, delegate } = statement;
    const stubs: { place: Place; branch: Branch }[] = [];
    const bodies: HandlerBody[] = [];
    const made = clauses.map(({ tagidx, slot, ref, to }): HandlerClause => {
      if ('label' in to) return { tagidx, slot, ref, target: this.target(to, stubs) };
      const place: Place = nowhere();
      bodies.push({ place, statements: to });
      return { tagidx, slot, ref, target: place };
    });
    this.around.push(this.handlers);
    this.bodies.push(bodies);
    this.pending.push(stubs);
    if (delegate !== undefined) this.handlers = this.inside[delegate.id];
    else if (clauses.length > 0) this.handlers = { clauses: made, outer: this.handlers };
    this.enter(statement, statement.body, 0);
  }
  /** Clauses of the open `try`s that leave the function. */
  private readonly pending: { place: Place; branch: Branch }[][] = [];

  /** A part of a `try` is over: its next handler, or what is behind it. */
  private leaveTry(holder: Try, part: number): void {
    const bodies = this.bodies[this.bodies.length - 1];
    if (part === 0) this.handlers = this.around[this.around.length - 1];
    const stubs = part === 0 ? this.pending.pop()! : [];
    const isLast = part === bodies.length;
    if (this.isOpen && (!isLast || stubs.length > 0)) this.jump(this.placeOf(holder.label));
    this.writeStubs(stubs);
    if (!isLast) {
      const { place, statements } = bodies[part];
      this.begin(place);
      this.enter(holder, statements, part + 1);
      return;
    }
    this.around.pop();
    this.bodies.pop();
    this.behind(holder.label);
  }

  // Branches

  private branch(branch: Branch): void {
    for (const move of branch.moves) this.emit(move);
    this.end(this.leaving(branch));
  }

  /** What comes behind its moves. */
  private leaving(branch: Branch): Terminator {
    return branch.label.kind === 'func' ? { kind: 'return' } : { kind: 'jump', to: this.direct(branch) };
  }

  private direct(branch: Branch): Target {
    const place = this.placeOf(branch.label);
    return branch.label.kind === 'loop' ? { header: place, branch } : place;
  }

  /** A branch whose moves or return need a block of their own goes to a stub. */
  private target(branch: Branch, stubs: { place: Place; branch: Branch }[]): Target {
    if (isDirect(branch)) return this.direct(branch);
    const place: Place = nowhere();
    stubs.push({ place, branch });
    return place;
  }

  private branchIf(condition: Expr, branch: Branch): void {
    const no: Place = nowhere();
    if (isDirect(branch)) this.end({ kind: 'if', condition, yes: this.direct(branch), no });
    else {
      const yes: Place = nowhere();
      this.end({ kind: 'if', condition, yes, no });
      this.stub(yes, branch);
    }
    this.begin(no);
  }

  private table(index: Expr, branches: readonly Branch[]): void {
    this.work += branches.length;
    const stubs: { place: Place; branch: Branch }[] = [];
    const made = new Map<Branch, Target>();
    const targets = branches.map((branch) => {
      const known = made.get(branch);
      if (known !== undefined) return known;
      const target = this.target(branch, stubs);
      made.set(branch, target);
      return target;
    });
    this.end({ kind: 'table', index, targets });
    this.writeStubs(stubs);
  }

  private writeStubs(stubs: readonly { place: Place; branch: Branch }[]): void {
    for (const { place, branch } of stubs) this.stub(place, branch);
  }

  /** A block of what a branch does. */
  private stub(place: Place, branch: Branch): void {
    this.begin(place);
    const { moves } = branch;
    if (moves.length > MAX_CHAIN) this.branch(branch);
    else {
      this.work += moves.length;
      this.close(this.leaving(branch), moves);
    }
  }
}
