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
  Effect,
  Expr,
  GlobalSet,
  If,
  Label,
  LoweredBody,
  Move,
  Safepoint,
  Statement,
  Store,
  TailCall,
  TailCallIndirect,
  VectorStore,
} from '../lowering';

/** Statements that one closure does at most before it goes through the trampoline: the host's stack stays shallow. */
export const MAX_CHAIN = 120;

export type Simple = Move | Store | VectorStore | GlobalSet | Effect;

/** A place to branch to: the start of a block. */
export interface Place {
  block: number;
}
/** A branch; one back to a loop passes its safepoint. */
export interface Target {
  readonly place: Place;
  readonly back: Safepoint | undefined;
}

export type Terminator =
  | { readonly kind: 'jump'; readonly to: Target }
  | { readonly kind: 'if'; readonly condition: Expr; readonly yes: Target; readonly no: Target }
  | { readonly kind: 'table'; readonly index: Expr; readonly targets: readonly Target[] }
  | { readonly kind: 'return' }
  | { readonly kind: 'unreachable'; readonly offset: number }
  | Call
  | CallIndirect
  | Bulk
  | TailCall
  | TailCallIndirect;

export interface BasicBlock {
  readonly statements: Simple[];
  end: Terminator | undefined;
}

/** A sequence that is being passed through, and the statement that holds it. */
interface Sequence {
  readonly statements: readonly Statement[];
  next: number;
  readonly holder: Statement | undefined;
  /** Of an `if`: whether this is its `else`. */
  readonly otherwise: boolean;
}

export class Flattening {
  readonly blocks: BasicBlock[] = [];
  /** By the starts of loops: the last block that branches back there. */
  readonly lastBack = new Map<Place, number>();
  private current: BasicBlock | undefined;
  private readonly places: (Place | undefined)[] = [];
  private readonly sequences: Sequence[] = [];

  constructor(body: LoweredBody) {
    this.begin();
    this.sequences.push({ statements: body.statements, next: 0, holder: undefined, otherwise: false });
  }

  /** Goes on for about so many statements. True when all are in blocks. */
  run(most: number): boolean {
    const { sequences } = this;
    for (let left = most; sequences.length > 0; left--) {
      if (left <= 0) return false;
      const sequence = sequences[sequences.length - 1];
      if (sequence.next < sequence.statements.length) this.statement(sequence.statements[sequence.next++]);
      else {
        sequences.pop();
        if (sequence.holder !== undefined) this.leave(sequence.holder, sequence.otherwise);
      }
    }
    return true;
  }

  private begin(...places: Place[]): void {
    this.current = { statements: [], end: undefined };
    for (const place of places) place.block = this.blocks.length;
    this.blocks.push(this.current);
  }
  private end(terminator: Terminator): void {
    if (this.current === undefined) throw new InternalError('a statement that nothing reaches');
    this.current.end = terminator;
    this.current = undefined;
    switch (terminator.kind) {
      case 'jump':
        this.noteBack(terminator.to);
        break;
      case 'if':
        this.noteBack(terminator.yes);
        break;
      case 'table':
        for (const target of new Set(terminator.targets)) this.noteBack(target);
    }
  }
  private noteBack({ place, back }: Target): void {
    if (back !== undefined) this.lastBack.set(place, this.blocks.length - 1);
  }
  private jump(place: Place): void {
    this.end({ kind: 'jump', to: { place, back: undefined } });
  }

  private placeOf(label: Label): Place {
    let place = this.places[label.id];
    if (place === undefined) {
      place = { block: -1 };
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
        this.enter(statement, statement.body, false);
        return;
      case 'loop':
        if (statement.label.used) {
          const header = this.placeOf(statement.label);
          this.jump(header);
          this.begin(header);
        }
        this.enter(statement, statement.body, false);
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
      case 'bulk':
        this.end(statement);
        this.begin();
        return;
      case 'tail':
      case 'tail_indirect':
      case 'return':
      case 'unreachable':
        this.end(statement);
    }
  }

  private emit(statement: Simple): void {
    // A block is assembled in one go, and a chain as long as this one is cut anyway.
    if (this.current!.statements.length === MAX_CHAIN) {
      const place: Place = { block: -1 };
      this.jump(place);
      this.begin(place);
    }
    this.current!.statements.push(statement);
  }

  private enter(holder: Statement, statements: readonly Statement[], otherwise: boolean): void {
    this.sequences.push({ statements, next: 0, holder, otherwise });
  }

  private openIf(statement: If): void {
    const yes: Place = { block: -1 };
    // Where the `else` begins; without one, behind the `if`.
    const no: Place = statement.otherwise.length > 0 ? { block: -1 } : this.placeOf(statement.label);
    this.end({
      kind: 'if',
      condition: statement.condition,
      yes: { place: yes, back: undefined },
      no: { place: no, back: undefined },
    });
    this.begin(yes);
    this.others.push(no);
    this.enter(statement, statement.body, false);
  }
  /** Where the open `if`s go on when their condition is zero. */
  private readonly others: Place[] = [];

  /** What is behind a block, loop or `if` comes next. */
  private leave(holder: Statement, otherwise: boolean): void {
    if (holder.kind === 'loop') return;
    if (holder.kind === 'if' && !otherwise) {
      const no = this.others.pop()!;
      if (this.current !== undefined) this.jump(this.placeOf(holder.label));
      this.begin(no);
      if (holder.otherwise.length > 0) this.enter(holder, holder.otherwise, true);
      return;
    }
    if (holder.kind !== 'if' && holder.kind !== 'block')
      throw new InternalError(`${holder.kind} holds nothing`);
    const place = this.places[holder.label.id];
    if (place === undefined) return;
    if (this.current !== undefined) this.jump(place);
    this.begin(place);
  }

  // Branches

  private branch(branch: Branch): void {
    for (const move of branch.moves) this.emit(move);
    if (branch.label.kind === 'func') this.end({ kind: 'return' });
    else this.end({ kind: 'jump', to: { place: this.placeOf(branch.label), back: branch.safepoint } });
  }

  /** A branch whose moves or return need a block of their own goes to a stub. */
  private target(branch: Branch, stubs: { place: Place; branch: Branch }[]): Target {
    if (branch.moves.length === 0 && branch.label.kind !== 'func') {
      return { place: this.placeOf(branch.label), back: branch.safepoint };
    }
    const place: Place = { block: -1 };
    stubs.push({ place, branch });
    return { place, back: undefined };
  }

  private branchIf(condition: Expr, branch: Branch): void {
    const stubs: { place: Place; branch: Branch }[] = [];
    const next: Place = { block: -1 };
    const yes = this.target(branch, stubs);
    this.end({ kind: 'if', condition, yes, no: { place: next, back: undefined } });
    this.writeStubs(stubs);
    this.begin(next);
  }

  private table(index: Expr, branches: readonly Branch[]): void {
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
    for (const { place, branch } of stubs) {
      this.begin(place);
      this.branch(branch);
    }
  }
}
