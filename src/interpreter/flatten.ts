/** Statements to basic blocks (blocks.ts): one linear pass over a lowered body, in the order of its code. It can be done in slices. */
import { InternalError } from '../errors';
import type {
  Block,
  Branch,
  Expr,
  ForwardLabel,
  If,
  Loop,
  LoopLabel,
  LoweredBody,
  Statement,
  Try,
} from '../lowering';
import {
  type Back,
  Blocks,
  type Handlers,
  type Header,
  isBack,
  MAX_CHAIN,
  nowhere,
  type Place,
  type Simple,
  type Stub,
  type Target,
  type Terminator,
} from './blocks';
import { Tries } from './tries';

/** Whether a branch is a jump alone. */
function isDirect({ moves, label }: Branch): boolean {
  return moves.length === 0 && label.kind !== 'func';
}

const NOTHING: readonly Simple[] = [];

/** A sequence that is being passed through, and the statement that holds it. */
interface Sequence {
  statements: readonly Statement[];
  next: number;
  holder: Holder | undefined;
  /** Which part of it this is: of an `if` the second is its `else`, of a `try` those are its handlers. */
  part: number;
}
type Holder = Block | If | Loop | Try;

export class Flattening {
  private readonly lists: (readonly Simple[])[] = [];
  private readonly ends: Terminator[] = [];
  private readonly handled: (Handlers | undefined)[] = [];
  private readonly headers: Header[] = [];
  /** Statements of the block that is open, of which there are `count`; -1 when none is open. */
  private readonly statements: Simple[] = [];
  private count = -1;
  private readonly places: (Place | undefined)[] = [];
  /** Those that are open, `depth` of them; behind are others, to be used again. */
  private readonly sequences: Sequence[] = [];
  private depth = 0;
  private readonly tries = new Tries();
  /** Statements passed and written, and labels of tables. */
  private work = 0;

  constructor(body: LoweredBody) {
    this.begin();
    this.open(body.statements, undefined, 0);
  }

  /** Goes on for about so much work. The blocks, when all is in them. */
  run(most: number): Blocks | undefined {
    const { sequences } = this;
    for (const end = this.work + most; this.depth > 0; this.work++) {
      if (this.work >= end) return undefined;
      const sequence = sequences[this.depth - 1];
      if (sequence.next < sequence.statements.length) this.statement(sequence.statements[sequence.next++]);
      else {
        this.depth--;
        if (sequence.holder !== undefined) this.leave(sequence.holder, sequence.part);
      }
    }
    // A list has room to spare, which is most of a short one, and these may be kept with their module.
    return new Blocks(this.lists.slice(), this.ends.slice(), this.handled.slice(), this.headers.slice());
  }

  private open(statements: readonly Statement[], holder: Holder | undefined, part: number): void {
    const sequence = this.sequences[this.depth++];
    if (sequence === undefined) this.sequences.push({ statements, next: 0, holder, part });
    else {
      sequence.statements = statements;
      sequence.next = 0;
      sequence.holder = holder;
      sequence.part = part;
    }
  }

  begin(place?: Place): void {
    if (this.count >= 0) throw new InternalError('a block is open');
    this.count = 0;
    if (place !== undefined) place.block = this.ends.length;
  }
  get isOpen(): boolean {
    return this.count >= 0;
  }
  end(end: Terminator): void {
    if (this.count < 0) throw new InternalError('no block is open');
    // With no room to spare, as a list that grows has it: most blocks hold few statements.
    this.close(end, this.count === 0 ? NOTHING : this.statements.slice(0, this.count));
  }
  private close(end: Terminator, statements: readonly Simple[]): void {
    const { ends, handled } = this;
    const { handlers } = this.tries;
    if (handlers !== undefined) {
      while (handled.length < ends.length) handled.push(undefined);
      handled.push(handlers);
    }
    this.lists.push(statements);
    ends.push(end);
    this.count = -1;
    switch (end.kind) {
      case 'back':
        this.noteBack(end);
        break;
      case 'if':
        this.noteBack(end.yes);
        break;
      case 'table':
        for (const target of end.targets) this.noteBack(target);
    }
  }
  private noteBack(target: Target): void {
    if (isBack(target)) target.header.last = this.ends.length - 1;
  }
  placeOf(label: ForwardLabel): Place {
    this.places[label.id] ??= nowhere();
    return this.places[label.id]!;
  }
  private headerOf({ id, offset }: LoopLabel): Header {
    const known = this.places[id] as Header | undefined;
    if (known !== undefined) return known;
    const header: Header = { kind: 'place', block: -1, targetLoop: offset, last: -1 };
    this.places[id] = header;
    return header;
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
        this.tries.open(this, statement);
        return;
      case 'loop':
        if (statement.label.used) {
          const header = this.headerOf(statement.label);
          this.end(header);
          this.begin(header);
          this.headers.push(header);
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
      this.end(place);
      this.begin(place);
    }
    this.statements[this.count++] = statement;
  }

  enter(holder: Holder, statements: readonly Statement[], part: number): void {
    const { id } = holder.label;
    this.tries.enter(id);
    // Its place may be asked for after those of thousands of labels inside: an array grows in order.
    if (id >= this.places.length) this.places[id] = undefined;
    this.open(statements, holder, part);
  }

  private openIf(statement: If): void {
    // Where the `else` begins; without one, behind the `if`.
    const no: Place = statement.otherwise.length > 0 ? nowhere() : this.placeOf(statement.label);
    this.end({ kind: 'if', condition: statement.condition, yes: this.following, no });
    this.begin();
    this.others.push(no);
    this.enter(statement, statement.body, 0);
  }
  /** Where the open `if`s go on when their condition is zero. */
  private readonly others: Place[] = [];

  /** What is behind a block, loop or `if` comes next. */
  private leave(holder: Holder, part: number): void {
    if (holder.kind === 'loop') return;
    if (holder.kind === 'try') {
      this.tries.leave(this, holder, part);
      return;
    }
    if (holder.kind === 'if' && part === 0) {
      const no = this.others.pop()!;
      if (this.isOpen) this.end(this.placeOf(holder.label));
      this.begin(no);
      if (holder.otherwise.length > 0) this.enter(holder, holder.otherwise, 1);
      return;
    }
    this.behind(holder.label);
  }

  behind(label: ForwardLabel): void {
    const place = this.places[label.id];
    if (place === undefined) return;
    if (this.isOpen) this.end(place);
    this.begin(place);
  }

  // Branches

  private branch(branch: Branch): void {
    for (const move of branch.moves) this.emit(move);
    this.end(this.leaving(branch));
  }

  /** What comes behind its moves. */
  private leaving(branch: Branch): Terminator {
    return branch.label.kind === 'func' ? { kind: 'return' } : this.direct(branch);
  }

  private direct(branch: Branch): Place | Back {
    const { label } = branch;
    if (label.kind !== 'loop') return this.placeOf(label);
    return { kind: 'back', header: this.headerOf(label), branch };
  }

  /** A branch whose moves or return need a block of their own goes to a stub. */
  target(branch: Branch, stubs: Stub[]): Target {
    if (isDirect(branch)) return this.direct(branch);
    const place: Place = nowhere();
    stubs.push({ place, branch });
    return place;
  }

  private branchIf(condition: Expr, branch: Branch): void {
    const { following } = this;
    if (isDirect(branch)) this.end({ kind: 'if', condition, yes: this.direct(branch), no: following });
    else {
      this.end({ kind: 'if', condition, yes: following, no: following + 1 });
      this.stub(branch);
    }
    this.begin();
  }
  /** The number of the block behind the open one. */
  private get following(): number {
    return this.ends.length + 1;
  }

  private table(index: Expr, branches: readonly Branch[]): void {
    this.work += branches.length;
    const stubs: Stub[] = [];
    const targets: Target[] = [];
    // Most go to a label's place. The others are made once for each branch.
    let made: Map<Branch, Target> | undefined;
    for (const branch of branches) {
      let target =
        isDirect(branch) && branch.label.kind === 'block' ? this.placeOf(branch.label) : made?.get(branch);
      if (target === undefined) {
        target = this.target(branch, stubs);
        made ??= new Map();
        made.set(branch, target);
      }
      targets.push(target);
    }
    this.end({ kind: 'table', index, targets });
    this.writeStubs(stubs);
  }

  writeStubs(stubs: readonly Stub[]): void {
    for (const { place, branch } of stubs) this.stub(branch, place);
  }

  /** A block of what a branch does: a few moves, since few operands wait at a time (MAX_WAITING in lowering). */
  private stub(branch: Branch, place?: Place): void {
    const { moves } = branch;
    this.begin(place);
    this.work += moves.length;
    this.close(this.leaving(branch), moves);
  }
}
