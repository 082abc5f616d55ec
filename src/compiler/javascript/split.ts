/**
 * Which statements of a long function become functions of their own, its parts. Engines compile nothing that is very long: V8 leaves what has
 * more than 60 KB of bytecode in its slow code for ever. So does nobody write whole programs, but optimisers put a function with one caller
 * into that, until a program is one function.
 *
 * A part is a run of statements. Statements that are too long are opened: what they hold is cut into runs in turn. What is left is the
 * function, which calls one part after the other.
 */
import { type Block, type Loop, listsIn, type Statement, sizeOf } from '../../lowering';
import { everyStatement } from './walk';

/** How long the texts of statements are. */
export type Lengths = ReadonlyMap<Statement, number>;

/** Characters: of a text that is not split, of a run, and of a run that is worth a call. */
export interface SplitRules {
  readonly whole: number;
  readonly most: number;
  readonly least: number;
}

/** A character of text has become up to 1.4 bytes of bytecode. */
export const SPLIT_RULES: SplitRules = { whole: 42_000, most: 8000, least: 400 };

/** Characters for each statement and expression, as texts have them at the least, and in the middle. */
const LEAST_CHARACTERS = 17;
const CHARACTERS = 24;

/** Whether a body of so many statements and expressions is long: nobody need write it to know. */
export function isSurelyLong(size: number, { whole }: SplitRules): boolean {
  return size * LEAST_CHARACTERS > whole;
}

export function estimatedLengths(list: readonly Statement[]): Lengths {
  const lengths = new Map<Statement, number>();
  const lengthOf = (statement: Statement): number => {
    let length = CHARACTERS * sizeOf(statement);
    for (const inner of listsIn(statement)) for (const each of inner) length += lengthOf(each);
    lengths.set(statement, length);
    return length;
  };
  list.forEach(lengthOf);
  return lengths;
}

export interface Split {
  readonly statements: readonly Statement[];
  /** Blocks in which nobody wants a label: each is a part. */
  readonly parts: ReadonlySet<Statement>;
  /** Loops with parts inside. */
  readonly opened: ReadonlySet<Statement>;
}

export function splitStatements(list: readonly Statement[], lengths: Lengths, rules: SplitRules): Split {
  const splitter = new Splitter(lengths, rules);
  const statements = splitter.list(list);
  return { statements, parts: splitter.parts, opened: splitter.opened };
}

class Splitter {
  readonly parts = new Set<Block>();
  readonly opened = new Set<Loop>();
  private readonly lengths: Lengths;
  private readonly rules: SplitRules;

  constructor(lengths: Lengths, rules: SplitRules) {
    this.lengths = lengths;
    this.rules = rules;
  }

  list(list: readonly Statement[]): readonly Statement[] {
    const { most, least } = this.rules;
    const made: Statement[] = [];
    let run: Statement[] = [];
    let length = 0;
    const end = (): void => {
      if (length < least) made.push(...run);
      else made.push(this.part(run));
      run = [];
      length = 0;
    };
    for (const statement of list) {
      const more = this.lengths.get(statement) ?? 0;
      if (length + more > most) end();
      const opened = more > most || callsAtEnd(statement) ? this.opening(statement) : undefined;
      if (opened !== undefined) {
        end();
        made.push(opened);
        continue;
      }
      run.push(statement);
      length += more;
    }
    end();
    return made;
  }

  private part(body: readonly Statement[]): Block {
    const part: Block = { kind: 'block', label: { kind: 'block', id: 0, used: false }, body };
    this.parts.add(part);
    return part;
  }

  /** The statement with what it holds in parts; undefined of one that is whole. */
  private opening(statement: Statement): Statement | undefined {
    switch (statement.kind) {
      case 'block':
        return { ...statement, body: this.list(statement.body) };
      case 'if': {
        const { body, otherwise } = statement;
        return { ...statement, body: this.list(body), otherwise: this.list(otherwise) };
      }
      case 'loop': {
        const opened: Loop = { ...statement, body: this.list(statement.body) };
        this.opened.add(opened);
        return opened;
      }
      default:
        return isTail(statement) ? statement : undefined;
    }
  }
}

/** Whoever makes a tail call is the function itself. */
function callsAtEnd(statement: Statement): boolean {
  let found = false;
  everyStatement([statement], (inner) => {
    found ||= isTail(inner);
  });
  return found;
}

function isTail({ kind }: Statement): boolean {
  return kind === 'tail' || kind === 'tail_indirect' || kind === 'tail_ref';
}
