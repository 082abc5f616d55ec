/** What handles exceptions, while statements become blocks (flatten.ts): the handlers around each block, and where they go on. */
import type { Branch, ForwardLabel, Statement, Try } from '../lowering';
import {
  type HandlerClause,
  type Handlers,
  nowhere,
  type Place,
  type Stub,
  type Target,
  type Terminator,
} from './blocks';

/** What is needed of who makes the blocks. */
interface Flattening {
  readonly isOpen: boolean;
  begin(place: Place): void;
  end(end: Terminator): void;
  enter(holder: Try, statements: readonly Statement[], part: number): void;
  placeOf(label: ForwardLabel): Place;
  behind(label: ForwardLabel): void;
  target(branch: Branch, stubs: Stub[]): Target;
  writeStubs(stubs: readonly Stub[]): void;
}

/** Where a handler with a body begins. */
interface HandlerBody {
  readonly place: Place;
  readonly statements: readonly Statement[];
}

/** The `try`s of a body. */
export class Tries {
  /** What handles the exceptions of the code at hand. */
  handlers: Handlers | undefined = undefined;
  /** The same inside of each label, in the part of its block that is being passed or has been last. */
  private readonly inside: (Handlers | undefined)[] = [];
  /** Handlers around the open `try`s. */
  private readonly around: (Handlers | undefined)[] = [];
  /** The handlers of the open `try`s that have a body, in the order of their clauses. */
  private readonly bodies: HandlerBody[][] = [];
  /** Clauses of the open `try`s that leave the function. */
  private readonly pending: Stub[][] = [];

  /** The block with this label begins. */
  enter(id: number): void {
    this.inside[id] = this.handlers;
  }

  open(flattening: Flattening, statement: Try): void {
    const { clauses, delegate } = statement;
    const stubs: Stub[] = [];
    const bodies: HandlerBody[] = [];
    const made = clauses.map(({ tagidx, slot, ref, to }): HandlerClause => {
      if ('label' in to) return { tagidx, slot, ref, target: flattening.target(to as Branch, stubs) };
      const place: Place = nowhere();
      bodies.push({ place, statements: to });
      return { tagidx, slot, ref, target: place };
    });
    this.around.push(this.handlers);
    this.bodies.push(bodies);
    this.pending.push(stubs);
    if (delegate !== undefined) this.handlers = this.inside[delegate.id];
    else if (clauses.length > 0) this.handlers = { clauses: made, outer: this.handlers };
    flattening.enter(statement, statement.body, 0);
  }

  /** A part of a `try` is over: its next handler, or what is behind it. */
  leave(flattening: Flattening, holder: Try, part: number): void {
    const bodies = this.bodies[this.bodies.length - 1];
    if (part === 0) this.handlers = this.around[this.around.length - 1];
    const stubs = part === 0 ? this.pending.pop()! : [];
    const isLast = part === bodies.length;
    if (flattening.isOpen && (!isLast || stubs.length > 0)) flattening.end(flattening.placeOf(holder.label));
    flattening.writeStubs(stubs);
    if (!isLast) {
      const { place, statements } = bodies[part];
      flattening.begin(place);
      flattening.enter(holder, statements, part + 1);
      return;
    }
    this.around.pop();
    this.bodies.pop();
    flattening.behind(holder.label);
  }
}
